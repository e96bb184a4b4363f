/**
 * A tar context of some gigabytes through `imageBuild`, beside curl on the same
 * socket; each build ends with a step that reads a secret, so that the session
 * has to outlive the upload.
 *
 *     deno run -A tests/engines/with_engine.ts --generation 28 -- \
 *       deno run -A tests/bench/upload_bench.ts [GIGABYTES] [RUNS]
 */
import { DockerClient } from "../../mod.ts";
import { tarChunks, tarHeader } from "../support/tar.ts";
import { randomBytes } from "../support/digest.ts";

const PART = 64 * 1024;
const gigabytes = Number(Deno.args[0] ?? 4);
const runs = Number(Deno.args[1] ?? 1);
const size = gigabytes * 1024 ** 3;

/** A Dockerfile and one large file that no step copies; new bytes each time. */
function* context(dockerfile: string): Generator<Uint8Array> {
  const head = [...tarChunks({ Dockerfile: dockerfile })];
  yield* head.slice(0, -1); // without the end of the archive
  yield tarHeader("large", size);
  const part = randomBytes(PART);
  const marker = new DataView(part.buffer);
  for (let at = 0; at < size; at += PART) {
    marker.setFloat64(0, at);
    yield part;
  }
  yield new Uint8Array(1024);
}

function stream(dockerfile: string): ReadableStream<Uint8Array> {
  const chunks = context(dockerfile);
  return new ReadableStream({
    pull(controller) {
      const { done, value } = chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  }, { highWaterMark: 0 });
}

async function davit(docker: DockerClient): Promise<string> {
  let peak = 0;
  let stall = 0;
  let last = performance.now();
  const watch = setInterval(() => {
    const now = performance.now();
    stall = Math.max(stall, now - last - 20);
    last = now;
    peak = Math.max(peak, Deno.memoryUsage().rss);
  }, 20);
  const began = performance.now();
  await docker.imageBuild(
    stream(
      "FROM davit-test/base\nRUN --mount=type=secret,id=t,required=true cat /run/secrets/t\n",
    ),
    {
      networkmode: "none",
      nocache: true,
      strictSecrets: true,
      secrets: { t: "benchmark" },
    },
  ).wait();
  const seconds = (performance.now() - began) / 1000;
  clearInterval(watch);
  return `davit  ${rate(seconds)}  peak RSS ${
    (peak / 1e6).toFixed(0)
  } MB, longest stall of the event loop ${stall.toFixed(0)} ms`;
}

async function curl(socket: string, flags: string[]): Promise<string> {
  const began = performance.now();
  const child = new Deno.Command("curl", {
    args: [
      "-sS",
      "--unix-socket",
      socket,
      "-H",
      "Content-Type: application/x-tar",
      "-H",
      "Expect:",
      ...flags,
      "http://localhost/build?version=2&nocache=1&networkmode=none",
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = new Response(child.stdout).text();
  await stream("FROM davit-test/base\nRUN true\n").pipeTo(child.stdin);
  if (!(await output).includes("moby.image.id")) throw new Error(await output);
  return `curl ${flags.join(" ")}  ${rate((performance.now() - began) / 1000)}`;
}

function rate(seconds: number): string {
  return `${seconds.toFixed(1)} s, ${
    (size / 2 ** 20 / seconds).toFixed(0)
  } MiB/s`;
}

const host = Deno.env.get("DOCKER_HOST")!;
await using docker = await DockerClient.fromDockerHost(host);
const write = (line: string) =>
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));
write(`${gigabytes} GiB, engine ${(await docker.version()).Version}`);
for (let run = 0; run < runs; run++) {
  write(await davit(docker));
  await docker.buildPrune({ all: true });
  write(await curl(host.slice("unix://".length), ["-X", "POST", "-T", "-"]));
  await docker.buildPrune({ all: true });
}

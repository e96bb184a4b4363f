/**
 * A body of one gigabyte by curl, to an engine and through a gateway in front
 * of it, in turns.
 *
 *     deno run -A tests/engines/with_engine.ts --generation 28 -- \
 *       deno run -A tests/bench/gateway_bench.ts [MEGABYTES] [RUNS]
 */
import { tarChunks, tarHeader } from "../support/tar.ts";
import { randomBytes } from "../support/digest.ts";

const megabytes = Number(Deno.args[0] ?? 1024);
const runs = Number(Deno.args[1] ?? 5);
const host = Deno.env.get("DOCKER_HOST")!;
const write = (line: string) =>
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

const folder = await Deno.makeTempDir({ prefix: "davit-bench-" });
const tar = `${folder}/context.tar`;
const socket = `${folder}/gateway.sock`;
{
  using file = await Deno.open(tar, { write: true, create: true });
  const writer = file.writable.getWriter();
  const head = [
    ...tarChunks({ Dockerfile: "FROM scratch\nCOPY Dockerfile /\n" }),
  ];
  for (const chunk of head.slice(0, -1)) await writer.write(chunk);
  await writer.write(tarHeader("large", megabytes * 2 ** 20));
  const part = randomBytes(2 ** 20);
  for (let i = 0; i < megabytes; i++) await writer.write(part);
  await writer.write(new Uint8Array(1024));
  await writer.close();
}
const main = new URL("../../lib/cli/main.ts", import.meta.url).pathname;
const gateway = new Deno.Command(Deno.execPath(), {
  args: [
    "run",
    "-A",
    main,
    "gateway",
    "-H",
    host,
    "--listen",
    `unix://${socket}`,
  ],
  stderr: "piped",
}).spawn();
const words = gateway.stderr.getReader();
await words.read();

async function upload(path: string, header: string): Promise<number> {
  const began = performance.now();
  const { code, stdout } = await new Deno.Command("curl", {
    args: [
      ...["-sS", "--unix-socket", path, "-X", "POST", "-T", tar, "-H", header],
      "http://localhost/build?version=2",
    ],
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (code !== 0 || !text.includes("moby.image.id")) throw new Error(text);
  return (performance.now() - began) / 1000;
}

async function peakMb(): Promise<string> {
  const status = await Deno.readTextFile(`/proc/${gateway.pid}/status`);
  return (Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024).toFixed(0);
}

const engine = host.slice("unix://".length);
const secrets = `X-BuildKit-Secrets: ${btoa('{"t":"a secret of the bench"}')}`;
const ways: Record<string, () => Promise<number>> = {
  "the engine alone": () => upload(engine, "X-None: 1"),
  "through the gateway": () => upload(socket, "X-None: 1"),
  "through the gateway, with a secret": () => upload(socket, secrets),
};
const times: Record<string, number[]> = {};
for (let run = 0; run <= runs; run++) {
  for (const [name, way] of Object.entries(ways)) {
    const seconds = await way();
    if (run > 0) (times[name] ??= []).push(seconds); // the first warms up
  }
}
for (const [name, list] of Object.entries(times)) {
  list.sort((a, b) => a - b);
  const median = list[list.length >> 1]!;
  write(
    `| ${name} | ${median.toFixed(2)} s | ${list[0]!.toFixed(2)}–${
      list.at(-1)!.toFixed(2)
    } | ${(megabytes / median).toFixed(0)} MiB/s |`,
  );
}
write(`peak memory of the gateway: ${await peakMb()} MB`);
gateway.kill("SIGTERM");
await words.cancel();
await gateway.status;
await Deno.remove(folder, { recursive: true });

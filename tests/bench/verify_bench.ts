/**
 * Looks for secrets in an image of one gigabyte, and beside it
 * `docker save | grep -c` for one value, in turns. Whole processes are timed.
 *
 *     deno run -A tests/engines/with_engine.ts --generation 28 -- \
 *       deno run -A tests/bench/verify_bench.ts [MEGABYTES] [RUNS]
 */
import { DockerClient } from "../../mod.ts";
import { randomBytes } from "../support/digest.ts";
import { tarHeader } from "../support/tar.ts";

const megabytes = Number(Deno.args[0] ?? 1024);
const runs = Number(Deno.args[1] ?? 5);
const write = (line: string) =>
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
const MIB = 2 ** 20;
const FILE_BYTES = 50 * 1024;

/** Text as logs and sources have it, another one for each file. */
function textOf(length: number, seed: number): Uint8Array {
  const words =
    "the of install package version module error const return /usr/lib 0x7f cache function export import"
      .split(" ");
  let state = seed + 1;
  let text = "";
  while (text.length < length) {
    state = Math.imul(state ^ state >>> 13, 0x5bd1e995) + 0x9e3779b9 | 0;
    text += words[(state >>> 8) % words.length] +
      (state % 7 === 0 ? "\n" : " ");
  }
  return new TextEncoder().encode(text.slice(0, length));
}

async function* filesOf(kind: string): AsyncGenerator<Uint8Array> {
  const dockerfile = new TextEncoder().encode(
    "FROM scratch\nCOPY data /data\n",
  );
  yield tarHeader("Dockerfile", dockerfile.length);
  yield dockerfile;
  yield new Uint8Array(512 - dockerfile.length % 512);
  if (kind === "one file of noise") {
    yield tarHeader("data/large", megabytes * MIB);
    for (let i = 0; i < megabytes; i++) yield randomBytes(MIB);
  } else {
    const texts = Array.from({ length: 50 }, (_, i) => textOf(FILE_BYTES, i));
    for (let i = 0; i < megabytes * MIB / FILE_BYTES; i++) {
      yield tarHeader(`data/${i % 100}/${i}.log`, FILE_BYTES);
      yield texts[i % texts.length]!;
    }
  }
  yield new Uint8Array(1024);
}

const token = "no-such-token-0123456789abcdef";
const folder = await Deno.makeTempDir({ prefix: "davit-bench-" });
const main = `
import { DockerClient } from "${new URL("../../mod.ts", import.meta.url)}";
const secrets = Object.fromEntries(
  Array.from({ length: Number(Deno.args[1]) }, (_, i) => ["t" + i, "${token}" + (i || "")]),
);
await using docker = await DockerClient.fromDockerConfig();
const { bytes, finds } = await docker.imageVerifySecrets(Deno.args[0], secrets);
const status = Deno.readTextFileSync("/proc/self/status");
console.log(bytes, finds.length, /VmHWM:\\s+(\\d+)/.exec(status)[1] / 1024 | 0);
`;
await Deno.writeTextFile(`${folder}/verify.ts`, main);

async function run(command: string, code = 0): Promise<[number, string]> {
  const began = performance.now();
  const output = await new Deno.Command("sh", { args: ["-c", command] })
    .output();
  const text = new TextDecoder().decode(output.stdout).trim();
  if (output.code !== code) {
    throw new Error(text + new TextDecoder().decode(output.stderr));
  }
  return [(performance.now() - began) / 1000, text];
}

const deno = `${Deno.execPath()} run -A --no-check --config ${
  new URL("../../deno.json", import.meta.url).pathname
} ${folder}/verify.ts`;
await using docker = await DockerClient.fromDockerConfig();
for (const kind of ["files of text", "one file of noise"]) {
  const image = await docker.imageBuild(ReadableStream.from(filesOf(kind)))
    .wait();
  const ways: Record<string, () => Promise<[number, string]>> = {
    "docker save | grep -c": () =>
      run(`docker save ${image} | grep -c -F ${token}`, 1),
    "docker save > /dev/null": () => run(`docker save ${image} > /dev/null`),
    "davit, 1 secret": () => run(`${deno} ${image} 1`),
    "davit, 10 secrets": () => run(`${deno} ${image} 10`),
  };
  const times: Record<string, number[]> = {};
  const said: Record<string, string> = {};
  for (let i = 0; i <= runs; i++) {
    for (const [name, way] of Object.entries(ways)) {
      const [seconds, text] = await way();
      said[name] = text;
      if (i > 0) (times[name] ??= []).push(seconds); // the first warms up
    }
  }
  write(`${kind}, ${megabytes} MiB`);
  for (const [name, list] of Object.entries(times)) {
    list.sort((a, b) => a - b);
    const median = list[list.length >> 1]!;
    write(
      `| ${name} | ${median.toFixed(2)} s | ${list[0]!.toFixed(2)}–${
        list.at(-1)!.toFixed(2)
      } | ${
        name.startsWith("davit") ? `${said[name]!.split(" ")[2]} MB` : ""
      } |`,
    );
  }
  await docker.imageRemove(image, { force: true });
}
await Deno.remove(folder, { recursive: true });

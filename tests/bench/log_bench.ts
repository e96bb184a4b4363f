/**
 * A build of 200 steps that print a million lines, shown as plain text by davit
 * and by docker's CLI, and read by @docker/node-sdk: the client's processor
 * seconds and peak memory, from the kernel's account of the ended process.
 *
 *     deno run -A tests/engines/with_engine.ts --generation 28 -- \
 *       deno run -A tests/bench/log_bench.ts [RUNS]
 */
import { tarBytes } from "../support/tar.ts";

const STEPS = 200;
const LINES = 5000;
const runs = Number(Deno.args[0] ?? 3);
const folder = await Deno.makeTempDir();
const dockerfile = [
  "FROM davit-test/base",
  ...Array.from({ length: STEPS }, (_, i) => `RUN seq 1 ${LINES} # ${i}`),
].join("\n");
await Deno.writeTextFile(`${folder}/Dockerfile`, dockerfile);
await Deno.writeFile(
  `${folder}/context.tar`,
  await tarBytes({ Dockerfile: dockerfile }),
);

const SDK = `
  const { DockerClient } = await import("@docker/node-sdk");
  const { createReadStream } = await import("node:fs");
  const { Readable } = await import("node:stream");
  const docker = await DockerClient.fromDockerHost(process.env.DOCKER_HOST);
  const tar = Readable.toWeb(createReadStream("context.tar"));
  const build = docker.imageBuild(tar, { networkmode: "none", nocache: true });
  let text = 0;
  for await (const message of build.messages()) text += JSON.stringify(message).length;
  console.log(text);
  await docker.close();
`;
await Deno.writeTextFile(`${folder}/sdk.mjs`, SDK);
await new Deno.Command("npm", {
  args: ["install", "--silent", "--no-audit", "@docker/node-sdk@0.0.17"],
  cwd: folder,
}).output();

const client = new URL("./log_client.ts", import.meta.url).pathname;
const config = new URL("../../deno.json", import.meta.url).pathname;
const deno =
  `${Deno.execPath()} run -A --no-check --config=${config} ${client}`;
const commands: [name: string, command: string][] = [
  ["davit, plain display", `${deno} < context.tar`],
  ["davit, with a secret to mask", `${deno} secret < context.tar`],
  [
    "docker build --progress=plain",
    "docker build --no-cache --network none --progress=plain . 2>&1",
  ],
  ["@docker/node-sdk messages()", "node sdk.mjs"],
];

/** Runs a command and measures its process and all that it waited for. */
async function measure(
  command: string,
): Promise<{ cpu: number; wall: number; rss: number; bytes: number }> {
  const child = new Deno.Command("bash", {
    args: ["-c", `TIMEFORMAT='%U %S %R'; time (${command} | wc -c)`],
    cwd: folder,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let rss = 0;
  const watch = setInterval(
    () => rss = Math.max(rss, peakBelow(child.pid)),
    50,
  );
  const { stdout, stderr } = await child.output();
  clearInterval(watch);
  const [user = NaN, system = NaN, wall = NaN] = new TextDecoder().decode(
    stderr,
  )
    .trim().split("\n").at(-1)!.split(" ").map(Number);
  const bytes = Number(new TextDecoder().decode(stdout));
  return { cpu: user + system, wall, rss, bytes };
}

/** The largest peak of a process below `pid`, in bytes. */
function peakBelow(pid: number): number {
  let peak = 0;
  try {
    const peakLine = /VmHWM:\s+(\d+)/.exec(
      Deno.readTextFileSync(`/proc/${pid}/status`),
    );
    peak = Number(peakLine?.[1] ?? 0) * 1024;
    const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
    for (const child of children.trim().split(" ").filter(Boolean)) {
      peak = Math.max(peak, peakBelow(Number(child)));
    }
  } catch {
    // It ended while we looked.
  }
  return peak;
}

const write = (line: string) =>
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));
write(`| client | CPU s | wall s | peak MB | output MB |`);
write(`| --- | --- | --- | --- | --- |`);
const all = new Map<string, Awaited<ReturnType<typeof measure>>[]>();
for (let run = 0; run <= runs; run++) {
  for (const [name, command] of commands) {
    const result = await measure(command);
    if (run > 0) all.set(name, [...all.get(name) ?? [], result]); // the first warms up
  }
}
const median = (values: number[]) =>
  values.sort((a, b) => a - b)[values.length >> 1]!;
for (const [name, results] of all) {
  const of = (key: "cpu" | "wall" | "rss" | "bytes") =>
    median(results.map((result) => result[key]));
  write(
    `| ${name} | ${of("cpu").toFixed(2)} | ${of("wall").toFixed(1)} | ${
      (of("rss") / 1e6).toFixed(0)
    } | ${(of("bytes") / 1e6).toFixed(1)} |`,
  );
}
await Deno.remove(folder, { recursive: true });

/**
 * A large context to a BuildKit daemon by mTLS: the command `davit build` beside
 * `docker buildx build` with the same builder of buildx's driver `remote`, the
 * whole process each, in turns, each build with an empty cache:
 *
 *     deno run -A tests/engines/with_engine.ts --generation 28 -- \
 *       deno run -A tests/bench/builder_bench.ts [MEGABYTES] [RUNS]
 *
 * The daemon keeps all that it stores in memory. The engine builds nothing; it
 * is there for docker's client.
 */
import { Builder } from "../../mod.ts";
import { startBuildkitd } from "../buildkitd/daemon.ts";
import { DAVIT, runProgram } from "../cli/command.ts";
import { randomBytes } from "../support/digest.ts";
import { withTempFolder } from "../support/folder.ts";

const FILES = 16;
const megabytes = Number(Deno.args[0] ?? 1024);
const runs = Number(Deno.args[1] ?? 9);
/** The name of the builder in buildx's files. */
const NAME = "bench";
const FLAGS = [
  "build",
  `--builder=${NAME}`,
  "--progress=plain",
  "--provenance=false",
  "--output=type=cacheonly",
  ".",
];

/** What a client took for its builds. */
interface Client {
  readonly words: readonly string[];
  readonly seconds: number[];
  /** Seconds of the step that transfers the context. */
  readonly transfer: number[];
}

const clients: Record<string, Client> = {
  "davit build": { words: [...DAVIT, ...FLAGS], seconds: [], transfer: [] },
  "docker buildx build": {
    words: ["docker", "buildx", ...FLAGS],
    seconds: [],
    transfer: [],
  },
};

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** Runs a client to its end; gives what it printed. */
async function run(
  words: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<string> {
  const { code, stdout, stderr } = await runProgram(words, { cwd, env });
  if (code !== 0) throw new Error(`${words.join(" ")}: ${stderr}`);
  return new TextDecoder().decode(stdout) + stderr;
}

/** When the context had arrived, in seconds. */
function transferSeconds(log: string): number {
  const vertex = /^(#\d+) \[internal\] load build context$/m.exec(log)?.[1];
  const done = new RegExp(`^${vertex} DONE ([\\d.]+)s$`, "m").exec(log)?.[1];
  if (done === undefined) throw new Error(`No context was sent:\n${log}`);
  return Number(done);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

function spread(values: readonly number[]): string {
  return `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)}–${
    Math.max(...values).toFixed(2)
  })`;
}

/** Lets the clients take turns; each round begins with another one. */
async function playRounds(builder: Builder, folder: string): Promise<void> {
  const list = Object.values(clients);
  for (let round = -1; round < runs; round++) {
    for (let turn = 0; turn < list.length; turn++) {
      const client = list[(round + 1 + turn) % list.length]!;
      for await (const _ of builder.buildPruneRecords({ all: true }));
      const began = performance.now();
      const log = await run(client.words, folder);
      const seconds = (performance.now() - began) / 1000;
      if (round < 0) continue; // the first one of each warms up
      client.seconds.push(seconds);
      client.transfer.push(transferSeconds(log));
    }
  }
}

await withTempFolder(async (folder) => {
  const size = megabytes * 2 ** 20;
  await using daemon = await startBuildkitd({
    tcp: true,
    memoryBytes: 3 * size + 2 ** 28,
  });
  const context = `${folder}/context`;
  await Deno.mkdir(context);
  await Deno.writeTextFile(
    `${context}/Dockerfile`,
    "FROM scratch\nCOPY . /\n",
  );
  for (let file = 0; file < FILES; file++) {
    await Deno.writeFile(`${context}/${file}`, randomBytes(size / FILES));
  }
  const options = [];
  for (const key of ["ca", "cert", "key"] as const) {
    const path = `${folder}/${key}.pem`;
    await Deno.writeTextFile(path, daemon.tls[key]);
    options.push(`${key === "ca" ? "cacert" : key}=${path}`);
  }
  // The builder's files are of this run alone.
  Deno.env.set("BUILDX_CONFIG", `${folder}/buildx`);
  await run([
    ...["docker", "buildx", "create", `--name=${NAME}`, "--driver=remote"],
    ...[`--driver-opt=${options.join(",")}`, daemon.tcpAddress],
  ], folder);
  const { tls } = daemon;
  await using builder = await Builder.fromAddress(daemon.tcpAddress, { tls });
  const versions = await run(["docker", "buildx", "version"], folder);
  say(
    `${megabytes} MB in ${FILES} files, ${runs} runs; Deno ${Deno.version.deno}, ${await builder
      .version()} of BuildKit, ${versions.trim()}`,
  );
  await playRounds(builder, context);
  const theirs = median(clients["docker buildx build"]!.seconds);
  say("| command | whole process s | ÷ buildx | load build context s |");
  say("| --- | --- | --- | --- |");
  for (const [name, { seconds, transfer }] of Object.entries(clients)) {
    const ratio = (median(seconds) / theirs).toFixed(2);
    say(
      `| \`${name}\` | ${spread(seconds)} | ${ratio} | ${spread(transfer)} |`,
    );
  }
});

/**
 * A warm build of five files by the commands, as they are installed, the whole
 * process each, in turns, and what davit's time is made of:
 *
 *     deno run -A tests/engines/with_engine.ts --generation 28 -- \
 *       deno run -A tests/bench/cli_bench.ts [RUNS]
 */
import { DockerClient } from "../../mod.ts";
import { INSTALLED } from "../cli/command.ts";
import { writeTree } from "../support/folder.ts";

const runs = Number(Deno.args[0] ?? 21);
const folder = await Deno.makeTempDir({ prefix: "davit-bench-" });
const EMPTY = "empty program";
const MODULES = "modules of a build";
const QUIET = "davit build -q";
/** Deno with davit's own flags, and a program of its own. */
const program = (
  name: string,
) => [...INSTALLED.slice(0, -1), `${folder}/${name}`];
const commands: Record<string, readonly string[]> = {
  [EMPTY]: program("empty.ts"),
  [MODULES]: program("modules.ts"),
  "davit build": [
    ...INSTALLED,
    "build",
    "--progress=plain",
    "-t",
    "bench",
    ".",
  ],
  [QUIET]: [...INSTALLED, "build", "-q", "-t", "bench", "."],
  "docker build": ["docker", "build", "--progress=plain", "-t", "bench", "."],
  "docker build -q": ["docker", "build", "-q", "-t", "bench", "."],
  "davit --version": [...INSTALLED, "--version"],
  "docker --version": ["docker", "--version"],
};
const times = new Map<string, number[]>();
const lib = new URL("../../lib/", import.meta.url).href;
const LOADS = ["cli/main.ts", "cli/build_command.ts", "imagebuild/run.ts"]
  .map((path) => `await import("${lib}${path}");\n`).join("");
/** The milliseconds of builds by one process that has built before. */
const inside: number[] = [];
await using docker = await DockerClient.fromDockerConfig();
try {
  await writeTree(folder, {
    Dockerfile: "FROM scratch\nCOPY . /\n",
    a: "a",
    b: "b",
    "d/c": "c",
    "d/d": "d",
    "empty.ts": "",
    "modules.ts": LOADS,
    ".dockerignore": "*.ts\n.dockerignore\n",
  });
  for (let run = -1; run < runs; run++) {
    for (const [name, [program, ...args]] of Object.entries(commands)) {
      const began = performance.now();
      const { success, stderr } = await new Deno.Command(program!, {
        args,
        cwd: folder,
        env: { DOCKER_BUILDKIT: "1" },
      }).output();
      const took = performance.now() - began;
      if (!success) throw new Error(new TextDecoder().decode(stderr));
      // The first one of each warms up.
      if (run >= 0) times.set(name, [...times.get(name) ?? [], took]);
    }
    const began = performance.now();
    await docker.imageBuild(folder, { tag: "bench" }).wait();
    inside.push(performance.now() - began);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

const { Version } = await docker.version();
const { stdout } = await new Deno.Command("docker", { args: ["--version"] })
  .output();
say(
  `Deno ${Deno.version.deno}, engine ${Version}, ${
    new TextDecoder().decode(stdout).trim()
  }, ${runs} runs`,
);
const medians = new Map<string, number>();
for (const [name, list] of times) {
  list.sort((a, b) => a - b);
  const [first, middle, last] = [0, list.length >> 1, list.length - 1].map(
    (at) => `${list[at]!.toFixed(0)}`,
  );
  medians.set(name, list[list.length >> 1]!);
  say(`| ${name} | ${middle} ms | ${first}–${last} ms |`);
}
const [empty, modules, whole] = [EMPTY, MODULES, "davit build"]
  .map((name) => medians.get(name)!) as [number, number, number];
const built = inside.sort((a, b) => a - b)[inside.length >> 1]!;
const parts: Record<string, number> = {
  "Deno's start": empty,
  "finding and loading the modules": modules - empty,
  "a build by a process that has built before": built,
};
const known = Object.values(parts).reduce((sum, ms) => sum + ms);
parts["the rest: code that runs for the first time"] = whole - known;
say("\n| part of davit build | ms |\n| --- | --- |");
for (const [part, ms] of Object.entries(parts)) {
  say(`| ${part} | ${ms.toFixed(0)} |`);
}

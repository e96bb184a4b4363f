/**
 * The first second of the command, beside docker's: the version, the help, and
 * builds of directories, all as whole processes. The contexts are in memory, and
 * so are the engines' data but for large files. About eleven minutes for five runs:
 *
 *     deno run -A tests/bench/first_second_bench.ts [RUNS]
 */
import { runCommand } from "../engines/command.ts";
import {
  type EngineDescription,
  startTestEngines,
} from "../engines/environment.ts";
import type { Generation } from "../engines/packages.ts";
import { say, supervise } from "../engines/supervise.ts";
import { INSTALL_FLAGS } from "../cli/command.ts";
import { INSTALLED_DENO_DIR } from "./context/clients.ts";
import type { ContextName } from "./context/contexts.ts";
import { runBench } from "./context_bench.ts";

/** A folder that is always in memory. */
const MEMORY = "/dev/shm";
/** How often a version or a help is printed: that takes milliseconds. */
const STARTS = 41;
/**
 * The contexts, and whether the engine keeps its data in memory; it would not
 * have enough for the large files.
 */
const CONTEXTS: readonly [readonly ContextName[], tmpfs: boolean][] = [
  [["tiny", "sources", "ignored", "many"], true],
  [["large"], false],
];
const GENERATIONS: readonly Generation[] = ["28", "20"];

/**
 * Installs the checkout's command as users install it.
 *
 * @returns The script that `deno install` wrote.
 */
async function install(root: string): Promise<string> {
  const file = (path: string) =>
    new URL(`../../${path}`, import.meta.url).pathname;
  await runCommand(Deno.execPath(), [
    ...["install", "--quiet", "--global", "-A", "--root", root, "-n", "davit"],
    ...INSTALL_FLAGS,
    ...["--config", file("deno.json"), file("lib/cli/main.ts")],
  ]);
  return `${root}/bin/davit`;
}

/** Prints how long both commands take for what needs no engine, in turns. */
async function benchStarts(
  davit: string,
  { name, cli = "docker" }: EngineDescription,
): Promise<void> {
  const rows = [davit, cli].flatMap((program) =>
    ["--version", "--help"].map((flag) => ({
      program,
      flag,
      ms: [] as number[],
    }))
  );
  // The script of `deno install` starts the deno that it finds.
  const deno = Deno.execPath().replace(/\/[^/]*$/, "");
  const env = {
    PATH: `${deno}:${Deno.env.get("PATH")}`,
    DENO_DIR: INSTALLED_DENO_DIR,
  };
  for (let run = -1; run < STARTS; run++) {
    for (const { program, flag, ms } of rows) {
      const command = new Deno.Command(program, { args: [flag], env });
      const began = performance.now();
      const { success } = await command.output();
      const took = performance.now() - began;
      if (!success) throw new Error(`${program} ${flag} failed`);
      if (run >= 0) ms.push(took); // the first one of each warms up
    }
  }
  say(`\n## What needs no engine, docker's client of ${name}\n`);
  say("| command | ms | ÷ docker |\n| --- | --- | --- |");
  const median = (ms: number[]) => ms.sort((a, b) => a - b)[ms.length >> 1]!;
  for (const { program, flag, ms } of rows) {
    const docker = rows.find((row) =>
      row.program === cli && row.flag === flag
    )!;
    const [middle, ratio] = [median(ms), median(ms) / median(docker.ms)];
    say(
      `| \`${program === davit ? "davit" : "docker"} ${flag}\` | ${
        middle.toFixed(0)
      } (${ms[0]!.toFixed(0)}–${ms.at(-1)!.toFixed(0)}) | ${
        ratio.toFixed(2)
      } |`,
    );
  }
}

if (import.meta.main) {
  const runs = Number(Deno.args[0] ?? 5);
  const code = await supervise(async (supervisor) => {
    const { signal } = supervisor;
    const folder = await Deno.makeTempDir({ dir: MEMORY, prefix: "davit-" });
    try {
      const davit = await install(folder);
      for (const generation of GENERATIONS) {
        {
          await using started = await startTestEngines([{
            generation,
            signal,
          }]);
          await benchStarts(davit, started.engines[0]!);
        }
        for (const [contexts, tmpfs] of CONTEXTS) {
          await runBench({
            contexts,
            clients: ["davit-command", "davit-plain", "docker"],
            generations: [generation],
            runs,
            folder: `${folder}/contexts`,
            keep: false,
            tmpfs,
            phases: tmpfs,
          }, supervisor);
        }
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
    return 0;
  });
  Deno.exit(code);
}

/**
 * Runs a command with a fresh private engine, and stops the engine after it:
 *
 *     deno run -A tests/engines/with_engine.ts [--generation 28] [--containerd-store] -- COMMAND …
 *
 * The command finds the engine in DOCKER_HOST, its client first on the PATH,
 * and the image `davit-test/base` on it.
 */
import { importBaseImage } from "./base_image.ts";
import { startEngine } from "./engine.ts";
import { describeEngine, enginesEnvironment } from "./environment.ts";
import { type Generation, GENERATIONS } from "./packages.ts";
import { supervise } from "./supervise.ts";

const USAGE =
  "Usage: with_engine.ts [--generation 20|26|28] [--containerd-store] -- COMMAND [ARGUMENTS]";

interface Arguments {
  readonly generation: Generation;
  readonly containerdStore: boolean;
  readonly program: string;
  readonly args: readonly string[];
}

function parseArguments(words: readonly string[]): Arguments {
  const split = words.indexOf("--");
  const [program, ...args] = words.slice(split + 1);
  if (split < 0 || program === undefined) throw new SyntaxError(USAGE);
  let generation: Generation = "28";
  let containerdStore = false;
  const flags = words.slice(0, split).flatMap((word) => word.split("="));
  while (flags.length > 0) {
    const flag = flags.shift();
    if (flag === "--containerd-store") {
      containerdStore = true;
      continue;
    }
    const value = GENERATIONS.find((known) => known === flags[0]);
    if (flag !== "--generation" || value === undefined) {
      throw new SyntaxError(USAGE);
    }
    generation = value;
    flags.shift();
  }
  return { generation, containerdStore, program, args };
}

if (import.meta.main) {
  const code = await supervise(async ({ signal, run }) => {
    const { generation, containerdStore, program, args } = parseArguments(
      Deno.args,
    );
    await using engine = await startEngine({
      generation,
      containerdStore,
      signal,
    });
    await importBaseImage(engine.host);
    const clientFolder = engine.cli.replace(/\/[^/]*$/, "");
    return await run(program, args, {
      ...engine.cliEnv,
      ...enginesEnvironment([describeEngine(engine)]),
      PATH: `${clientFolder}:${Deno.env.get("PATH") ?? "/usr/bin:/bin"}`,
    });
  });
  Deno.exit(code);
}

/**
 * Runs a command with a fresh private engine, and stops the engine after it:
 *
 *     deno run -A tests/engines/with_engine.ts [--generation 28] [--containerd-store] -- COMMAND …
 *
 * The command finds the engine in DOCKER_HOST and DAVIT_ENGINES, the engine's
 * client first on the PATH, and the image `davit-test/base` on the engine.
 * Where DAVIT_TEST_HOST names an engine and no flag asks for another, the
 * command gets that one.
 */
import {
  enginesEnvironment,
  startTestEngines,
  useTestEngine,
} from "./environment.ts";
import { serveEngines } from "./on_demand.ts";
import { type Generation, GENERATIONS } from "./packages.ts";
import { say, supervise } from "./supervise.ts";

const USAGE =
  "Usage: with_engine.ts [--generation 20|26|28] [--containerd-store] -- COMMAND [ARGUMENTS]";

interface Arguments {
  /** Absent if no flag asks for an engine of a kind. */
  readonly engine?: {
    readonly generation: Generation;
    readonly containerdStore: boolean;
  };
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
    const value = flags.shift();
    const known = GENERATIONS.find((name) => name === value);
    if (flag !== "--generation" || known === undefined) {
      throw new SyntaxError(USAGE);
    }
    generation = known;
  }
  return split > 0
    ? { engine: { generation, containerdStore }, program, args }
    : { program, args };
}

if (import.meta.main) {
  const code = await supervise(async ({ signal, run }) => {
    const { engine, program, args } = parseArguments(Deno.args);
    const host = engine === undefined
      ? Deno.env.get("DAVIT_TEST_HOST")
      : undefined;
    await using prepared = host
      ? await useTestEngine(host)
      : await startTestEngines([{ generation: "28", ...engine, signal }]);
    await using onDemand = host
      ? undefined
      : await serveEngines(signal, (line) => say(line, Deno.stderr));
    const [{ cli, cliEnv } = { cli: undefined, cliEnv: {} }] = prepared.engines;
    const path = Deno.env.get("PATH") ?? "/usr/bin:/bin";
    return await run(program, args, {
      ...cliEnv,
      ...enginesEnvironment(prepared.engines),
      ...onDemand?.env,
      PATH: cli === undefined ? path : `${cli.replace(/\/[^/]*$/, "")}:${path}`,
    });
  });
  Deno.exit(code);
}

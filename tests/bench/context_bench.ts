/**
 * Builds of directories by davit, by docker's own client and by the other
 * libraries for JavaScript, side by side on the same private engines:
 *
 *     deno task bench [--help] [OPTIONS]
 *
 * Tables go to stdout, progress to stderr.
 */
import { startTestEngines } from "../engines/environment.ts";
import type { Generation } from "../engines/packages.ts";
import { say, supervise, type Supervisor } from "../engines/supervise.ts";
import { describeVersions, prepareClients } from "./context/clients.ts";
import {
  checkRoom,
  type Context,
  engineBytes,
  prepareContext,
} from "./context/contexts.ts";
import { connectEngineState } from "./context/engine_state.ts";
import { createMeter } from "./context/measure.ts";
import {
  type BenchOptions,
  estimateMinutes,
  parseOptions,
  USAGE,
} from "./context/options.ts";
import {
  type ContextResult,
  type EngineResult,
  renderContext,
  renderGoals,
  renderOwnShare,
} from "./context/report.ts";
import { renderPhases } from "./context/phases_report.ts";
import { playPhases, playRounds } from "./context/rounds.ts";

/** Above this load, others use the machine and the figures are noise. */
const QUIET_LOAD = 0.5;

/** What an engine stores besides what it builds, at most. */
const BASE_BYTES = 256 * 1024 * 1024;

/** Runs the benchmark, and prints its tables engine by engine. */
export async function runBench(
  options: BenchOptions,
  supervisor: Supervisor,
): Promise<number> {
  const { signal } = supervisor;
  const scratch = await Deno.makeTempDir({ prefix: "context-bench-" });
  const folder = options.folder ?? scratch;
  try {
    await Deno.mkdir(folder, { recursive: true });
    await checkRoom(folder, options.contexts, options.tmpfs);
    tell(
      `${options.runs} rounds with ${options.clients.join(", ")} on engines ${
        options.generations.join(", ")
      }: about ${estimateMinutes(options)} minutes`,
    );
    const [load = 0] = Deno.loadavg();
    if (load > QUIET_LOAD) {
      tell(`others use this machine (load ${load.toFixed(1)}): expect noise`);
    }
    const contexts: Context[] = [];
    for (const name of options.contexts) {
      tell(`making or finding ${name} in ${folder}`);
      contexts.push(await prepareContext(folder, name, signal));
    }
    const warmUp = await prepareContext(folder, "tiny", signal);
    const engines: EngineResult[] = [];
    for (const generation of options.generations) {
      const field = { generation, options, contexts, warmUp, scratch };
      engines.push(await benchEngine(field, supervisor));
      // After each engine: what was measured is not lost with a later one.
      if (options.json !== undefined) {
        const text = JSON.stringify({ machine: describeMachine(), engines });
        await Deno.writeTextFile(options.json, `${text}\n`);
      }
    }
    return 0;
  } finally {
    if (options.keep) tell(`kept ${scratch}`);
    else await Deno.remove(scratch, { recursive: true });
  }
}

interface Field {
  readonly generation: Generation;
  readonly options: BenchOptions;
  readonly contexts: readonly Context[];
  /** Built once by each client, uncounted. */
  readonly warmUp: Context;
  /** Folder for what the clients print. */
  readonly scratch: string;
}

async function benchEngine(
  { generation, options, contexts, warmUp, scratch }: Field,
  supervisor: Supervisor,
): Promise<EngineResult> {
  const { signal } = supervisor;
  // What is removed is not freed there between the rounds.
  const memoryBytes = options.tmpfs
    ? BASE_BYTES + engineBytes(options.contexts) * options.runs
    : undefined;
  await using prepared = await startTestEngines([{
    generation,
    memoryBytes,
    signal,
  }]);
  const description = prepared.engines[0]!;
  using engine = connectEngineState(description.host);
  const clients = await prepareClients(options.clients, description);
  const versions = await describeVersions(description);
  const where = options.tmpfs ? ", its data in memory" : "";
  say(`\n## Engine ${description.name}${where}\n`);
  for (const line of versions) say(`- ${line}`);
  const game = {
    clients,
    env: description.cliEnv,
    engine,
    meter: await createMeter(scratch, supervisor),
    signal,
    say: tell,
  };
  tell("warming up, uncounted");
  await playRounds(game, warmUp, 1);
  const results: ContextResult[] = [];
  for (const context of contexts) {
    const began = performance.now();
    const result = {
      context,
      clients: await playRounds(game, context, options.runs),
    };
    results.push(result);
    const seconds = (performance.now() - began) / 1000;
    tell(`${context.name} took ${seconds.toFixed(0)} s`);
    say(`\n${renderContext(result, clients)}`);
  }
  if (options.phases && generation !== "20") {
    const place = { host: description.host, folder: scratch };
    for (const context of contexts) {
      const parts = await playPhases(game, place, context, options.runs);
      const cores = navigator.hardwareConcurrency;
      say(`\n${renderPhases(context, parts, cores)}`);
    }
  }
  const result = { generation, versions, contexts: results };
  const goals = renderGoals(result);
  if (goals !== "") say(`\n### Goals\n\n${goals}`);
  const share = renderOwnShare(result);
  if (share !== "") say(`\n### davit's own share\n\n${share}`);
  return result;
}

function describeMachine(): Record<string, unknown> {
  return {
    cores: navigator.hardwareConcurrency,
    memoryBytes: Deno.systemMemoryInfo().total,
    kernel: Deno.osRelease(),
    load: Deno.loadavg(),
    date: new Date().toISOString(),
  };
}

function tell(line: string): void {
  say(line, Deno.stderr);
}

if (import.meta.main) {
  if (Deno.args.includes("--help")) {
    say(USAGE);
    Deno.exit(0);
  }
  Deno.exit(
    await supervise((supervisor) =>
      runBench(parseOptions(Deno.args), supervisor)
    ),
  );
}

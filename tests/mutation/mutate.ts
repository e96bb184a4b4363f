/**
 * Makes single changes to `lib/` and tells which of them no test notices:
 *
 *     deno task mutate [--seed 1] [--count 300] [--workers 2] [--quick] [ROOM | FILE …]
 *
 * Tests that need an engine run on the engines of DAVIT_ENGINES, if there are
 * any (`tests/engines/with_engine.ts -- deno task mutate …`). The exit code is
 * 1 where less than 95 % were noticed.
 */
import { parseArgs } from "node:util";
import { say } from "../engines/supervise.ts";
import { Coverage } from "./covering.ts";
import { EQUIVALENTS, reasonFor } from "./equivalents.ts";
import { KINDS } from "./kinds.ts";
import { allMutants, type Mutant, sample } from "./mutants.ts";
import { type Baseline, type Verdict, Worker } from "./worker.ts";

/** The share that has to be noticed. */
const WANTED = 0.95;

/** How many tests are taken for a room that has none of its own. */
const MOST_NEAR = 10;

/** A mutant with what became of it. */
interface Trial {
  readonly mutant: Mutant;
  readonly verdict: Verdict;
}

async function tryAll(
  mutants: readonly Mutant[],
  workers: number,
  isQuick: boolean,
  signal: AbortSignal,
): Promise<Trial[]> {
  const root = await Deno.realPath(`${import.meta.dirname}/../..`);
  const coverage = await Coverage.read(root);
  const engines = Deno.env.get("DAVIT_ENGINES");
  const env: Record<string, string> = engines === undefined
    ? {}
    : { DAVIT_ENGINES: engines };
  const baselines = new Map<string, Promise<Baseline>>();
  const trials: Trial[] = [];
  const tell = (mutant: Mutant, verdict: Verdict) => {
    trials.push({ mutant, verdict });
    say(`${trials.length}/${mutants.length} ${verdict} ${describe(mutant)}`);
  };
  const rooms = [...Map.groupBy(mutants, ({ file }) => file.split("/")[1]!)];
  const waiting: Mutant[] = [];
  const work = async () => {
    await using worker = await Worker.make(root, env, baselines);
    for (let next = rooms.shift(); next !== undefined; next = rooms.shift()) {
      const [room, own] = next;
      const tests = roomTests(coverage, room, own);
      const noticed = await worker.trySwitched(own, tests, signal);
      signal.throwIfAborted();
      for (const [mutant, verdict] of noticed) tell(mutant, verdict);
      const others = own.filter((mutant) => !noticed.has(mutant));
      if (!isQuick) waiting.push(...others);
      else for (const mutant of others) tell(mutant, "survived");
    }
    for (
      let mutant = waiting.shift();
      mutant !== undefined;
      mutant = waiting.shift()
    ) {
      const tests = coverage.testsOf(mutant.file);
      tell(mutant, await worker.try(mutant, tests, signal));
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  const failing = new Set<string>();
  for (const baseline of baselines.values()) {
    for (const test of (await baseline).failing) failing.add(test);
  }
  for (const test of failing) say(`left out, it fails as it is: ${test}`);
  return trials;
}

/** The room's own tests without an engine; the nearest, where it has none. */
function roomTests(
  coverage: Coverage,
  room: string,
  mutants: readonly Mutant[],
): string[] {
  const files = new Set(mutants.map(({ file }) => file));
  const near = new Set(
    [...files].flatMap((file) => coverage.testsOf(file).unit),
  );
  const own = [...near].filter((test) => test.startsWith(`tests/${room}/`));
  return own.length > 0 ? own : [...near].slice(0, MOST_NEAR);
}

function describe({ file, line, kind, change }: Mutant): string {
  return `${file}:${line} ${kind}: ${change}`;
}

function isNoticed({ verdict }: Trial): boolean {
  return verdict === "killed" || verdict === "timeout";
}

/** The table, by room. */
function table(trials: readonly Trial[]): string[] {
  const rooms = Map.groupBy(trials, ({ mutant }) => mutant.file.split("/")[1]!);
  const rows = [...rooms].sort(([a], [b]) => a < b ? -1 : 1);
  const row = (name: string, all: readonly Trial[]) => {
    const noticed = all.filter(isNoticed).length;
    const share = (100 * noticed / all.length).toFixed(0);
    return `| ${name} | ${all.length} | ${noticed} | ${share} % |`;
  };
  return [
    "| room | mutants | noticed | share |",
    "| --- | --- | --- | --- |",
    ...rows.map(([name, all]) => row(name, all)),
    row("all", trials),
  ];
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: "string", default: "1" },
      count: { type: "string", default: "300" },
      workers: { type: "string", default: "2" },
      quick: { type: "boolean", default: false },
    },
  });
  const root = await Deno.realPath(`${import.meta.dirname}/../..`);
  const all = await allMutants(root, positionals);
  const chosen = sample(all, Number(values.count), Number(values.seed));
  const counted = chosen.filter((mutant) => reasonFor(mutant) === undefined);
  say(
    `${counted.length} of ${all.length} mutants, seed ${values.seed}; ${
      Object.keys(KINDS).length
    } kinds`,
  );
  const stop = new AbortController();
  Deno.addSignalListener("SIGINT", () => stop.abort());
  const trials = await tryAll(
    counted,
    Number(values.workers),
    values.quick,
    stop.signal,
  );
  for (const line of table(trials)) say(line);
  for (const trial of trials) {
    if (!isNoticed(trial)) {
      say(`${trial.verdict}: ${describe(trial.mutant)}`);
    }
  }
  const left = chosen.length - counted.length;
  if (left > 0) {
    say(`${left} of ${EQUIVALENTS.length} equivalents left out`);
  }
  return trials.filter(isNoticed).length < WANTED * trials.length ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main());

import type { Generation } from "../../engines/packages.ts";
import type { Client, ClientName } from "./clients.ts";
import type { Context, ContextName } from "./contexts.ts";
import type { Cost } from "./measure.ts";
import { type ClientResult, type State, STATES } from "./rounds.ts";

/** All that was measured with one context on one engine. */
export interface ContextResult {
  readonly context: Context;
  readonly clients: readonly ClientResult[];
}

/** All that was measured on one engine. */
export interface EngineResult {
  readonly generation: Generation;
  /** Programs that took part, with their versions. */
  readonly versions: readonly string[];
  readonly contexts: readonly ContextResult[];
}

/** Median, smallest and largest of some values. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The spread of one figure over a client's rounds; `undefined` if there is no such figure. */
export function spreadOf(
  result: ClientResult | undefined,
  state: State,
  figure: keyof Cost,
): Spread | undefined {
  const values = (result?.rounds ?? []).flatMap((round) =>
    round[state][figure] ?? []
  ).sort((a, b) => a - b);
  const middle = values.length >> 1;
  const [upper, min, max] = [values[middle], values[0], values.at(-1)];
  if (upper === undefined || min === undefined || max === undefined) {
    return undefined;
  }
  const lower = values.length % 2 === 0 ? values[middle - 1]! : upper;
  return { median: (lower + upper) / 2, min, max };
}

/** A Markdown table of a context: a row for each client. */
export function renderContext(
  { context, clients }: ContextResult,
  known: readonly Client[],
): string {
  const docker = clients.find(({ client }) => client === "docker");
  const head = [
    "client",
    ...STATES.flatMap((state) => [`${state} s`, "÷ docker"]),
    "inside s",
    "CPU s",
    "peak MB",
  ];
  const rows = clients.map((result) => [
    known.find(({ name }) => name === result.client)?.title ?? result.client,
    ...STATES.flatMap((state) => timeCells(result, docker, state)),
    threeCells(result, "inside", seconds),
    threeCells(result, "cpuSeconds", (value) => value.toFixed(2)),
    threeCells(result, "peakBytes", (value) => (value / 1e6).toFixed(0)),
  ]);
  const failures = clients.flatMap(({ client, rounds, failure }) =>
    failure === undefined
      ? []
      : [`${client} failed after ${rounds.length} rounds: ${failure}`]
  );
  return [
    `### ${context.name}: ${context.title}`,
    "",
    ...renderTable(head, rows),
    ...failures.flatMap((line) => ["", line]),
  ].join("\n");
}

function timeCells(
  result: ClientResult,
  docker: ClientResult | undefined,
  state: State,
): [time: string, ratio: string] {
  const time = spreadOf(result, state, "milliseconds");
  if (time === undefined) return ["–", "–"];
  const ratio = ratioOf(result, docker, state);
  return [
    `${seconds(time.median)} (${seconds(time.min)}–${seconds(time.max)})`,
    ratio === undefined ? "–" : ratio.toFixed(2),
  ];
}

/** One figure in the three states. */
function threeCells(
  result: ClientResult,
  figure: keyof Cost,
  format: (value: number) => string,
): string {
  const medians = STATES.map((state) => spreadOf(result, state, figure));
  if (medians.includes(undefined)) return "–";
  return medians.map((spread) => format(spread!.median)).join(" / ");
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 1);
}

function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

function ratioOf(
  result: ClientResult | undefined,
  other: ClientResult | undefined,
  state: State,
): number | undefined {
  const time = spreadOf(result, state, "milliseconds");
  const others = spreadOf(other, state, "milliseconds");
  return time && others && time.median / others.median;
}

/** What davit wants to reach with a directory, one line each, and what it did. */
export function renderGoals({ contexts, generation }: EngineResult): string {
  const lines: string[] = [];
  const goal = (
    name: string,
    found: number | undefined,
    wanted: number,
    unit = "",
  ) => {
    if (found === undefined) return;
    const verdict = found <= wanted ? "met" : "missed";
    const digits = wanted < 10 ? 2 : 0;
    lines.push(
      `- ${verdict}: ${name} ${
        found.toFixed(digits)
      }${unit}, at most ${wanted}${unit}`,
    );
  };
  for (const { context, clients } of contexts) {
    const of = (name: ClientName) =>
      clients.find(({ client }) => client === name);
    const [davit, docker, dockerode] = [
      of("davit-dir"),
      of("docker"),
      of("dockerode"),
    ];
    const { name } = context;
    goal(`${name} cold ÷ docker`, ratioOf(davit, docker, "cold"), 0.9);
    goal(`${name} warm ÷ docker`, ratioOf(davit, docker, "warm"), 0.5);
    goal(`${name} cold ÷ dockerode`, ratioOf(davit, dockerode, "cold"), 0.5);
    const command = of("davit-command");
    const warm = ratioOf(command, docker, "warm");
    goal(`${name} warm, davit build ÷ docker`, warm, 0.5);
    const cold = ratioOf(command, docker, "cold");
    goal(`${name} cold, davit build ÷ docker`, cold, 0.8);
    if (generation === "28") {
      const solve = of("davit-buildkit");
      for (const state of STATES) {
        goal(
          `${name} ${state}, BuildKit's API ÷ POST /build`,
          ratioOf(solve, davit, state),
          1.05,
        );
      }
      goal(
        `${name} cold, BuildKit's API ÷ docker`,
        ratioOf(solve, docker, "cold"),
        0.9,
      );
      goal(
        `${name} warm, BuildKit's API ÷ docker`,
        ratioOf(solve, docker, "warm"),
        0.5,
      );
    }
    const peak = Math.max(
      ...STATES.flatMap((state) =>
        spreadOf(davit, state, "peakBytes")?.max ?? []
      ),
    );
    if (peak > 0) goal(`${name} peak memory`, peak / 1e6, 150, " MB");
  }
  goal("a file that has not changed", warmPerFile(contexts), 20, " µs");
  goal("ignored ÷ sources, warm", ignoredRatio(contexts), 1.1);
  return lines.join("\n");
}

/**
 * How long the process of `davit build` itself is busy in a cold build, for each
 * context a line: the rest of the time it waits for the engine.
 */
export function renderOwnShare({ contexts }: EngineResult): string {
  return contexts.flatMap(({ context, clients }) => {
    const command = clients.find(({ client }) => client === "davit-command");
    const busy = spreadOf(command, "cold", "cpuSeconds");
    const whole = spreadOf(command, "cold", "milliseconds");
    if (busy === undefined || whole === undefined) return [];
    const share = busy.median * 1e5 / whole.median;
    return `- ${context.name}, cold: davit is busy for ${
      busy.median.toFixed(2)
    } s of ${seconds(whole.median)} s (${share.toFixed(0)} %)`;
  }).join("\n");
}

/** Microseconds that a warm build of "many" takes inside, for each file more than "tiny" has. */
function warmPerFile(contexts: readonly ContextResult[]): number | undefined {
  const [many, tiny] = [find(contexts, "many"), find(contexts, "tiny")];
  const long = insideWarm(many);
  const short = insideWarm(tiny);
  if (many === undefined || tiny === undefined) return undefined;
  if (long === undefined || short === undefined) return undefined;
  return (long - short) * 1000 / (many.context.files - tiny.context.files);
}

/** What an ignored folder adds to a warm build, seen from inside the client. */
function ignoredRatio(contexts: readonly ContextResult[]): number | undefined {
  const withFolder = insideWarm(find(contexts, "ignored"));
  const without = insideWarm(find(contexts, "sources"));
  return withFolder && without && withFolder / without;
}

function find(
  contexts: readonly ContextResult[],
  name: ContextName,
): ContextResult | undefined {
  return contexts.find(({ context }) => context.name === name);
}

function insideWarm(result: ContextResult | undefined): number | undefined {
  const davit = result?.clients.find(({ client }) => client === "davit-dir");
  return spreadOf(davit, "warm", "inside")?.median;
}

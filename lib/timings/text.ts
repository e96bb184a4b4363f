import { formatBytes } from "../display/units.ts";
import { textWidth } from "../display/text_width.ts";
import { linesOf } from "../progress/dockerfile.ts";
import { checkCount } from "./check_count.ts";
import type { TimingsComparison } from "./compare.ts";
import { kindOf } from "./kinds.ts";
import { lanesOf } from "./lanes.ts";
import { briefWords } from "./step_name.ts";
import { percentOf, secondsOf, timeOf } from "./summary.ts";
import type { BuildTimings, TimedStep } from "./timings.ts";
import { fitted, shortened, wrapped } from "./visible.ts";
import { withoutLine } from "./warning_text.ts";

/** Options of {@linkcode timingsText}. */
export interface TimingsTextOptions {
  /** How many columns a line may have; fewer than 40 count as 40. @default {100} */
  readonly columns?: number | undefined;
  /** Whether bars have the colours of a terminal. @default {false} */
  readonly color?: boolean | undefined;
  /** How the build differs from an earlier one. */
  readonly comparison?: TimingsComparison | undefined;
}

const MIN_COLUMNS = 40;
/** The least columns of a step's time. */
const MIN_TIME = 8;
/** How many characters of an error, and of a warning, are told. */
const MAX_WORDS = 2000;

/**
 * Where the time of a build went, as plain text: the summary, the steps with a
 * bar for each, and the instructions by their time. It has no control
 * characters but line ends, and those of colours if they are asked for.
 *
 * @throws {TypeError} If `columns` is no whole number from 0 to 100 000.
 * @example
 * ```ts
 * import { DockerClient } from "@davit/build";
 * import { buildTimings, timingsText } from "@davit/build/timings";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const result = await docker.imageBuild("./app").result();
 * const timings = await buildTimings(result);
 * console.log(timingsText(timings, { columns: 80 }));
 * ```
 */
export function timingsText(
  timings: BuildTimings,
  { columns = 100, color = false, comparison }: TimingsTextOptions = {},
): string {
  const wide = Math.max(MIN_COLUMNS, checkCount("columns", columns));
  const bar = Math.floor(wide / 3);
  const time = Math.max(MIN_TIME, ...timings.steps.map(timeOf).map(textWidth));
  // A mark, the number, the time, and blanks between them.
  const indent = 7 + time;
  const name = wide - indent - bar - 2;
  const below = (text: string, end = "") =>
    `${" ".repeat(indent)}${
      fitted(text, wide - indent - textWidth(end))
    }${end}`;
  const lines = [
    ...[...timings.summary, ...comparison?.summary ?? []].flatMap((sentence) =>
      wrapped(sentence, wide, Infinity)
    ),
    ...legend(timings, wide),
  ];
  for (const lane of lanesOf(timings)) {
    lines.push("", fitted(lane.name, wide));
    for (const at of lane.steps) {
      const step = timings.steps[at]!;
      lines.push(
        `${step.critical ? CRITICAL : " "}${String(at + 1).padStart(4)} ${
          timeOf(step).padStart(time)
        } ${padded(briefWords(step.words), name)} ${
          colored(
            barOf(step, timings.durationMs, bar).trimEnd(),
            color ? COLORS[kindOf(step)] : undefined,
          )
        }`.trimEnd(),
      );
      for (const { id, bytes } of step.transfers) {
        lines.push(below(id, ` ${formatBytes(bytes)}`));
      }
      if (step.secrets.length > 0) {
        lines.push(below(`secrets: ${step.secrets.join(", ")}`));
      }
      if (step.error !== undefined && !step.canceled) {
        lines.push(below(`ERROR: ${step.error}`));
      }
    }
  }
  lines.push(...byTime(timings, wide), ...rest(timings, wide));
  return `${lines.join("\n")}\n`;
}

const CRITICAL = "*";
const RAN = "█";
const CACHED = "·";

/** The marks that are used, with their meaning. */
function legend({ steps }: BuildTimings, wide: number): string[] {
  const marks = [
    ...steps.some(({ critical }) => critical)
      ? [`${CRITICAL} on the critical path`]
      : [],
    ...steps.some(({ cached }) => !cached) ? [`${RAN} ran`] : [],
    ...steps.some(({ cached }) => cached) ? [`${CACHED} from the cache`] : [],
  ];
  return marks.length === 0
    ? []
    : ["", ...wrapped(marks.join(", "), wide, Infinity)];
}

/** Codes of a terminal's colours by the kinds of bars. */
const COLORS = { k: 33, b: 34, c: 2, e: 31 } as const;

function colored(text: string, code: number | undefined): string {
  return code === undefined ? text : `\x1b[${code}m${text}\x1b[0m`;
}

/** The instructions that took time, the longest first. */
function byTime(timings: BuildTimings, wide: number): string[] {
  const slow = timings.lines.filter(({ cached }) => !cached)
    .sort((a, b) => b.durationMs - a.durationMs).slice(0, 10);
  if (slow.length === 0) return [];
  // The lines are known from it.
  const { name, text } = timings.dockerfile!;
  const lines = linesOf(text);
  const times = slow.map(({ durationMs }) => secondsOf(durationMs));
  const time = Math.max(MIN_TIME, ...times.map(textWidth));
  return [
    "",
    fitted(name, wide),
    ...slow.map(({ start, steps }, at) =>
      fitted(
        `${String(start).padStart(5)} ${times[at]!.padStart(time)} ${
          percentOf(passedMs(timings, steps), timings.durationMs).padStart(5)
        } ${lines[start - 1]!}`,
        wide,
      )
    ),
  ];
}

/** How much of the build's time passed while one of these steps ran, or several. */
function passedMs({ steps }: BuildTimings, places: readonly number[]): number {
  const periods = places.flatMap((place) => steps[place]!.periods)
    .sort((a, b) => a.startMs - b.startMs);
  let passed = 0;
  let until = 0;
  for (const { startMs, endMs } of periods) {
    passed += Math.max(0, endMs - Math.max(until, startMs));
    until = Math.max(until, endMs);
  }
  return passed;
}

function rest({ warnings, failure }: BuildTimings, wide: number): string[] {
  const told = (text: string) =>
    wrapped(shortened(text.trim(), MAX_WORDS), wide, Infinity);
  const lines = warnings.flatMap(({ text, line }) =>
    told(
      line === undefined
        ? `warning: ${text}`
        : `warning at line ${line}: ${withoutLine(text, line)}`,
    )
  );
  if (failure !== undefined) {
    lines.push(...told(`error: ${failure.message}`));
    if (failure.excerpt !== undefined) {
      lines.push(
        ...failure.excerpt.split("\n").map((line) => fitted(line, wide)),
      );
    }
  }
  return lines.length === 0 ? [] : ["", ...lines];
}

function padded(words: string, columns: number): string {
  const text = fitted(words, columns);
  return text + " ".repeat(Math.max(0, columns - textWidth(text)));
}

/** A step's periods, as blocks; what is shorter than one is one. */
function barOf(
  { periods, cached }: Pick<TimedStep, "periods" | "cached">,
  whole: number,
  columns: number,
): string {
  const cells = new Array<string>(columns).fill(" ");
  const cell = (ms: number) =>
    Math.min(columns - 1, Math.floor(whole === 0 ? 0 : ms / whole * columns));
  for (const { startMs, endMs } of periods) {
    const first = cell(startMs);
    const last = Math.max(first, cell(endMs - 1e-9));
    cells.fill(cached ? CACHED : RAN, first, last + 1);
  }
  return cells.join("");
}

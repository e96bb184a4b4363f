import { textWidth } from "../display/text_width.ts";
import { formatBytes } from "../display/units.ts";
import { checkCount } from "./check_count.ts";
import type { TimingsComparison } from "./compare.ts";
import { kindOf, legendOf } from "./kinds.ts";
import { lanesOf } from "./lanes.ts";
import { briefWords } from "./step_name.ts";
import { segmentsOf } from "./strip.ts";
import { bytesOf, percentOf, secondsOf, WORTH_BYTES } from "./summary.ts";
import { failed } from "./svg_failure.ts";
import {
  EDGE,
  HEAD,
  LEFT,
  MONO,
  RIGHT,
  ROW,
  SANS,
  WIDTH,
} from "./svg_measures.ts";
import { SVG_STYLE } from "./svg_style.ts";
import { tickOf, ticksOf } from "./ticks.ts";
import type { BuildTimings, TimedStep } from "./timings.ts";
import { escaped, fitted, visible, wrapped } from "./visible.ts";

/** Options of {@linkcode timingsSvg}. */
export interface TimingsSvgOptions {
  /** What was built, such as the image's name. @default {"build"} */
  readonly title?: string | undefined;
  /**
   * How many steps are drawn: those that took longest, in their order.
   * @default {40}
   */
  readonly maxSteps?: number | undefined;
  /** How the build differs from an earlier one. */
  readonly comparison?: TimingsComparison | undefined;
}

const NAME_COLUMNS = Math.floor((LEFT - 66 - EDGE - 8) / MONO);
const SENTENCE_COLUMNS = Math.floor((RIGHT - EDGE) / SANS);
const MAX_SENTENCE_LINES = 2;
const MAX_TICKS = 6;
/** The periods of a step that are drawn; the rest is one bar. */
const MAX_PERIODS = 20;
/** The fewest columns of what stands beside a bar. */
const MIN_NOTE = 6;

/** A key, beside the ids of secrets. */
const KEY =
  "M3 0a3 3 0 1 0 2.8 4H7.5v2h1.5V4h1V2H5.8A3 3 0 0 0 3 0zm0 2a1 1 0 1 1 0 2 1 1 0 0 1 0-2z";

/**
 * Where the time of a build went, as a picture: an SVG without scripts and
 * without addresses, 900 pixels wide, for a comment or a page. It follows the
 * reader's light or dark colours.
 *
 * @throws {TypeError} If `maxSteps` is no whole number from 0 to 100 000.
 * @example
 * ```ts
 * import { DockerClient } from "@davit/build";
 * import { buildTimings, timingsSvg } from "@davit/build/timings";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const result = await docker.imageBuild("./app", { tag: "app" }).result();
 * const picture = timingsSvg(await buildTimings(result), { title: "app" });
 * await Deno.writeTextFile("timings.svg", picture);
 * ```
 */
export function timingsSvg(
  timings: BuildTimings,
  { title = "build", maxSteps = 40, comparison }: TimingsSvgOptions = {},
): string {
  const { steps } = timings;
  const drawn = new Set(
    [...steps.keys()].sort((a, b) =>
      steps[b]!.durationMs - steps[a]!.durationMs
    ).slice(0, checkCount("maxSteps", maxSteps)),
  );
  const parts: string[] = [];
  let y = 34;
  const { parts: colours, left } = legend(timings, y, drawn);
  const time = ` · ${secondsOf(timings.durationMs)}`;
  const columns = Math.floor((left - EDGE) / HEAD) - textWidth(time);
  parts.push(
    `<text class="h" x="${EDGE}" y="${y}">${
      escaped(fitted(title, columns) + time)
    }</text>`,
    colours,
  );
  y += 14;
  parts.push(strip(timings, y));
  y += 28;
  for (const sentence of [...timings.summary, ...comparison?.summary ?? []]) {
    for (
      const line of wrapped(sentence, SENTENCE_COLUMNS, MAX_SENTENCE_LINES)
    ) {
      y += ROW;
      parts.push(
        `<text class="s" x="${EDGE}" y="${y}">${escaped(line)}</text>`,
      );
    }
  }
  y += 30;
  const top = y;
  const { rows, bottom } = waterfall(timings, top, drawn);
  y = bottom;
  const below = failed(timings, y);
  const height = below.bottom + 18;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img"><title>${
    escaped([title, ...timings.summary].join(" · "))
  }</title><style>${SVG_STYLE}</style><rect class="p" x=".5" y=".5" width="${
    WIDTH - 1
  }" height="${height - 1}" rx="8"/>${axis(timings, top, y)}${parts.join("")}${
    rows.join("")
  }${below.parts.join("")}</svg>\n`;
}

/** The colours that are used, with their meaning, to the right; and where they begin. */
function legend(
  timings: BuildTimings,
  y: number,
  drawn: ReadonlySet<number>,
): { readonly parts: string; readonly left: number } {
  const steps = timings.steps.filter((_, at) => drawn.has(at));
  let x = RIGHT;
  const parts = legendOf(timings, steps).toReversed().map(([kind, words]) => {
    x -= Math.ceil(words.length * SANS);
    const text = `<text class="t s" x="${x}" y="${y}">${words}</text>`;
    x -= 16;
    const box = `<rect class="${kind}" x="${x}" y="${
      y - 10
    }" width="11" height="11" rx="2"/>`;
    x -= 16;
    return box + text;
  });
  return { parts: parts.join(""), left: x };
}

/** The critical path in one bar: where the time went. */
function strip(timings: BuildTimings, y: number): string {
  const { steps, durationMs } = timings;
  let from = EDGE;
  return segmentsOf(timings).map(({ step, isWait, ms }) => {
    const width = round(ms / durationMs * (RIGHT - EDGE));
    const x = from;
    from = round(from + width);
    const kind = step === undefined ? "o" : kindOf(steps[step]!);
    const box = `<rect class="${kind}" x="${x}" y="${y}" width="${
      Math.max(1, round(width - 1.5))
    }" height="26" rx="3"/>`;
    const columns = Math.floor((width - 14) / MONO);
    if (columns < 4) return box;
    const words = isWait || step === undefined
      ? ""
      : briefWords(steps[step]!.words);
    return `${box}<text class="i" x="${round(x + 7)}" y="${y + 17}">${
      escaped(fitted(`${percentOf(ms, durationMs)} ${words}`.trim(), columns))
    }</text>`;
  }).join("");
}

/** The rows of the steps, below a line for each lane. */
function waterfall(
  timings: BuildTimings,
  top: number,
  drawn: ReadonlySet<number>,
): { readonly rows: string[]; readonly bottom: number } {
  const { steps, durationMs } = timings;
  const rows: string[] = [];
  const places = new Map<number, number>();
  let y = top;
  for (const lane of lanesOf(timings)) {
    const shown = lane.steps.filter((at) => drawn.has(at));
    if (shown.length === 0) continue;
    y += ROW + 4;
    rows.push(
      `<text class="l" x="${EDGE}" y="${y}">${
        escaped(fitted(lane.name, NAME_COLUMNS))
      }</text>`,
    );
    for (const at of shown) {
      y += ROW;
      places.set(at, y);
      rows.push(row(steps[at]!, y, durationMs));
    }
  }
  const left = steps.length - drawn.size;
  if (left > 0) {
    y += ROW + 4;
    rows.push(
      `<text class="t" x="${EDGE}" y="${y}">and ${left} shorter ${
        left === 1 ? "step" : "steps"
      }</text>`,
    );
  }
  return { rows: [links(timings, places), ...rows], bottom: y + 8 };
}

/** From each step of the critical path to the next: what waited for what. */
function links(
  { criticalPath, steps, durationMs }: BuildTimings,
  places: ReadonlyMap<number, number>,
): string {
  const path = criticalPath.filter(({ step }) => places.has(step));
  const lines = path.slice(1).map(({ step }, index) => {
    const before = path[index]!.step;
    const to = at(steps[step]!.startMs, durationMs);
    const from = Math.min(to, at(steps[before]!.endMs, durationMs));
    return `M${from} ${places.get(before)! - 4}H${to}V${places.get(step)! - 4}`;
  });
  return lines.length === 0 ? "" : `<path class="j" d="${lines.join("")}"/>`;
}

function row(step: TimedStep, y: number, whole: number): string {
  const kind = kindOf(step);
  const time = step.cached ? "cached" : secondsOf(step.durationMs);
  const shown = step.periods.slice(0, MAX_PERIODS);
  if (step.periods.length > MAX_PERIODS) {
    const { startMs } = step.periods[MAX_PERIODS]!;
    shown.push({ startMs, endMs: step.endMs });
  }
  const bars = shown.map(({ startMs, endMs }) => {
    const width = Math.max(3, round(at(endMs, whole) - at(startMs, whole)));
    // Also the shortest one at the end stays in the picture.
    const x = Math.min(at(startMs, whole), RIGHT - width);
    return `<rect class="${kind}" x="${round(x)}" y="${
      y - 11
    }" width="${width}" height="14" rx="2"/>`;
  });
  return `<text${step.cached ? ' class="t"' : ""} x="${EDGE + 8}" y="${y}">${
    escaped(fitted(briefWords(step.words), NAME_COLUMNS))
  }</text><text class="t" x="${
    LEFT - 10
  }" y="${y}" text-anchor="end">${time}</text>${bars.join("")}${
    note(step, y, whole)
  }`;
}

/** What a step has moved, and which secrets it used, beside its bar. */
function note(step: TimedStep, y: number, whole: number): string {
  const bytes = bytesOf(step);
  const words = [
    ...bytes >= WORTH_BYTES ? [formatBytes(bytes)] : [],
    ...step.secrets.map(visible),
  ].join(", ");
  if (words === "") return "";
  const isSecret = step.secrets.length > 0;
  const icon = isSecret ? 14 : 0;
  const behind = at(step.endMs, whole) + 8;
  // Where little room is left behind the bar, there is more before it.
  const isBehind = RIGHT - behind >= (RIGHT - LEFT) / 3;
  const x = isBehind ? behind : at(step.startMs, whole) - 8;
  const room = isBehind ? RIGHT - behind : x - LEFT;
  const columns = Math.floor((room - icon) / MONO);
  if (columns < MIN_NOTE) return "";
  const text = fitted(words, columns);
  const start = isBehind ? x : round(x - icon - textWidth(text) * MONO);
  return `${
    isSecret
      ? `<path class="y" transform="translate(${start} ${y - 7})" d="${KEY}"/>`
      : ""
  }<text class="t" x="${round(start + icon)}" y="${y}">${escaped(text)}</text>`;
}

/** Lines at round times. */
function axis(
  { durationMs }: BuildTimings,
  top: number,
  bottom: number,
): string {
  const ticks = ticksOf(durationMs, MAX_TICKS).map((ms) => {
    const x = at(ms, durationMs);
    const end = x > RIGHT - 40 ? ' text-anchor="end"' : "";
    return `<path class="g" d="M${x} ${
      top + 6
    }V${bottom}"/><text class="t" x="${x}" y="${top}"${end}>${
      tickOf(ms)
    }</text>`;
  });
  return ticks.join("");
}

function at(ms: number, whole: number): number {
  const share = whole === 0 ? 0 : Math.min(1, ms / whole);
  return round(LEFT + share * (RIGHT - LEFT));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

import { textWidth } from "../display/text_width.ts";
import { checkCount } from "./check_count.ts";
import type { TimingsComparison } from "./compare.ts";
import { kindOf, legendOf } from "./kinds.ts";
import { lanesOf } from "./lanes.ts";
import { briefWords } from "./step_name.ts";
import { segmentsOf } from "./strip.ts";
import { counted, percentOf, secondsOf, timeOf } from "./summary.ts";
import { failed } from "./svg_failure.ts";
import {
  EDGE,
  HEAD,
  LEFT,
  MONO,
  RIGHT,
  ROW,
  SENTENCE,
  WIDTH,
} from "./svg_measures.ts";
import { at, round, row } from "./svg_rows.ts";
import { SVG_STYLE } from "./svg_style.ts";
import { tickOf, ticksOf } from "./ticks.ts";
import type { BuildTimings, TimedStep } from "./timings.ts";
import { escaped, fitted, shortened, wrapped } from "./visible.ts";

/** Options of {@linkcode timingsSvg}. */
export interface TimingsSvgOptions {
  /** What was built, such as the image's name. @default {"build"} */
  readonly title?: string | undefined;
  /**
   * How many steps are drawn: those that took longest, in their order; one that
   * failed before others, and those from the cache last.
   * @default {40}
   */
  readonly maxSteps?: number | undefined;
  /** How the build differs from an earlier one. */
  readonly comparison?: TimingsComparison | undefined;
}

/** The least columns between a name and the bars: a time, and what is free beside it. */
const MIN_TIME = 9;
/** How many characters of a sentence are told to who hears the picture. */
const MAX_HEARD = 400;
const MAX_SENTENCE_LINES = 2;
const MAX_TICKS = 6;

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
  const drawn = drawnOf(steps, checkCount("maxSteps", maxSteps));
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
      const line of wrapped(
        sentence,
        RIGHT - EDGE,
        MAX_SENTENCE_LINES,
        SENTENCE,
      )
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
    escaped(
      [title, ...timings.summary].map((text) => shortened(text, MAX_HEARD))
        .join(" · "),
    )
  }</title><style>${SVG_STYLE}</style><rect class="p" x=".5" y=".5" width="${
    WIDTH - 1
  }" height="${height - 1}" rx="8"/>${axis(timings, top, y)}${parts.join("")}${
    rows.join("")
  }${below.parts.join("")}</svg>\n`;
}

/** The places of the steps that are drawn. */
function drawnOf(steps: readonly TimedStep[], most: number): Set<number> {
  const rank = ({ error, cached }: TimedStep) =>
    error !== undefined ? 0 : cached ? 2 : 1;
  const places = [...steps.keys()].sort((a, b) => {
    const [one, other] = [steps[a]!, steps[b]!];
    return rank(one) - rank(other) || other.durationMs - one.durationMs ||
      Number(other.critical) - Number(one.critical);
  });
  return new Set(places.slice(0, most));
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
    x -= Math.ceil(SENTENCE.width(words));
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
  const times = [...drawn].map((at) => textWidth(timeOf(steps[at]!)) + 1);
  const left = Math.max(MIN_TIME, ...times) * MONO;
  const columns = Math.floor((LEFT - EDGE - 8 - left) / MONO);
  const places = new Map<number, number>();
  let y = top;
  for (const lane of lanesOf(timings)) {
    const shown = lane.steps.filter((at) => drawn.has(at));
    if (shown.length === 0) continue;
    y += ROW + 4;
    rows.push(
      `<text class="l" x="${EDGE}" y="${y}">${
        escaped(fitted(lane.name, columns))
      }</text>`,
    );
    for (const at of shown) {
      y += ROW;
      places.set(at, y);
      rows.push(row(steps[at]!, y, durationMs, columns));
    }
  }
  const more = steps.length - drawn.size;
  if (more > 0) {
    y += ROW + 4;
    rows.push(
      `<text class="t" x="${EDGE}" y="${y}">and ${
        counted(more, "more step")
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

/** Lines at round times. */
function axis(
  { durationMs }: BuildTimings,
  top: number,
  bottom: number,
): string {
  return ticksWithRoom(durationMs).map(({ x, text, from }) =>
    `<path class="g" d="M${x} ${
      top + 6
    }V${bottom}"/><text class="t" x="${from}" y="${top}">${text}</text>`
  ).join("");
}

/** A line of the axis, and where its words stand. */
interface Tick {
  readonly x: number;
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** As many ticks as there is room for between their words. */
function ticksWithRoom(durationMs: number): Tick[] {
  for (let most = MAX_TICKS;; most--) {
    const ticks = ticksOf(durationMs, most).map((ms): Tick => {
      const x = at(ms, durationMs);
      const text = tickOf(ms);
      // The last one keeps within the picture.
      const from = round(Math.min(x, RIGHT - textWidth(text) * MONO));
      return { x, text, from, to: from + (textWidth(text) + 1) * MONO };
    });
    const hasRoom = ticks.every(({ from }, place) =>
      place === 0 || from >= ticks[place - 1]!.to
    );
    if (hasRoom || most === 1) return ticks;
  }
}

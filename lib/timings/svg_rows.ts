import { textWidth } from "../display/text_width.ts";
import { formatBytes } from "../display/units.ts";
import { drawnPeriods } from "./bars.ts";
import { kindOf } from "./kinds.ts";
import { briefWords } from "./step_name.ts";
import { bytesOf, timeOf, WORTH_BYTES } from "./summary.ts";
import { EDGE, LEFT, MONO, RIGHT } from "./svg_measures.ts";
import type { TimedStep } from "./timings.ts";
import { escaped, fitted, visible } from "./visible.ts";

/** The periods of a step that are drawn; the rest is one bar. */
const MAX_PERIODS = 20;
/** The fewest columns of what stands beside a bar. */
const MIN_NOTE = 6;

/** A key, beside the ids of secrets. */
const KEY =
  "M3 0a3 3 0 1 0 2.8 4H7.5v2h1.5V4h1V2H5.8A3 3 0 0 0 3 0zm0 2a1 1 0 1 1 0 2 1 1 0 0 1 0-2z";

/**
 * The row of a step: its name, its time, its bars, and what stands beside them.
 *
 * @param y Where its text stands.
 * @param whole How long the build took.
 * @param columns How many columns of the name are shown.
 */
export function row(
  step: TimedStep,
  y: number,
  whole: number,
  columns: number,
): string {
  const kind = kindOf(step);
  const bars = drawnPeriods(step, MAX_PERIODS).map(({ startMs, endMs }) => {
    const width = Math.max(3, round(at(endMs, whole) - at(startMs, whole)));
    // Also the shortest one at the end stays in the picture.
    const x = Math.min(at(startMs, whole), RIGHT - width);
    return `<rect class="${kind}" x="${round(x)}" y="${
      y - 11
    }" width="${width}" height="14" rx="2"/>`;
  });
  return `<text${step.cached ? ' class="t"' : ""} x="${EDGE + 8}" y="${y}">${
    escaped(fitted(briefWords(step.words), columns))
  }</text><text class="t" x="${LEFT - 10}" y="${y}" text-anchor="end">${
    timeOf(step)
  }</text>${bars.join("")}${note(step, y, whole)}`;
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

/** Where a time stands on the axis. */
export function at(ms: number, whole: number): number {
  const share = whole === 0 ? 0 : Math.min(1, ms / whole);
  return round(LEFT + share * (RIGHT - LEFT));
}

/** A place or a length as it is written. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

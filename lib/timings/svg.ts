import type { TimingsComparison } from "./compare.ts";
import { lanesOf } from "./lanes.ts";
import { secondsOf } from "./summary.ts";
import type { BuildTimings, TimedStep } from "./timings.ts";
import { escaped, shortened } from "./visible.ts";

/** Options of {@linkcode timingsSvg}. */
export interface TimingsSvgOptions {
  /**
   * How many steps are drawn: those that took longest, in their order.
   * @default {40}
   */
  readonly maxSteps?: number | undefined;
  /** How the build differs from an earlier one. */
  readonly comparison?: TimingsComparison | undefined;
}

const WIDTH = 900;
const LEFT = 380;
const RIGHT = 70;
const ROW = 20;
const MAX_NAME = 54;
const MAX_SENTENCE = 125;

const STYLE = `
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#1f2328}
.s{font:13px system-ui,sans-serif}.l{font-weight:600}.t{fill:#59636e}
.p{fill:#fff}.b{fill:#54aeff}.k{fill:#bc4c00}.c{fill:#8c959f}.e{fill:#cf222e}.g{stroke:#d1d9e0}
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.t{fill:#9198a1}.p{fill:#0d1117}
.b{fill:#388bfd}.k{fill:#db6d28}.c{fill:#656c76}.e{fill:#f85149}.g{stroke:#3d444d}}`;

/**
 * Where the time of a build went, as a picture: an SVG without scripts and
 * without addresses, for a comment or a page. It follows the reader's light or
 * dark colours.
 */
export function timingsSvg(
  timings: BuildTimings,
  { maxSteps = 40, comparison }: TimingsSvgOptions = {},
): string {
  const { steps, durationMs } = timings;
  const drawn = new Set(
    [...steps.keys()].sort((a, b) =>
      steps[b]!.durationMs - steps[a]!.durationMs
    ).slice(0, maxSteps),
  );
  const parts: string[] = [];
  let y = 8;
  for (const sentence of [...timings.summary, ...comparison?.summary ?? []]) {
    y += ROW;
    parts.push(
      `<text class="s" x="12" y="${y}">${
        escaped(shortened(sentence, MAX_SENTENCE))
      }</text>`,
    );
  }
  y += 12;
  const top = y;
  for (const lane of lanesOf(timings)) {
    const shown = lane.steps.filter((at) => drawn.has(at));
    if (shown.length === 0) continue;
    y += ROW;
    parts.push(
      `<text class="l" x="12" y="${y}">${
        escaped(shortened(lane.name, MAX_NAME))
      }</text>`,
    );
    for (const at of shown) {
      y += ROW;
      parts.push(row(steps[at]!, y, durationMs));
    }
  }
  const left = steps.length - drawn.size;
  if (left > 0) {
    y += ROW;
    parts.push(
      `<text class="t" x="12" y="${y}">and ${left} shorter ${
        left === 1 ? "step" : "steps"
      }</text>`,
    );
  }
  const height = y + 16;
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const x = at(part * durationMs, durationMs);
    return `<path class="g" d="M${x} ${top}V${y}"/><text class="t" x="${x}" y="${top}">${
      secondsOf(part * durationMs)
    }</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img"><title>${
    escaped(timings.summary[0] ?? "")
  }</title><style>${STYLE}</style><rect class="p" width="${WIDTH}" height="${height}"/>${
    grid.join("")
  }${parts.join("")}</svg>\n`;
}

function row(step: TimedStep, y: number, whole: number): string {
  const kind = kindOf(step);
  const bars = step.periods.map(({ startMs, endMs }) => {
    const x = at(startMs, whole);
    const width = Math.max(2, round(at(endMs, whole) - x));
    return `<rect class="${kind}" x="${x}" y="${
      y - 11
    }" width="${width}" height="13" rx="2"/>`;
  });
  const time = step.cached ? "cached" : secondsOf(step.durationMs);
  return `<text x="20" y="${y}">${
    escaped(shortened(step.words, MAX_NAME - 8))
  }</text><text class="t" x="${
    LEFT - 8
  }" y="${y}" text-anchor="end">${time}</text>${bars.join("")}`;
}

/** The class of a step's bar, which decides its colour. */
export function kindOf(
  { cached, error, critical }: Pick<TimedStep, "cached" | "error" | "critical">,
): "e" | "c" | "k" | "b" {
  if (error !== undefined) return "e";
  if (cached) return "c";
  return critical ? "k" : "b";
}

function at(ms: number, whole: number): number {
  return round(
    LEFT + (whole === 0 ? 0 : ms / whole) * (WIDTH - LEFT - RIGHT),
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

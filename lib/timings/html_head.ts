import { segmentsOf } from "./strip.ts";
import { briefWords } from "./step_name.ts";
import { percentOf, secondsOf } from "./summary.ts";
import type { PageRoom } from "./html_room.ts";
import { kindOf, legendOf } from "./kinds.ts";
import type { BuildTimings } from "./timings.ts";
import { escaped, fitted } from "./visible.ts";

const MAX_WORDS = 120;
const MAX_TITLE = 120;
/** The least share, in percent, of a piece with words. */
const MIN_TOLD = 5;

/** The head of a page: what was built, how long it took, and where the time went in one bar. */
export function pageHead(
  timings: BuildTimings,
  title: string,
  room: PageRoom,
): string {
  return `<h1>${escaped(fitted(title, MAX_TITLE))} <b>${
    secondsOf(timings.durationMs)
  }</b></h1>
<p class="g">${legend(timings)}</p>
${strip(timings, room)}`;
}

/** The colours that are used, with their meaning. */
function legend(timings: BuildTimings): string {
  return legendOf(timings).map(([kind, words]) =>
    `<span class="${kind}"><i></i>${words}</span>`
  ).join(" ");
}

/** The words on a piece, where there is room for some. */
function told(share: number, words: string): string {
  return share < MIN_TOLD ? "" : `<i>${words}</i>`;
}

/** The critical path in one bar, each piece with a link to its step. */
function strip(timings: BuildTimings, room: PageRoom): string {
  const most = Math.min(MAX_WORDS, room.name);
  const { steps, durationMs } = timings;
  const pieces = segmentsOf(timings).map(({ step: at, isWait, ms }) => {
    const share = Math.round(10_000 * ms / durationMs) / 100;
    const percent = percentOf(ms, durationMs);
    if (at === undefined) {
      const words = isWait ? "waiting" : "short steps";
      return `<span class="o" style="width:${share}%" title="${percent} ${words}">${
        told(share, `${percent} ${words}`)
      }</span>`;
    }
    const step = steps[at]!;
    const words = escaped(fitted(briefWords(step.words), most));
    return `<a class="${kindOf(step)}" href="#s${
      at + 1
    }" style="width:${share}%" title="${percent} ${words}">${
      told(share, `${percent} ${words}`)
    }</a>`;
  });
  return pieces.length === 0
    ? ""
    : `<nav class="s" aria-label="The critical path">${pieces.join("")}</nav>`;
}

import { formatBytes } from "../display/units.ts";
import { drawnPeriods } from "./bars.ts";
import type { PageRoom } from "./html_room.ts";
import { betweenTags } from "./html_text.ts";
import { kindOf } from "./kinds.ts";
import { lanesOf } from "./lanes.ts";
import { briefWords } from "./step_name.ts";
import { counted, secondsOf } from "./summary.ts";
import { tickOf, ticksOf } from "./ticks.ts";
import type { BuildTimings, TimedStep } from "./timings.ts";
import { escaped, shortened } from "./visible.ts";

const CAPTION =
  "By stage and platform, in the order in which they began. ★ is on the critical path: these steps, one after the other, are the build's time.";
const MAX_TICKS = 4;
/** From where on, in percent, a bar's place goes by its end. */
const NEAR_END = 90;

/**
 * The steps as a table, by lanes. A large build has many rows, so they have no
 * end tags where HTML needs none, and no classes: the style goes by the place of
 * a cell in its row.
 *
 * @param lines The lines of the Dockerfile that are on the page.
 */
export function stepTable(
  timings: BuildTimings,
  room: PageRoom,
  lines: ReadonlySet<number>,
): string {
  const lanes = lanesOf(timings).map(({ name, steps }) =>
    `<tbody><tr><th colspan="6" scope="rowgroup">${
      betweenTags(name, room.name)
    }\n${steps.map((at) => row(timings, at, room, lines)).join("\n")}`
  );
  return `<table class="t"${grid(timings)}><caption>${CAPTION}${
    told(timings, room)
  }</caption>
<thead><tr><th scope="col" class="n">#<th scope="col">Step<th scope="col" class="z">Waited for<th scope="col" class="n z y">Begin<th scope="col" class="n">Time<th scope="col" class="w">${
    axis(timings)
  }
${lanes.join("\n")}</table>`;
}

/** That names are cut, where they are. */
function told({ steps }: BuildTimings, { name }: PageRoom): string {
  return steps.some(({ words }) => briefWords(words).length > name)
    ? ` Names end with “…” after ${name} characters.`
    : "";
}

/** How far the lines of the axis are apart. */
function grid({ durationMs }: BuildTimings): string {
  const [, first] = ticksOf(durationMs, MAX_TICKS);
  return first === undefined
    ? ""
    : ` style="--g1:${Math.round(10_000 * first / durationMs) / 100}%"`;
}

function axis({ durationMs }: BuildTimings): string {
  return ticksOf(durationMs, MAX_TICKS).map((ms) => {
    const share = durationMs === 0 ? 0 : ms / durationMs;
    const text = tickOf(ms);
    // The last one keeps within the column.
    const place = `left:min(${
      Math.round(10_000 * share) / 100
    }%,100% - ${text.length}ch)`;
    return `<span style="${place}">${text}</span>`;
  }).join("");
}

function row(
  { steps, durationMs }: BuildTimings,
  at: number,
  room: PageRoom,
  lines: ReadonlySet<number>,
): string {
  const step = steps[at]!;
  const brief = briefWords(step.words);
  const name = betweenTags(brief, room.name);
  const line = step.lines?.start;
  const linked = line === undefined || !lines.has(line)
    ? name
    : `<a href="#L${line}">${name}</a>`;
  const whole = room.hasTitles && brief !== step.words
    ? ` title="${escaped(shortened(step.words, room.name))}"`
    : "";
  const time = step.cached ? "cached" : secondsOf(step.durationMs);
  const mark = step.critical ? " data-p" : "";
  return `<tr id="s${at + 1}" class="${kindOf(step)}"${mark}><td>${
    at + 1
  }<td${whole}>${step.critical ? "★ " : ""}${linked}${notes(step, room)}<td>${
    inputs(step, room)
  }<td>${secondsOf(step.startMs)}<td>${time}<td>${
    bars(step, durationMs, room)
  }`;
}

/** What else there is to say of a step, below its name. */
function notes(
  { transfers, secrets, error, canceled }: TimedStep,
  room: PageRoom,
): string {
  const largest = transfers.toSorted((a, b) => b.bytes - a.bytes);
  const told = largest.slice(0, room.transfers).map(({ id, bytes, total }) =>
    small(
      `${betweenTags(id, room.name)} ${formatBytes(bytes)}${
        total === undefined || total === bytes
          ? ""
          : ` of ${formatBytes(total)}`
      }`,
    )
  );
  const rest = largest.length - told.length;
  if (rest > 0) {
    told.push(
      small(
        told.length > 0
          ? `and ${counted(rest, "more transfer")}`
          : `transfers: ${rest}`,
      ),
    );
  }
  if (secrets.length > 0) {
    const ids = room.secrets === 0
      ? secrets.length
      : betweenTags(secrets.join(", "), room.secrets);
    told.push(small(`secrets: ${ids}`));
  }
  if (error !== undefined) {
    const words = room.error === 0 ? "" : `: ${betweenTags(error, room.error)}`;
    told.push(
      `<br><span class="x">${canceled ? "cancelled" : "ERROR"}${words}</span>`,
    );
  }
  return told.join("");
}

function small(text: string): string {
  return `<br><small>${text}</small>`;
}

function inputs({ inputs }: TimedStep, room: PageRoom): string {
  const shown = inputs.slice(-room.inputs).map((at) =>
    `<a href="#s${at + 1}">${at + 1}</a>`
  );
  const left = inputs.length - shown.length;
  return `${shown.join(", ")}${left > 0 ? ` and ${left} more` : ""}`;
}

function bars(
  step: TimedStep,
  whole: number,
  room: PageRoom,
): string {
  const share = (ms: number) =>
    whole === 0 ? 0 : Math.round(Math.min(1, ms / whole) * 10_000) / 100;
  return drawnPeriods(step, room.periods).map(({ startMs, endMs }) => {
    const [from, to] = [share(startMs), share(endMs)];
    // The shortest one at the end must not leave its cell.
    const place = from < NEAR_END
      ? `left:${from}%`
      : `right:${Math.round(10_000 - to * 100) / 100}%`;
    return `<i style="${place};width:${share(endMs - startMs)}%"></i>`;
  }).join("");
}

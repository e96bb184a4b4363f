import { formatBytes } from "../display/units.ts";
import type { StepChange, TimingsComparison } from "./compare.ts";
import { dockerfileRows } from "./html_dockerfile.ts";
import { SCRIPT, SCRIPT_HASH } from "./html_script.ts";
import { STYLE } from "./html_style.ts";
import { pageHead } from "./html_head.ts";
import { lanesOf } from "./lanes.ts";
import { timingsJson } from "./saved.ts";
import { briefWords } from "./step_name.ts";
import { secondsOf } from "./summary.ts";
import { kindOf } from "./kinds.ts";
import { tickOf, ticksOf } from "./ticks.ts";
import type { BuildTimings, TimedStep } from "./timings.ts";
import { escaped, shortened, visible } from "./visible.ts";

/** Options of {@linkcode timingsHtml}. */
export interface TimingsHtmlOptions {
  /** What the page is about, such as the image's name. @default {"build"} */
  readonly title?: string | undefined;
  /** How the build differs from an earlier one. */
  readonly comparison?: TimingsComparison | undefined;
}

const CAPTION =
  "By stage and platform, in the order in which they began. ★ is on the critical path: these steps, one after the other, are the build's time.";
const MAX_TICKS = 4;
/** From where on, in percent, a bar's place goes by its end. */
const NEAR_END = 90;
/** The size that a page keeps below, if shorter names make that possible. */
const MAX_PAGE = 290_000;
/** How many characters of a name are shown: fewer where a page gets too large. */
const NAME_LENGTHS = [240, 120, 80, 48] as const;
const MAX_SENTENCE = 400;
const MAX_ERROR = 1000;
/** How much of what a step has several of is shown. */
const MAX_INPUTS = 8;
const MAX_TRANSFERS = 12;
const MAX_PERIODS = 20;
const MAX_CHANGES = 40;
const MAX_WARNINGS = 200;
/** A marked line of an excerpt. */
const FAILED_REGEXP = /^ *\d+ \| >>>/;
/** What BuildKit's warnings end with. */
const LINE_REGEXP = / \(line \d+\)$/;

const encoder = new TextEncoder();

/**
 * Where the time of a build went, as one page of HTML that needs nothing else:
 * it loads nothing, and its policy lets it load nothing. Without JavaScript it
 * is a table; with it, there are keys and a filter. {@linkcode readTimings}
 * reads it again, for a comparison.
 *
 * @example
 * ```ts
 * import { DockerClient } from "@davit/build";
 * import { buildTimings, timingsHtml } from "@davit/build/timings";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const result = await docker.imageBuild("./app", { tag: "app" }).result();
 * const page = timingsHtml(await buildTimings(result), { title: "app" });
 * await Deno.writeTextFile("timings.html", page);
 * ```
 */
export function timingsHtml(
  timings: BuildTimings,
  options: TimingsHtmlOptions = {},
): string {
  let page = "";
  for (const most of NAME_LENGTHS) {
    page = pageOf(timings, options, most);
    if (encoder.encode(page).length <= MAX_PAGE) break;
  }
  return page;
}

function pageOf(
  timings: BuildTimings,
  { title = "build", comparison }: TimingsHtmlOptions,
  most: number,
): string {
  const sentences = [...timings.summary, ...comparison?.summary ?? []];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src '${SCRIPT_HASH}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>Timings of ${
    escaped(shortened(title, most))
  }</title><style>${STYLE}</style></head><body>
<header>${pageHead(timings, title)}
<ul class="y">${
    sentences.map((sentence) => `<li>${cut(sentence, MAX_SENTENCE)}</li>`)
      .join("")
  }</ul></header>
${failed(timings)}<main><section>
<h2>Steps</h2>
<p class="j" hidden><input id="f" type="search" placeholder="Filter" aria-label="Filter the steps"> <button id="c" type="button" aria-pressed="false">Critical path alone</button> <small>In the table: <kbd>↓</kbd> <kbd>↑</kbd> move, <kbd>←</kbd> to what a step waited for, <kbd>Enter</kbd> to its line, <kbd>c</kbd> critical path alone, <kbd>/</kbd> filter</small></p>
<div class="v"><table class="t"${grid(timings)}><caption>${CAPTION}</caption>
<thead><tr><th scope="col" class="n">#</th><th scope="col">Step</th><th scope="col" class="z">Waited for</th><th scope="col" class="n z y">Begin</th><th scope="col" class="n">Time</th><th scope="col" class="w">${
    axis(timings)
  }</th></tr></thead>
${lanes(timings, most)}</table></div>
${changes(comparison, most)}${warnings(timings)}</section>
${dockerfileRows(timings, most)}</main>
<script type="application/json" id="davit-timings">${
    timingsJson(timings)
  }</script>
<script>${SCRIPT}</script>
</body></html>
`;
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

function lanes(timings: BuildTimings, most: number): string {
  return lanesOf(timings).map((lane) =>
    `<tbody><tr class="l"><th colspan="6" scope="rowgroup">${
      cut(lane.name, most)
    }</th></tr>\n${
      lane.steps.map((at) => row(timings, at, most)).join("\n")
    }</tbody>`
  ).join("\n");
}

function row(
  { steps, durationMs }: BuildTimings,
  at: number,
  most: number,
): string {
  const step = steps[at]!;
  const brief = briefWords(step.words);
  const name = cut(brief, most);
  const line = step.lines?.start;
  const linked = line === undefined ? name : `<a href="#L${line}">${name}</a>`;
  const whole = brief === step.words ? "" : ` title="${cut(step.words, most)}"`;
  const time = step.cached ? "cached" : secondsOf(step.durationMs);
  const mark = step.critical ? " data-p" : "";
  return `<tr id="s${at + 1}" class="${kindOf(step)}"${mark}><td class="n">${
    at + 1
  }</td><td${whole}>${step.critical ? "★ " : ""}${linked}${
    more(step, most)
  }</td><td class="z">${inputs(step)}</td><td class="n z y">${
    secondsOf(step.startMs)
  }</td><td class="n">${time}</td><td class="w">${
    bars(step, durationMs)
  }</td></tr>`;
}

/** What else there is to say of a step, below its name. */
function more(
  { transfers, secrets, error, canceled }: TimedStep,
  most: number,
): string {
  const largest = transfers.toSorted((a, b) => b.bytes - a.bytes);
  const told = largest.slice(0, MAX_TRANSFERS).map(({ id, bytes, total }) =>
    `<br><small>${cut(id, most)} ${formatBytes(bytes)}${
      total === undefined || total === bytes ? "" : ` of ${formatBytes(total)}`
    }</small>`
  );
  const rest = largest.length - told.length;
  if (rest > 0) told.push(`<br><small>and ${rest} more transfers</small>`);
  if (secrets.length > 0) {
    told.push(
      `<br><small>secrets: ${cut(secrets.join(", "), most)}</small>`,
    );
  }
  if (error !== undefined) {
    told.push(
      `<br><span class="x">${canceled ? "cancelled" : "ERROR"}: ${
        cut(error, MAX_ERROR)
      }</span>`,
    );
  }
  return told.join("");
}

function inputs({ inputs }: TimedStep): string {
  const shown = inputs.slice(-MAX_INPUTS).map((at) =>
    `<a href="#s${at + 1}">${at + 1}</a>`
  );
  const left = inputs.length - shown.length;
  return `${shown.join(" ")}${left > 0 ? ` and ${left} more` : ""}`;
}

function bars({ periods, endMs }: TimedStep, whole: number): string {
  const shown = periods.slice(0, MAX_PERIODS);
  if (periods.length > MAX_PERIODS) {
    const { startMs } = periods[MAX_PERIODS]!;
    shown.push({ startMs, endMs });
  }
  const share = (ms: number) =>
    whole === 0 ? 0 : Math.round(Math.min(1, ms / whole) * 10_000) / 100;
  return shown.map(({ startMs, endMs }) => {
    const [from, to] = [share(startMs), share(endMs)];
    // The shortest one at the end must not leave its cell.
    const place = from < NEAR_END
      ? `left:${from}%`
      : `right:${Math.round(10_000 - to * 100) / 100}%`;
    return `<i style="${place};width:${share(endMs - startMs)}%"></i>`;
  }).join("");
}

function failed({ failure, status }: BuildTimings): string {
  if (failure === undefined) return "";
  const excerpt = failure.excerpt?.split("\n").map((line) =>
    FAILED_REGEXP.test(line) ? `<b>${escaped(line)}</b>` : escaped(line)
  );
  return `<section><h2>${
    status === "canceled" ? "Cancelled" : "Failed"
  }</h2><p class="x">${cut(failure.message, MAX_ERROR)}${
    failure.step === undefined
      ? ""
      : ` <a href="#s${failure.step + 1}">step ${failure.step + 1}</a>`
  }</p>${
    excerpt === undefined ? "" : `<pre>${excerpt.join("\n")}</pre>`
  }</section>\n`;
}

function warnings({ warnings }: BuildTimings): string {
  if (warnings.length === 0) return "";
  const shown = warnings.slice(0, MAX_WARNINGS).map(({ text, url, line }) =>
    `<li>${cut(text.replace(LINE_REGEXP, ""), MAX_SENTENCE)}${
      line === undefined ? "" : ` <a href="#L${line}">line ${line}</a>`
    }${
      url === undefined ? "" : ` <small>${cut(url, MAX_SENTENCE)}</small>`
    }</li>`
  );
  const left = warnings.length - shown.length;
  return `<h2>Warnings</h2><ul>${shown.join("")}${
    left > 0 ? `<li>and ${left} more</li>` : ""
  }</ul>\n`;
}

function changes(
  comparison: TimingsComparison | undefined,
  most: number,
): string {
  if (comparison === undefined) return "";
  const told = comparison.changes.filter(({ deltaMs }) =>
    Math.round(deltaMs / 100) !== 0
  ).toSorted((a, b) => Math.abs(b.deltaMs) - Math.abs(a.deltaMs));
  const row = (
    { name, step, beforeMs, afterMs, deltaMs, lostCache, cached }: StepChange,
  ) =>
    `<tr><td>${
      step === undefined
        ? cut(name, most)
        : `<a href="#s${step + 1}">${cut(name, most)}</a>`
    }${lostCache ? " <small>not from the cache any more</small>" : ""}</td>${
      [timeOf(beforeMs), cached ? "cached" : timeOf(afterMs)].map((text) =>
        `<td class="n">${text}</td>`
      ).join("")
    }<td class="n">${deltaMs > 0 ? "+" : "−"}${
      secondsOf(Math.abs(deltaMs))
    }</td></tr>`;
  return `<h2>Against the earlier build</h2><div class="v"><table><thead><tr><th scope="col">Step</th><th scope="col" class="n">Before</th><th scope="col" class="n">Now</th><th scope="col" class="n">Change</th></tr></thead><tbody>${
    told.slice(0, MAX_CHANGES).map(row).join("\n")
  }</tbody></table></div>\n`;
}

function timeOf(ms: number | undefined): string {
  return ms === undefined ? "–" : secondsOf(ms);
}

/** A text of a build in HTML, of at most so many characters. */
function cut(text: string, most: number): string {
  return escaped(shortened(visible(text), most));
}

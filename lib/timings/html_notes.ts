import type { StepChange, TimingsComparison } from "./compare.ts";
import type { PageRoom } from "./html_room.ts";
import { betweenTags } from "./html_text.ts";
import { counted, secondsOf } from "./summary.ts";
import type { BuildTimings } from "./timings.ts";
import { withoutLine } from "./warning_text.ts";

const MAX_MESSAGE = 1000;
/** A marked line of an excerpt. */
const FAILED_REGEXP = /^ *\d+ \| >>>/;

/** Why a build failed, with the lines around the failed ones. */
export function failureNote(
  { failure, status }: BuildTimings,
  room: PageRoom,
): string {
  if (failure === undefined) return "";
  const lines = failure.excerpt?.split("\n") ?? [];
  const excerpt = lines.slice(0, room.excerpt).map((line) => {
    const text = betweenTags(line, room.sentence);
    return FAILED_REGEXP.test(line) ? `<b>${text}</b>` : text;
  });
  const left = lines.length - excerpt.length;
  if (left > 0) excerpt.push(`and ${counted(left, "more line")}`);
  return `<section><h2>${
    status === "canceled" ? "Cancelled" : "Failed"
  }</h2><p class="x">${betweenTags(failure.message, MAX_MESSAGE)}${
    failure.step === undefined
      ? ""
      : ` <a href="#s${failure.step + 1}">step ${failure.step + 1}</a>`
  }</p>${
    excerpt.length === 0 ? "" : `<pre>${excerpt.join("\n")}</pre>`
  }</section>\n`;
}

/**
 * The warnings of a build.
 *
 * @param lines The lines of the Dockerfile that are on the page.
 */
export function warningNotes(
  { warnings }: BuildTimings,
  room: PageRoom,
  lines: ReadonlySet<number>,
): string {
  if (warnings.length === 0) return "";
  const place = (line: number) =>
    lines.has(line) ? `<a href="#L${line}">line ${line}</a>` : `line ${line}`;
  const shown = warnings.slice(0, room.warnings).map(({ text, url, line }) =>
    `<li>${betweenTags(withoutLine(text, line), room.sentence)}${
      line === undefined ? "" : ` ${place(line)}`
    }${
      url === undefined
        ? ""
        : ` <small>${betweenTags(url, room.sentence)}</small>`
    }</li>`
  );
  const left = warnings.length - shown.length;
  return `<h2>Warnings</h2><ul>${shown.join("")}${
    left > 0 ? `<li>and ${left} more</li>` : ""
  }</ul>\n`;
}

/** What became slower and what faster, as a table. */
export function changeTable(
  comparison: TimingsComparison | undefined,
  room: PageRoom,
): string {
  if (comparison === undefined) return "";
  const told = comparison.changes.filter(({ deltaMs }) =>
    Math.round(deltaMs / 100) !== 0
  ).toSorted((a, b) => Math.abs(b.deltaMs) - Math.abs(a.deltaMs));
  const row = (
    { name, step, beforeMs, afterMs, deltaMs, lostCache, cached }: StepChange,
  ) => {
    const words = betweenTags(name, room.name);
    return `<tr><td>${
      step === undefined ? words : `<a href="#s${step + 1}">${words}</a>`
    }${lostCache ? " <small>not from the cache any more</small>" : ""}</td>${
      [timeOf(beforeMs), cached ? "cached" : timeOf(afterMs)].map((text) =>
        `<td class="n">${text}</td>`
      ).join("")
    }<td class="n">${deltaMs > 0 ? "+" : "−"}${
      secondsOf(Math.abs(deltaMs))
    }</td></tr>`;
  };
  const left = told.length - room.changes;
  return `<h2>Against the earlier build</h2><table><thead><tr><th scope="col">Step</th><th scope="col" class="n">Before</th><th scope="col" class="n">Now</th><th scope="col" class="n">Change</th></tr></thead><tbody>${
    told.slice(0, room.changes).map(row).join("\n")
  }</tbody></table>${left > 0 ? `<p>and ${left} more</p>` : ""}\n`;
}

function timeOf(ms: number | undefined): string {
  return ms === undefined ? "–" : secondsOf(ms);
}

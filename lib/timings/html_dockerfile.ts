import { linesOf } from "../progress/dockerfile.ts";
import { secondsOf } from "./summary.ts";
import type { BuildTimings, LineTime } from "./timings.ts";
import { escaped, shortened } from "./visible.ts";

const MAX_LINES = 2000;
const NO_LINES = { start: 0, end: 0 };

/**
 * The Dockerfile as a table: the lines of each instruction are the darker the
 * more of the build's time they took.
 *
 * @param most How many characters of a line are shown.
 */
export function dockerfileRows(
  { dockerfile, lines, durationMs, failure }: BuildTimings,
  most: number,
): string {
  if (dockerfile === undefined) return "";
  const all = linesOf(dockerfile.text.replace(/\r?\n$/, ""));
  const times = new Map<number, LineTime>();
  for (const time of lines) {
    for (let line = time.start; line <= time.end; line++) times.set(line, time);
  }
  const rows = all.slice(0, MAX_LINES).map((text, index) => {
    const line = index + 1;
    const time = times.get(line);
    const share = time === undefined || durationMs === 0
      ? 0
      : Math.round(100 * Math.min(1, time.durationMs / durationMs)) / 100;
    const { start, end } = failure?.lines ?? NO_LINES;
    const mark = line >= start && line <= end ? ' class="x"' : "";
    const style = share === 0 ? "" : ` style="--a:${share}"`;
    return `<tr id="L${line}"${mark}${style}><td class="n m">${line}</td><td class="n">${
      time?.start === line ? told(time) : ""
    }</td><td>${code(text, most)}</td></tr>`;
  });
  const left = all.length - rows.length;
  return `<section><h2>${escaped(shortened(dockerfile.name, most))}</h2>
<div class="v"><table class="d"><thead><tr><th scope="col" class="n">Line</th><th scope="col" class="n">Time</th><th scope="col">Instruction</th></tr></thead><tbody>
${rows.join("\n")}</tbody></table></div>${
    left > 0 ? `<p>and ${left} more lines</p>` : ""
  }</section>`;
}

function told({ cached, durationMs, steps }: LineTime): string {
  const text = cached ? "cached" : secondsOf(durationMs);
  return `<a href="#s${steps[0]! + 1}">${text}</a>`;
}

/** A line with its indent, which `shortened` would keep as one blank a tab. */
function code(text: string, most: number): string {
  return escaped(shortened(text.replaceAll("\t", "    "), most));
}

import { linesOf } from "../progress/dockerfile.ts";
import type { PageRoom } from "./html_room.ts";
import { betweenTags } from "./html_text.ts";
import { counted, secondsOf } from "./summary.ts";
import type { BuildTimings, LineTime } from "./timings.ts";

const MAX_LINES = 2000;
/** What begins a stage is needed to read what is in it. */
const STAGE_REGEXP = /^\s*FROM\s/i;
const NO_LINES = { start: 0, end: 0 };

/** The lines of the Dockerfile that a page shows, by their numbers: links may lead there. */
export function linesShown(
  { dockerfile, lines, failure, warnings }: BuildTimings,
  room: PageRoom,
): ReadonlySet<number> {
  if (dockerfile === undefined || room.lines === "none") return new Set();
  const texts = textLines(dockerfile.text);
  const all = texts.map((_, index) => index + 1);
  if (room.lines === "all") return new Set(all.slice(0, MAX_LINES));
  const told = new Set(warnings.map(({ line }) => line));
  for (const { start, end } of [...lines, failure?.lines ?? NO_LINES]) {
    for (let line = start; line <= end; line++) told.add(line);
  }
  const kept = all.filter((line) =>
    told.has(line) || STAGE_REGEXP.test(texts[line - 1]!)
  );
  return new Set(kept.slice(0, MAX_LINES));
}

/**
 * The Dockerfile as a table: the lines of each instruction are the darker the
 * more of the build's time they took.
 *
 * @param shown The lines that the page shows.
 */
export function dockerfileTable(
  timings: BuildTimings,
  room: PageRoom,
  shown: ReadonlySet<number>,
): string {
  const { dockerfile, lines, durationMs, failure } = timings;
  if (dockerfile === undefined) return "";
  const all = textLines(dockerfile.text);
  const times = new Map<number, LineTime>();
  for (const time of lines) {
    for (let line = time.start; line <= time.end; line++) times.set(line, time);
  }
  const rows = [...shown].map((line) => {
    const time = times.get(line);
    const share = time === undefined || durationMs === 0
      ? 0
      : Math.round(100 * Math.min(1, time.durationMs / durationMs)) / 100;
    const { start, end } = failure?.lines ?? NO_LINES;
    const mark = line >= start && line <= end ? ' class="x"' : "";
    const style = share === 0 ? "" : ` style="--a:${share}"`;
    return `<tr id="L${line}"${mark}${style}><td>${line}<td>${
      time?.start === line ? told(time) : ""
    }<td>${code(all[line - 1]!, room.name)}`;
  });
  const left = all.length - rows.length;
  // No line end between the rows: it would be a part of the line before it.
  return `<section><h2>${betweenTags(dockerfile.name, room.name)}</h2>
${
    rows.length === 0
      ? ""
      : `<table class="d"><thead><tr><th scope="col" class="n">Line<th scope="col" class="n">Time<th scope="col">Instruction<tbody>${
        rows.join("")
      }</table>`
  }${left > 0 ? `<p>${leftOut(left, room)}</p>` : ""}</section>`;
}

/** What is said of lines that are not shown. */
function leftOut(count: number, { lines }: PageRoom): string {
  if (lines === "all") return `and ${counted(count, "more line")}`;
  const words = `${count} line${count === 1 ? " is" : "s are"} left out`;
  return lines === "none" ? words : `${words}: comments, and what has no step`;
}

function textLines(text: string): string[] {
  return linesOf(text.replace(/\r?\n$/, ""));
}

function told({ cached, durationMs, steps }: LineTime): string {
  const text = cached ? "cached" : secondsOf(durationMs);
  return `<a href="#s${steps[0]! + 1}">${text}</a>`;
}

/** A line with its indent, which `shortened` would keep as one blank a tab. */
function code(text: string, most: number): string {
  return betweenTags(text.replaceAll("\t", "    "), most);
}

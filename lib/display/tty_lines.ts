import type { StatusEvent } from "../progress/event.ts";
import { totalDuration } from "../progress/intervals.ts";
import { isCanceled, type VertexState } from "../progress/vertex_state.ts";
import { lastVersion, printable } from "./printable.ts";
import { textWidth, truncate } from "./text_width.ts";
import { formatProgress, formatSeconds } from "./units.ts";

/** The meaning of a line, which decides its colour. */
export type Paint = "none" | "done" | "error" | "canceled" | "log";

/** One line of the display. */
export interface TtyLine {
  /** Its text, no wider than the terminal. */
  readonly text: string;
  /** Its colour. */
  readonly paint: Paint;
}

/** One of the lines of a step. */
export interface StepLine extends TtyLine {
  /** Whether the line is about something that still runs. */
  readonly running: boolean;
  /** The step whose output may be shown below the line. */
  readonly vertex: VertexState | undefined;
}

const BAR_WIDTH = 16;
/** With less room for the name, the line is cut as a whole. In columns. */
const MIN_NAME_WIDTH = 12;
/**
 * With less room for the name, the bar and then the progress are left out. In
 * columns.
 */
const MIN_NAME_WITH_BAR = 20;

/** The lines of one step: the step itself, its transfers, its warnings. */
export function vertexLines(
  vertex: VertexState,
  now: number,
  columns: number,
): StepLine[] {
  const { running, error } = vertex;
  const canceled = error !== undefined && isCanceled(error);
  const mark = canceled
    ? "CANCELED "
    : error !== undefined
    ? "ERROR "
    : vertex.cached
    ? "CACHED "
    : "";
  const time = formatTime(totalDuration(vertex.intervals, now));
  const done: Paint = canceled
    ? "canceled"
    : error === undefined
    ? "done"
    : "error";
  const lines: StepLine[] = [{
    text: formatLine(mark + vertex.name, "", time, columns),
    paint: running ? "none" : done,
    running,
    vertex,
  }];
  for (const status of vertex.statuses.values()) {
    if (status.started !== undefined) {
      lines.push(statusLine(status, vertex, now, columns));
    }
  }
  for (const { short } of vertex.warnings) {
    lines.push({
      text: formatLine(`WARN: ${short}`, "", time, columns),
      paint: "canceled",
      running: false,
      vertex: undefined,
    });
  }
  return lines;
}

function statusLine(
  status: StatusEvent,
  vertex: VertexState,
  now: number,
  columns: number,
): StepLine {
  const { id, current, total, started, completed } = status;
  const running = completed === undefined && vertex.running;
  const time = formatTime((completed ?? now) - started!);
  const progress = formatProgress(current, total);
  const bar = running && total ? `${formatBar(current / total)} ` : "";
  return {
    text: formatLine(`=> ${id}`, [bar, progress], time, columns),
    paint: completed === undefined ? "none" : "done",
    running,
    vertex: undefined,
  };
}

function formatBar(share: number): string {
  const filled = Math.floor(Math.min(1, Math.max(0, share)) * BAR_WIDTH);
  const head = filled < BAR_WIDTH ? ">" : "";
  return `[${"=".repeat(filled)}${head}${
    " ".repeat(Math.max(0, BAR_WIDTH - filled - head.length))
  }]`;
}

function formatTime(ms: number): string {
  return `${formatSeconds(Math.max(0, ms))}s`;
}

/**
 * Formats ` => name status      1.2s`. The name is cut to the width; where
 * there is too little room, the status, or its bar, is left out.
 */
function formatLine(
  name: string,
  status: string | readonly [string, string],
  time: string,
  columns: number,
): string {
  const start = " => ";
  const room = columns - start.length - time.length - 1;
  const [bar, progress] = typeof status === "string" ? ["", status] : status;
  const shown = [bar + progress, progress, ""].find((text) =>
    text === "" || room - text.length - 1 >= MIN_NAME_WITH_BAR
  )!;
  const left = shown === "" ? room : room - shown.length - 1;
  const shownName = printable(name);
  if (left < MIN_NAME_WIDTH) return truncate(start + shownName, columns);
  const cut = truncate(shownName, left);
  const text = start + cut + (shown === "" ? "" : ` ${shown}`);
  return text +
    " ".repeat(Math.max(1, columns - textWidth(text) - time.length)) +
    time;
}

/** The last lines that a running step printed. */
export function logLines(
  vertex: VertexState,
  count: number,
  columns: number,
): TtyLine[] {
  // More lines are taken than are shown, since empty ones are left out.
  return vertex.tail.lines(count * 3, columns * count * 8)
    .map((line) => printable(lastVersion(line)))
    .filter((line) => line.trim() !== "")
    .slice(-count)
    .map((line) => ({
      text: truncate(` => => # ${line}`, columns),
      paint: "log",
    }));
}

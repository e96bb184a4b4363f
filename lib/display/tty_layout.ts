import type { VertexState } from "../progress/vertex_state.ts";
import {
  logLines,
  type StepLine,
  type TtyLine,
  vertexLines,
} from "./tty_lines.ts";

/** How many lines of a running step's output are shown. */
const LOG_LINES = 6;

/** The room of a frame, and the time it shows. */
export interface Room {
  /** How many columns may be written. */
  readonly columns: number;
  /** How many lines may be written. */
  readonly rows: number;
  /** The time by the engine's clock, in milliseconds. */
  readonly now: number;
}

/** The lines of all steps, even if there are more than the room has. */
export function allLines(
  vertices: Iterable<VertexState>,
  room: Room,
): StepLine[] {
  return [...vertices].flatMap((vertex) =>
    vertexLines(vertex, room.now, room.columns)
  );
}

/**
 * Chooses the lines that fit: first the running steps, then the output of those
 * that print most, then the steps that ended last. The lines stay in the order
 * of the steps.
 */
export function layOut(
  vertices: Iterable<VertexState>,
  room: Room,
): TtyLine[] {
  const lines = allLines(vertices, room);
  const running = lines.filter((line) => line.running);
  // Not slice(-rows): with 0 rows it would keep all lines.
  const kept = new Set(running.slice(Math.max(0, running.length - room.rows)));
  let free = room.rows - kept.size;
  const logs = new Map<VertexState, TtyLine[]>();
  const talkative = running.flatMap(({ vertex }) =>
    vertex === undefined ? [] : [vertex]
  ).sort((a, b) => b.tail.length - a.tail.length);
  for (const vertex of talkative) {
    // Three lines are left for ended steps, so that the frame does not consist
    // of output alone.
    if (free < LOG_LINES + 3) break;
    const log = logLines(vertex, LOG_LINES, room.columns);
    logs.set(vertex, log);
    free -= log.length;
  }
  for (let i = lines.length - 1; i >= 0 && free > 0; i--) {
    if (kept.has(lines[i]!)) continue;
    kept.add(lines[i]!);
    free--;
  }
  return lines.filter((line) => kept.has(line)).flatMap((line) => [
    line,
    ...(line.vertex === undefined ? [] : logs.get(line.vertex) ?? []),
  ]);
}

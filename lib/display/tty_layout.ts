import type { VertexState } from "../progress/vertex_state.ts";
import { logLines, type TtyLine, vertexLines } from "./tty_lines.ts";

/** How many lines of a running step's output are shown. */
const LOG_LINES = 6;

/** Room of a frame. */
export interface Room {
  /** Width that may be written. */
  readonly columns: number;
  /** Lines that may be written. */
  readonly rows: number;
  /** The time, by the engine's clock. */
  readonly now: number;
}

/** Lines of all steps, whatever the room. */
export function allLines(
  vertices: Iterable<VertexState>,
  room: Room,
): TtyLine[] {
  return [...vertices].flatMap((vertex) =>
    vertexLines(vertex, room.now, room.columns)
  );
}

/**
 * The lines that matter most, in their order: what runs, then the output of
 * the steps that print most, then what was done last.
 */
export function layOut(
  vertices: Iterable<VertexState>,
  room: Room,
): TtyLine[] {
  const lines = allLines(vertices, room);
  const running = lines.filter((line) => line.running);
  // Not slice(-rows), which takes all where there is room for none.
  const kept = new Set(running.slice(Math.max(0, running.length - room.rows)));
  let free = room.rows - kept.size;
  const logs = new Map<VertexState, TtyLine[]>();
  const talkative = running.flatMap(({ vertex }) =>
    vertex !== undefined && vertex.tail.length > 0 ? [vertex] : []
  ).sort((a, b) => b.tail.length - a.tail.length);
  for (const vertex of talkative) {
    // A few lines of what was done give the eye a hold.
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

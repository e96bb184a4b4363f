import type { LogEvent, StatusEvent } from "../progress/event.ts";
import { totalDuration } from "../progress/intervals.ts";
import {
  isCanceled,
  type VertexMoment,
  type VertexState,
} from "../progress/vertex_state.ts";
import { concatBytes } from "../streams/bytes.ts";
import { ByteBuffer } from "./byte_buffer.ts";
import { formatProgress, formatSeconds } from "./units.ts";

/** How many lines of a failed step are repeated at the end. */
const LAST_LINES = 10;
/**
 * How many bytes of a failed step are repeated at the most, as lines may be
 * very long.
 */
const MAX_LAST_BYTES = 64 * 1024;
const MIN_PROGRESS = 0.05;
const MIN_PROGRESS_MS = 5000;
const NEWLINE = 10;

const LINE_END = new Uint8Array([NEWLINE]);
const decoder = new TextDecoder();

/**
 * The plain display's record of a step: what was printed already, and what
 * waits to be printed.
 */
export class PlainVertex {
  /** The step's state; it may be ahead of the events that were read here. */
  readonly state: VertexState;
  /** The step's state at the last event that was read here. */
  moment: VertexMoment | undefined;
  /** Its number in the output; 0 before it is printed the first time. */
  index = 0;
  /** How many events came since the output last turned to another step. */
  count = 0;
  /** When the first of these events came. */
  since = 0;
  /**
   * The last vertex event in a short form, to recognise events that say nothing
   * new.
   */
  seen = "";
  /** Whether the last line has no end yet. */
  partial = false;
  /** Actions inside the step whose progress changed since it was printed. */
  readonly #changed = new Map<string, StatusEvent>();
  readonly #printed = new Map<string, StatusEvent>();
  /** How many warnings were read, and how many of them were printed. */
  #warnings = 0;
  #warned = 0;
  /**
   * Output that waits to be printed, line by line; the prefix `#1 ` is added
   * when the step has its number.
   */
  readonly #logs = new ByteBuffer();
  #prefix = "";
  /** The last lines that were printed. */
  #last: Uint8Array = new Uint8Array();
  /**
   * Whether the last of these lines was broken off because another step was
   * printed.
   */
  #left = false;

  /** @param state The step's state. */
  constructor(state: VertexState) {
    this.state = state;
  }

  /**
   * When the step ended; undefined if it has not begun, or if it runs (again).
   */
  get completed(): number | undefined {
    return this.moment?.intervals.at(-1)?.stop;
  }

  /** Whether the step runs. */
  get running(): boolean {
    const last = this.moment?.intervals.at(-1);
    return last !== undefined && last.stop === undefined;
  }

  /** How many bytes wait to be printed. */
  get waiting(): number {
    return this.#logs.length;
  }

  /** Counts one event. */
  touch(now: number): void {
    if (this.count === 0) this.since = now;
    this.count++;
  }

  /**
   * Adds output of the step; each line gets the step's number and the time
   * since its start.
   */
  log(event: LogEvent): void {
    const { bytes } = event;
    const prefix = this.#prefix + this.#timeOf(event);
    const logs = this.#logs;
    for (let from = 0; from < bytes.length;) {
      if (!this.partial) logs.ascii(prefix);
      const end = bytes.indexOf(NEWLINE, from);
      this.partial = end < 0;
      const to = end < 0 ? bytes.length : end + 1;
      logs.bytes(bytes, from, to);
      from = to;
    }
  }

  /** Remembers the progress of an action inside the step. */
  status(event: StatusEvent): void {
    this.#changed.set(event.id, event);
  }

  /** Counts a warning about the step. */
  warn(): void {
    this.#warnings++;
  }

  /** Gives the step its number. */
  number(index: number): void {
    this.index = index;
    this.#prefix = `#${index} `;
    this.#numberLogs();
  }

  /** Ends an unfinished line, because something else is printed next. */
  endLine(out: ByteBuffer): void {
    if (this.#openAt() === this.#last.length || this.#left) return;
    out.newline();
    this.#left = true;
  }

  /** Marks that the output turns to another step. */
  leave(out: ByteBuffer): void {
    this.endLine(out);
    this.count = 0;
    out.text(`#${this.index} ...\n`);
  }

  /**
   * Prints what is new.
   *
   * @returns Whether an action inside the step still runs.
   */
  print(out: ByteBuffer): boolean {
    const open = this.#printStatuses(out);
    const warnings = this.state.warnings.slice(this.#warned, this.#warnings);
    for (const { short } of warnings) {
      out.text(`#${this.index} WARN: ${short}\n`);
    }
    this.#warned += warnings.length;
    this.#printLogs(out);
    return open;
  }

  /** Prints how the step ended. */
  printEnd(out: ByteBuffer): void {
    if (this.partial) {
      if (!this.#left) out.newline();
      this.#last = concatBytes(this.#last, LINE_END);
      this.partial = false;
    }
    this.count = 0;
    // Frees the memory: there may be hundreds of steps.
    this.#logs.release();
    const { error, cached, intervals } = this.moment!;
    const end = error !== undefined
      ? (isCanceled(error) ? "CANCELED" : `ERROR: ${error}`)
      : cached
      ? "CACHED"
      : `DONE ${formatSeconds(totalDuration(intervals, 0))}s`;
    out.text(`#${this.index} ${end}\n`);
  }

  /** The last lines of the output, with their times. */
  lastLines(): readonly string[] {
    const lines = decoder.decode(this.#last).split("\n");
    if (lines.at(-1) === "") lines.pop();
    return lines.slice(-LAST_LINES).map((line) => line.replace(/^#\d+ /, ""));
  }

  #timeOf(event: LogEvent): string {
    const started = this.moment?.intervals.at(-1)?.start;
    const seconds = started === undefined ? 0 : (event.time - started) / 1000;
    const decimals = seconds < 10 ? 3 : seconds < 100 ? 2 : 1;
    return `${seconds.toFixed(decimals)} `;
  }

  /** Puts the number before the lines that came while the step had none. */
  #numberLogs(): void {
    const lines = this.#logs.take();
    for (let from = 0; from < lines.length;) {
      const end = lines.indexOf(NEWLINE, from);
      const to = end < 0 ? lines.length : end + 1;
      this.#logs.ascii(this.#prefix);
      this.#logs.bytes(lines, from, to);
      from = to;
    }
  }

  #printStatuses(out: ByteBuffer): boolean {
    let open = false;
    for (const id of this.state.statuses.keys()) {
      const status = this.#changed.get(id);
      if (status?.started === undefined) continue;
      const last = this.#printed.get(status.id);
      const done = status.completed !== undefined;
      if (last !== undefined && !done && !hasMoved(last, status)) continue;
      this.#printed.set(status.id, status);
      open ||= !done;
      out.text(`#${this.index} ${formatStatus(status)}\n`);
    }
    this.#changed.clear();
    return open;
  }

  #printLogs(out: ByteBuffer): void {
    const logs = this.#logs.view();
    if (logs.length === 0) return;
    // A line that was broken off is printed again from its start.
    if (this.#left) out.bytes(this.#last, this.#openAt());
    this.#left = false;
    out.bytes(logs);
    this.#last = lastLines(this.#last, logs);
    this.#logs.clear();
  }

  /** The index in the last lines at which the unfinished line begins. */
  #openAt(): number {
    return this.#last.lastIndexOf(NEWLINE) + 1;
  }
}

/** The last lines of two texts that follow each other. */
function lastLines(before: Uint8Array, text: Uint8Array): Uint8Array {
  const joined = concatBytes(before, text);
  return joined.slice(lastLinesAt(joined));
}

/**
 * The index at which the last lines begin: 0 if there are too few lines, each of
 * which begins with the step's number.
 */
function lastLinesAt(text: Uint8Array): number {
  let at = text.length;
  // To keep n lines, the line end before them has to be found, too.
  for (let ends = 0; ends <= LAST_LINES; ends++) {
    at = text.lastIndexOf(NEWLINE, at - 1);
    if (at < 0) break;
  }
  const first = at + 1;
  return Math.max(first, text.length - MAX_LAST_BYTES);
}

function hasMoved(last: StatusEvent, status: StatusEvent): boolean {
  const { total } = status;
  const moved = total ? (status.current - last.current) / total : 0;
  return moved >= MIN_PROGRESS || status.time - last.time >= MIN_PROGRESS_MS;
}

function formatStatus(status: StatusEvent): string {
  const { id, current, total, started, completed, time } = status;
  const progress = formatProgress(current, total);
  const ms = (completed ?? time) - started!;
  return [
    id,
    ...(progress === "" ? [] : [progress]),
    ...(ms > 10 ? [`${formatSeconds(ms)}s`] : []),
    ...(completed === undefined ? [] : ["done"]),
  ].join(" ");
}

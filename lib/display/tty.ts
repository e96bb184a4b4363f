import type { BuildEvent } from "../progress/event.ts";
import { BuildState } from "../progress/state.ts";
import { isCanceled } from "../progress/vertex_state.ts";
import { ByteBuffer } from "./byte_buffer.ts";
import type { Display } from "./display.ts";
import { printable } from "./printable.ts";
import type { TerminalSize } from "./terminal.ts";
import { textWidth, truncate } from "./text_width.ts";
import { allLines, layOut, type Room } from "./tty_layout.ts";
import type { Paint, TtyLine } from "./tty_lines.ts";
import { formatSeconds } from "./units.ts";

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const ERASE_LINE_END = "\x1b[K";
const ERASE_BELOW = "\x1b[J";
const RESET = "\x1b[0m";
const COLORS: Record<Paint, string> = {
  none: "",
  done: "\x1b[34m",
  error: "\x1b[31m",
  canceled: "\x1b[33m",
  log: "\x1b[2m",
};
/** How much of a failed step's output is told at the end. */
const FAILURE_LINES = 1000;
const FAILURE_BYTES = 64 * 1024;

/** What a {@linkcode TtyDisplay} should know. */
export interface TtyOptions {
  /** Asked before each frame. */
  readonly size: () => TerminalSize;
  /** Whether to use colours. */
  readonly color: boolean;
  /** Gives a line to be shown below the steps, if there is one; asked before each frame. */
  readonly notice?: (() => string | undefined) | undefined;
}

/**
 * Paints a build over and over into the same lines of a terminal, as buildx
 * does. A frame is one chunk: it hides the cursor, goes up to its first line,
 * overwrites, and shows the cursor again, so that no ending leaves it hidden.
 */
export class TtyDisplay implements Display {
  readonly intervalMs = 80;
  readonly #size: () => TerminalSize;
  readonly #color: boolean;
  readonly #notice: () => string | undefined;
  readonly #state = new BuildState({ tailBytes: FAILURE_BYTES });
  readonly #out = new ByteBuffer(4096);
  /** Widths of the lines of the last frame. */
  #widths: readonly number[] = [];
  /** The engine's clock behind ours. */
  #clockSkew: number | undefined;
  #started: number | undefined;

  /** Starts with an empty screen. */
  constructor(options: TtyOptions) {
    this.#size = options.size;
    this.#color = options.color;
    this.#notice = options.notice ?? (() => undefined);
  }

  update(events: readonly BuildEvent[], now: number): boolean {
    for (const event of events) {
      const vertex = this.#state.apply(event);
      if (event.type === "vertex" && event.started !== undefined) {
        // Only what runs or failed has its output shown.
        if (!vertex?.running && vertex?.error === undefined) {
          vertex?.tail.clear();
        }
        this.#clockSkew ??= now - event.started;
        this.#started ??= event.started;
      }
    }
    return false;
  }

  render(now: number): Uint8Array {
    const { columns, rows } = this.#size();
    // The last column is left free: writing there makes a line wrap or not,
    // and the last row, as the cursor waits there.
    const room: Room = {
      columns: Math.max(1, columns - 1),
      rows: Math.max(0, rows - 2),
      now: now - (this.#clockSkew ?? 0),
    };
    this.#frame([this.#header(room, ""), ...this.#layOut(room)], columns);
    return this.#out.take();
  }

  end(now: number): Uint8Array {
    const { columns } = this.#size();
    const room: Room = {
      columns: Math.max(1, columns - 1),
      rows: Infinity,
      now: now - (this.#clockSkew ?? 0),
    };
    const { total, completed } = this.#state.count();
    const over = total > 0 && total === completed ? " FINISHED" : "";
    const lines = allLines(this.#state.vertices, room);
    this.#frame([this.#header(room, over), ...lines], columns);
    this.#printFailures(room.columns);
    return this.#out.take();
  }

  #layOut(room: Room): TtyLine[] {
    const all = this.#ownLines(room);
    const own = all.slice(Math.max(0, all.length - room.rows));
    const rows = room.rows - own.length;
    return [...layOut(this.#state.vertices, { ...room, rows }), ...own];
  }

  /** What is told of no step. */
  #ownLines({ columns }: Room): TtyLine[] {
    const warnings = this.#state.warnings
      .filter(({ vertex }) => vertex === undefined).slice(-3)
      .map(({ short }) => ` => WARN: ${printable(short)}`);
    const notice = this.#notice();
    return [...warnings, ...(notice === undefined ? [] : [notice])].map(
      (text) => ({
        text: truncate(text, columns),
        paint: "canceled",
        running: false,
        vertex: undefined,
      }),
    );
  }

  #header(room: Room, over: string): TtyLine {
    const { total, completed } = this.#state.count();
    const seconds = formatSeconds(
      this.#started === undefined ? 0 : Math.max(0, room.now - this.#started),
    );
    return {
      text: truncate(
        `[+] Building ${seconds}s (${completed}/${total})${over}`,
        room.columns,
      ),
      paint: "none",
      running: true,
      vertex: undefined,
    };
  }

  #frame(lines: readonly TtyLine[], columns: number): void {
    const out = this.#out;
    // A narrower terminal has broken the lines of the last frame into more.
    const rows = this.#widths.reduce(
      (sum, width) => sum + Math.max(1, Math.ceil(width / columns)),
      0,
    );
    out.text(HIDE_CURSOR + (rows === 0 ? "" : `\x1b[${rows}A`) + "\r");
    for (const { text, paint } of lines) {
      const color = this.#color ? COLORS[paint] : "";
      out.text(
        color + text + (color === "" ? "" : RESET) + ERASE_LINE_END + "\r\n",
      );
    }
    out.text(ERASE_BELOW + SHOW_CURSOR);
    this.#widths = lines.map(({ text }) => textWidth(text));
  }

  #printFailures(columns: number): void {
    for (const { error, name, tail } of this.#state.vertices) {
      if (error === undefined || isCanceled(error)) continue;
      const lines = tail.lines(FAILURE_LINES).map(printable);
      this.#out.text(
        [
          "------",
          truncate(` > ${printable(name)}:`, columns),
          ...lines,
          "------",
          "",
        ].join("\r\n"),
      );
    }
  }
}

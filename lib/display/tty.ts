import type { BuildEvent } from "../progress/event.ts";
import type { BuildState } from "../progress/state.ts";
import { isCanceled } from "../progress/vertex_state.ts";
import type { Display } from "./display.ts";
import { printable } from "./printable.ts";
import type { TerminalSize } from "./terminal.ts";
import { truncate } from "./text_width.ts";
import { allLines, layOut, type Room } from "./tty_layout.ts";
import type { TtyLine } from "./tty_lines.ts";
import { type TtyBuild, TtyScreen } from "./tty_screen.ts";
import { formatSeconds } from "./units.ts";

export { TtyScreen } from "./tty_screen.ts";

/** How many lines of a failed step's output are printed at the end. */
const FAILURE_LINES = 1000;

/** Options of a {@linkcode TtyDisplay}. */
export interface TtyOptions {
  /**
   * The state of the build. A frame shows it as it is, also if it is ahead of
   * the events that came here.
   */
  readonly state: BuildState;
  /** Returns the terminal's size; called before each frame. */
  readonly size: () => TerminalSize;
  /** Whether to use colours. */
  readonly color: boolean;
  /**
   * Returns a line to show below the steps, or undefined; called before each
   * frame.
   */
  readonly notice?: (() => string | undefined) | undefined;
  /**
   * The screen that the build shares with other builds; a new one if not given.
   */
  readonly screen?: TtyScreen;
  /**
   * Returns the build's name, or undefined if the build is alone on the output.
   */
  readonly name?: () => string | undefined;
  /**
   * The clock for frames that are painted because of other builds, in
   * milliseconds.
   */
  readonly now?: (() => number) | undefined;
}

/**
 * Paints a build again and again into the same lines of a terminal, as buildx
 * does.
 */
export class TtyDisplay implements Display, TtyBuild {
  readonly intervalMs = 80;
  readonly isFrame = true;
  readonly color: boolean;
  readonly now: () => number;
  readonly #screen: TtyScreen;
  readonly #name: () => string | undefined;
  readonly #size: () => TerminalSize;
  readonly #notice: () => string | undefined;
  readonly #state: BuildState;
  /** How far the engine's clock is behind ours, in milliseconds. */
  #clockSkew: number | undefined;
  #started: number | undefined;

  /** Adds an empty block to the screen, below those of other builds. */
  constructor(options: TtyOptions) {
    this.#state = options.state;
    this.#size = options.size;
    this.color = options.color;
    this.#notice = options.notice ?? (() => undefined);
    this.#screen = options.screen ?? new TtyScreen();
    this.#name = options.name ?? (() => undefined);
    this.now = options.now ?? Date.now;
    this.#screen.add(this);
  }

  update(events: readonly BuildEvent[], now: number): boolean {
    for (const event of events) {
      if (event.type === "vertex" && event.started !== undefined) {
        this.#clockSkew ??= now - event.started;
        this.#started ??= event.started;
      }
    }
    return false;
  }

  render(now: number): Uint8Array {
    return this.#screen.paint(this, this.#size(), now);
  }

  end(now: number): Uint8Array {
    const size = this.#size();
    const columns = Math.max(1, size.columns - 1);
    const room = this.#room(columns, Infinity, now);
    const { total, completed } = this.#state.count();
    const over = total > 0 && total === completed ? " FINISHED" : "";
    const lines = allLines(this.#state.vertices, room);
    return this.#screen.end(
      this,
      [this.#header(room, over), ...lines],
      this.#failures(columns),
      size,
    );
  }

  lines(columns: number, rows: number, now: number): TtyLine[] {
    const room = this.#room(columns, rows - 1, now);
    return [this.#header(room, ""), ...this.#layOut(room)];
  }

  #room(columns: number, rows: number, now: number): Room {
    return { columns, rows, now: now - (this.#clockSkew ?? 0) };
  }

  #layOut(room: Room): TtyLine[] {
    const all = this.#ownLines(room);
    const own = all.slice(Math.max(0, all.length - room.rows));
    const rows = room.rows - own.length;
    return [...layOut(this.#state.vertices, { ...room, rows }), ...own];
  }

  /**
   * The lines that belong to no step: the build's own warnings, and the notice.
   */
  #ownLines({ columns }: Room): TtyLine[] {
    const warnings = this.#state.warnings
      .filter(({ vertex }) => vertex === undefined).slice(-3)
      .map(({ short }) => ` => WARN: ${printable(short)}`);
    const notice = this.#notice();
    return [...warnings, ...(notice === undefined ? [] : [notice])].map(
      (text) => ({
        text: truncate(text, columns),
        paint: "canceled",
      }),
    );
  }

  #header(room: Room, over: string): TtyLine {
    const { total, completed } = this.#state.count();
    const seconds = formatSeconds(
      this.#started === undefined ? 0 : Math.max(0, room.now - this.#started),
    );
    const name = this.#name();
    return {
      text: truncate(
        `[+] Building ${
          name === undefined ? "" : `${name} `
        }${seconds}s (${completed}/${total})${over}`,
        room.columns,
      ),
      paint: "none",
    };
  }

  #failures(columns: number): string {
    let text = "";
    for (const { error, name, tail } of this.#state.vertices) {
      if (error === undefined || isCanceled(error)) continue;
      const lines = tail.lines(FAILURE_LINES).map(printable);
      text += [
        "------",
        truncate(` > ${printable(name)}:`, columns),
        ...lines,
        "------",
        "",
      ].join("\r\n");
    }
    return text;
  }
}

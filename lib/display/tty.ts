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

/** How many lines of a failed step's output are told at the end. */
const FAILURE_LINES = 1000;

/** What a {@linkcode TtyDisplay} should know. */
export interface TtyOptions {
  /** What is known of the build; frames show it as it is, also where it is ahead of the events. */
  readonly state: BuildState;
  /** Asked before each frame. */
  readonly size: () => TerminalSize;
  /** Whether to use colours. */
  readonly color: boolean;
  /** Gives a line to be shown below the steps, if there is one; asked before each frame. */
  readonly notice?: (() => string | undefined) | undefined;
  /** The screen that it shares with other builds; one of its own unless given. */
  readonly screen?: TtyScreen;
  /** What the build is called, where there are others. */
  readonly name?: () => string | undefined;
  /** The clock of frames that other builds ask for. */
  readonly now?: () => number;
}

/** Paints a build over and over into the same lines of a terminal, as buildx does. */
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
  /** The engine's clock behind ours. */
  #clockSkew: number | undefined;
  #started: number | undefined;

  /** Starts with a block without steps, below those of other builds. */
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
    const name = this.#name();
    return {
      text: truncate(
        `[+] Building ${
          name === undefined ? "" : `${name} `
        }${seconds}s (${completed}/${total})${over}`,
        room.columns,
      ),
      paint: "none",
      running: true,
      vertex: undefined,
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

import { ByteBuffer } from "./byte_buffer.ts";
import { textWidth } from "./text_width.ts";
import type { Paint, TtyLine } from "./tty_lines.ts";

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
/**
 * A frame younger than this is not painted again, in milliseconds: with several
 * builds each of them asks for frames.
 */
const YOUNG_MS = 40;

/** A build on a {@linkcode TtyScreen}. */
export interface TtyBuild {
  /** Whether to use colours. */
  readonly color: boolean;
  /** The current time of the build's clock, in milliseconds. */
  now(): number;
  /**
   * The lines that show the build while it runs.
   *
   * @param rows How many lines there may be; 1 or more.
   */
  lines(columns: number, rows: number, now: number): TtyLine[];
}

/** Size of a terminal, in characters. */
interface Size {
  readonly columns: number;
  readonly rows: number;
}

/**
 * The lines of a terminal that are painted again and again: one block for each
 * running build, below each other. Builds that have ended stay above them and
 * are not painted any more.
 *
 * A frame is one chunk: it hides the cursor, goes up to its first line,
 * overwrites the lines, and shows the cursor again, so that the cursor is
 * visible even if the program ends after any frame.
 */
export class TtyScreen {
  readonly #builds = new Set<TtyBuild>();
  readonly #out = new ByteBuffer();
  /** Widths of the lines of the last frame. */
  #widths: readonly number[] = [];
  #size: Size = { columns: 80, rows: 24 };
  #painted = -Infinity;

  /** Adds a build below the others. */
  add(build: TtyBuild): void {
    this.#builds.add(build);
  }

  /**
   * Paints a frame on behalf of one of the builds; empty if the last frame is
   * young enough.
   */
  paint(by: TtyBuild, size: Size, now: number): Uint8Array {
    const time = performance.now();
    const isYoung = time - this.#painted < YOUNG_MS;
    const isResized = size.columns !== this.#size.columns ||
      size.rows !== this.#size.rows;
    if (this.#builds.size > 1 && isYoung && !isResized) return this.#out.take();
    this.#painted = time;
    this.#up(size);
    this.#size = size;
    this.#frame((build) => build === by ? now : build.now());
    this.#out.text(SHOW_CURSOR);
    return this.#out.take();
  }

  /**
   * Removes a build from the frames: its final lines, and a text below them,
   * stay above the frame.
   */
  end(
    build: TtyBuild,
    lines: readonly TtyLine[],
    text: string,
    size: Size,
  ): Uint8Array {
    this.#builds.delete(build);
    this.#up(size);
    this.#size = size;
    for (const line of lines) this.#line(line, build.color);
    this.#out.text(ERASE_BELOW + text);
    this.#widths = [];
    if (this.#builds.size > 0) this.#frame((build) => build.now());
    this.#out.text(SHOW_CURSOR);
    return this.#out.take();
  }

  /**
   * Puts text above the frame: whole lines that belong to no build on this
   * screen.
   */
  above(text: Uint8Array): Uint8Array {
    if (this.#builds.size === 0) return text;
    this.#up(this.#size);
    this.#out.text(ERASE_BELOW);
    this.#out.bytes(text);
    this.#frame((build) => build.now());
    this.#out.text(SHOW_CURSOR);
    return this.#out.take();
  }

  /** Moves the cursor to the first line of the last frame. */
  #up({ columns }: Size): void {
    // If the terminal became narrower, it has wrapped the lines of the last
    // frame.
    const rows = this.#widths.reduce(
      (sum, width) => sum + Math.max(1, Math.ceil(width / columns)),
      0,
    );
    this.#out.text(HIDE_CURSOR + (rows === 0 ? "" : `\x1b[${rows}A`) + "\r");
  }

  #frame(nowOf: (build: TtyBuild) => number): void {
    // The last column is left free, because terminals differ in whether a
    // character there wraps the line; so is the last row, where the cursor
    // waits.
    const columns = Math.max(1, this.#size.columns - 1);
    const rows = Math.max(1, this.#size.rows - 1);
    const builds = [...this.#builds];
    const shown = builds.length > rows
      ? builds.slice(0, Math.max(1, rows - 1))
      : builds;
    const lines = shown.map((build) =>
      build.lines(columns, rows, nowOf(build))
    );
    const isShort = shown.length < builds.length && rows > 1;
    const shares = share(
      lines.map(({ length }) => length),
      isShort ? rows - 1 : rows,
    );
    const widths: number[] = [];
    for (const [index, build] of shown.entries()) {
      const all = lines[index]!;
      const fitting = all.length <= shares[index]!
        ? all
        : build.lines(columns, shares[index]!, nowOf(build));
      for (const line of fitting) {
        this.#line(line, build.color);
        widths.push(textWidth(line.text));
      }
    }
    if (isShort) {
      const text = `[+] and ${builds.length - shown.length} more`.slice(
        0,
        columns,
      );
      this.#out.text(text + ERASE_LINE_END + "\r\n");
      widths.push(text.length);
    }
    this.#out.text(ERASE_BELOW);
    this.#widths = widths;
  }

  #line({ text, paint }: TtyLine, isColoured: boolean): void {
    const color = isColoured ? COLORS[paint] : "";
    this.#out.text(
      color + text + (color === "" ? "" : RESET) + ERASE_LINE_END + "\r\n",
    );
  }
}

/**
 * Divides `rows` among the builds: none gets more than it wants, and what it
 * does not want goes to the others.
 */
function share(wanted: readonly number[], rows: number): number[] {
  const shares = wanted.map(() => 0);
  const order = wanted.map((_, index) => index)
    .sort((a, b) => wanted[a]! - wanted[b]!);
  let free = rows;
  for (const [at, index] of order.entries()) {
    const fair = Math.floor(free / (order.length - at));
    shares[index] = Math.max(1, Math.min(wanted[index]!, fair));
    free -= shares[index];
  }
  return shares;
}

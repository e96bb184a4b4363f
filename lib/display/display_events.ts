import type { BuildEvent } from "../progress/event.ts";
import { BuildState, SHOWN } from "../progress/state.ts";
import type { Display } from "./display.ts";
import { type LineMark, NamedLines } from "./named_lines.ts";
import { printable } from "./printable.ts";
import { SharedOutput } from "./shared_output.ts";
import {
  canRepaint,
  ownTerminal,
  type Terminal,
  type TerminalSize,
  wantsColor,
} from "./terminal.ts";

/**
 * How a build is shown: `tty` repaints lines of a terminal, `plain` is text
 * that only grows, `rawjson` is JSON for programs, `quiet` prints only the
 * image's id, and `auto` is `tty` on a terminal, unless `TERM` is `dumb`, and
 * otherwise `plain`.
 */
export type DisplayMode = "auto" | "tty" | "plain" | "rawjson" | "quiet";

/** The part of `Deno.stdout` and `Deno.stderr` that a display uses. */
export interface DisplayFile {
  /** The stream that is written to. */
  readonly writable: WritableStream<Uint8Array<ArrayBuffer>>;
  /** Whether the file is a terminal. */
  isTerminal?(): boolean;
}

/** How a build is shown; see {@linkcode displayBuild} for the rest. */
export interface DisplayOptions {
  /**
   * The mode of the display.
   *
   * @default {"auto"}
   */
  readonly mode?: DisplayMode | undefined;
  /**
   * The build's name, used where several builds are shown on one output.
   *
   * @default The image's first name, or `build` if it has none.
   */
  readonly name?: string | undefined;
  /**
   * The terminal that is written to, or its size if that doesn't change. If it
   * is given, `auto` means `tty`.
   *
   * @default The terminal of this program.
   */
  readonly terminal?: Terminal | TerminalSize | undefined;
  /**
   * Whether to use colours in a terminal.
   *
   * @default Yes, unless `NO_COLOR` is set, or `TERM` is `dumb`.
   */
  readonly color?: boolean | undefined;
  /**
   * Returns a line to show below the steps in a terminal; called for each
   * frame. A program uses it instead of writing to the terminal, where the next
   * frame would overwrite its text.
   */
  readonly notice?: (() => string | undefined) | undefined;
  /**
   * The clock, in milliseconds.
   * @default {Date.now}
   */
  readonly now?: (() => number) | undefined;
}

/**
 * Shows a build until its events end, and then its summary. The output is not
 * closed.
 *
 * @param events The events, one by one or in batches (those that came in one
 * message).
 * @param output A stream, or a file such as `Deno.stderr`.
 * @param known The state of the build that these events belong to, if it is
 * kept elsewhere; otherwise the display keeps one itself.
 * @throws What the events throw, after all is shown; and what the output
 * throws.
 */
export async function displayEvents(
  events: AsyncIterable<BuildEvent | readonly BuildEvent[]>,
  output: WritableStream<Uint8Array<ArrayBuffer>> | DisplayFile,
  options: DisplayOptions = {},
  known?: BuildState,
): Promise<void> {
  const { terminal, now = Date.now } = options;
  const mode = modeOf(output, options);
  // Before the first await, so that displays which are started together see
  // from their first line on that they share the output.
  const shared = SharedOutput.join(
    output instanceof WritableStream ? output : output.writable,
  );
  const state = known ??
    new BuildState(mode === "tty" ? SHOWN : { tailBytes: 0 });
  let display: Display;
  try {
    display = await createDisplay(mode, state, shared, options);
  } catch (error) {
    shared.leave();
    throw error;
  }
  const screen = new Screen(display, shared, now);
  const unwatch = mode === "tty"
    ? watchSize(terminal, () => screen.show())
    : undefined;
  try {
    for await (const item of events) {
      const batch: readonly BuildEvent[] = isBatch(item) ? item : [item];
      if (known === undefined) {
        for (const event of batch) state.apply(event);
      }
      const full = display.update(batch, now());
      await screen.updated(full);
    }
  } finally {
    unwatch?.();
    screen.stop();
    try {
      await screen.write(display.end(now()));
    } finally {
      shared.leave();
    }
  }
}

function isBatch(
  item: BuildEvent | readonly BuildEvent[],
): item is readonly BuildEvent[] {
  return Array.isArray(item);
}

/** The mode, with `auto` replaced by `tty` or `plain`. */
function modeOf(
  output: WritableStream<Uint8Array<ArrayBuffer>> | DisplayFile,
  { mode = "auto", terminal }: DisplayOptions,
): DisplayMode {
  if (mode !== "auto") return mode;
  const onTerminal = terminal !== undefined ||
    !(output instanceof WritableStream) && canRepaint(output);
  return onTerminal ? "tty" : "plain";
}

/**
 * Loads and makes the display of a mode; the code of other modes is not loaded.
 */
async function createDisplay(
  mode: DisplayMode,
  state: BuildState,
  output: SharedOutput,
  options: DisplayOptions,
): Promise<Display> {
  const name = output.name(printable(options.name ?? "build"));
  const named = (display: Display, mark: LineMark) =>
    new NamedLines(display, mark, () => output.isShared);
  switch (mode) {
    case "plain": {
      const { PlainDisplay } = await import("./plain.ts");
      return named(new PlainDisplay(state), { text: `${name} | `, skip: 0 });
    }
    case "rawjson": {
      const { RawJsonDisplay } = await import("./rawjson.ts");
      const text = `{"build":${JSON.stringify(name)},`;
      return named(new RawJsonDisplay(), { text, skip: "{".length });
    }
    case "quiet":
      return new (await import("./quiet.ts")).QuietDisplay();
    case "tty": {
      const { TtyDisplay, TtyScreen } = await import("./tty.ts");
      return new TtyDisplay({
        state,
        size: sizeOf(options.terminal),
        color: options.color ?? wantsColor(),
        notice: options.notice,
        screen: output.screen ??= new TtyScreen(),
        name: () => output.isShared ? name : undefined,
        now: options.now,
      });
    }
    default:
      throw new TypeError(
        `Cannot display in mode "${mode}": expected auto, tty, plain, rawjson or quiet`,
      );
  }
}

function sizeOf(
  terminal: Terminal | TerminalSize | undefined,
): () => TerminalSize {
  if (terminal === undefined) return ownTerminal.size;
  return "size" in terminal ? () => terminal.size() : () => terminal;
}

function watchSize(
  terminal: Terminal | TerminalSize | undefined,
  changed: () => void,
): (() => void) | undefined {
  if (terminal === undefined) return ownTerminal.watch?.(changed);
  return "size" in terminal ? terminal.watch?.(changed) : undefined;
}

/** Decides when a display renders, and writes the result to the output. */
class Screen {
  readonly #display: Display;
  readonly #output: SharedOutput;
  readonly #now: () => number;
  #shown = -Infinity;
  readonly #over = new AbortController();
  #isCounting = false;
  #written: Promise<void> = Promise.resolve();
  #failure: { error: unknown } | undefined;

  constructor(
    display: Display,
    output: SharedOutput,
    now: () => number,
  ) {
    this.#display = display;
    this.#output = output;
    this.#now = now;
    if (display.isFrame) this.#count();
  }

  /** Lets the running times go on counting while no event comes. */
  #count(): void {
    const { intervalMs } = this.#display;
    if (this.#isCounting || intervalMs <= 0 || intervalMs === Infinity) return;
    this.#isCounting = true;
    const { signal } = this.#over;
    // The first timer of a program takes 5 ms, a signal's time less than one: a
    // build that is over in the first interval needs no timer.
    AbortSignal.timeout(intervalMs).addEventListener("abort", () => {
      this.show();
      const timer = setInterval(() => this.show(), intervalMs);
      signal.addEventListener("abort", () => clearInterval(timer));
    }, { signal });
  }

  /**
   * Called after an update: renders if the interval has passed, and waits if
   * the output is slow.
   */
  async updated(full: boolean): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#count(); // text that only grows has nothing to count before
    if (full || this.#now() - this.#shown >= this.#display.intervalMs) {
      this.show();
      await this.#written;
    }
  }

  /** Renders and writes, unless the output is full. */
  show(): void {
    // The output has not taken the last frame yet: this one is skipped.
    if (this.#output.isFull) return;
    const now = this.#now();
    this.#shown = now;
    this.#written = this.write(this.#display.render(now)).catch((error) => {
      this.#failure ??= { error };
    });
  }

  stop(): void {
    this.#over.abort();
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#output.write(bytes, this.#display.isFrame === true);
  }
}

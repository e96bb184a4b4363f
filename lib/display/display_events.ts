import type { BuildEvent } from "../progress/event.ts";
import { BuildState, SHOWN } from "../progress/state.ts";
import type { Display } from "./display.ts";
import { type LineMark, NamedLines } from "./named_lines.ts";
import { printable } from "./printable.ts";
import { SharedOutput } from "./shared_output.ts";
import {
  ownTerminal,
  type Terminal,
  type TerminalSize,
  wantsColor,
} from "./terminal.ts";

/**
 * How a build is shown: `tty` paints into a terminal, `plain` is a text that
 * grows, `rawjson` is for programs, `quiet` gives the image's id only, and
 * `auto` is `tty` on a terminal and else `plain`.
 */
export type DisplayMode = "auto" | "tty" | "plain" | "rawjson" | "quiet";

/** What `Deno.stdout` and `Deno.stderr` are, besides plain streams. */
export interface DisplayFile {
  /** Where the bytes go. */
  readonly writable: WritableStream<Uint8Array<ArrayBuffer>>;
  /** Whether it is a terminal. */
  isTerminal?(): boolean;
}

/** How {@linkcode displayEvents} shows. */
export interface DisplayOptions {
  /**
   * How it is shown.
   *
   * @default {"auto"}
   */
  readonly mode?: DisplayMode | undefined;
  /**
   * What the build is called where several are shown on one output.
   *
   * @default The image's first name, else `build`.
   */
  readonly name?: string | undefined;
  /**
   * The terminal that is written to, or its size if that doesn't change. With
   * it, `auto` means `tty`.
   *
   * @default The terminal of this program.
   */
  readonly terminal?: Terminal | TerminalSize | undefined;
  /**
   * Whether to use colours in a terminal.
   *
   * @default Yes, unless `NO_COLOR` is set.
   */
  readonly color?: boolean | undefined;
  /**
   * A line to be shown below the steps in a terminal, asked for with each frame:
   * what a program writes there itself, the frames would run over.
   */
  readonly notice?: (() => string | undefined) | undefined;
  /**
   * The clock, in milliseconds.
   * @default {Date.now}
   */
  readonly now?: (() => number) | undefined;
}

/**
 * Shows a build until its events end, and then what there is to say at the
 * end. The output is not closed.
 *
 * @param events One by one, or in batches, as they come with a message.
 * @param output A stream, or a file such as `Deno.stderr`.
 * @param known What is known of the build whose events these are; one is made of
 * the events unless given.
 * @throws What the events throw, after all is shown; and what the output throws.
 */
export async function displayEvents(
  events: AsyncIterable<BuildEvent | readonly BuildEvent[]>,
  output: WritableStream<Uint8Array<ArrayBuffer>> | DisplayFile,
  options: DisplayOptions = {},
  known?: BuildState,
): Promise<void> {
  const { terminal, now = Date.now } = options;
  const mode = modeOf(output, options);
  // At once: those that are started together know of each other from the start.
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

/** What `auto` comes to. */
function modeOf(
  output: WritableStream<Uint8Array<ArrayBuffer>> | DisplayFile,
  { mode = "auto", terminal }: DisplayOptions,
): DisplayMode {
  if (mode !== "auto") return mode;
  const onTerminal = terminal !== undefined ||
    !(output instanceof WritableStream) && output.isTerminal?.() === true;
  return onTerminal ? "tty" : "plain";
}

/** Only the display that is used is loaded. */
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
        now: options.now ?? Date.now,
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

/** Writes what a display renders, when it is time. */
class Screen {
  readonly #display: Display;
  readonly #output: SharedOutput;
  readonly #now: () => number;
  #shown = -Infinity;
  #timer: ReturnType<typeof setInterval> | undefined;
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
    const { intervalMs } = display;
    // Times go on while nothing comes.
    if (intervalMs > 0 && intervalMs < Infinity) {
      this.#timer = setInterval(() => this.show(), intervalMs);
    }
  }

  /** After an update: shows it if it is time, and waits for a slow output. */
  async updated(full: boolean): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (full || this.#now() - this.#shown >= this.#display.intervalMs) {
      this.show();
      await this.#written;
    }
  }

  /** Writes what there is to be written. */
  show(): void {
    // A frame that nobody could see yet makes the next one superfluous.
    if (this.#output.isFull) return;
    const now = this.#now();
    this.#shown = now;
    this.#written = this.write(this.#display.render(now)).catch((error) => {
      this.#failure ??= { error };
    });
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#output.write(bytes, this.#display.isFrame === true);
  }
}

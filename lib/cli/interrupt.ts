import { EXIT_INTERRUPTED } from "./exit.ts";
import { print } from "./print.ts";

const EXIT_CODES = { SIGINT: EXIT_INTERRUPTED, SIGTERM: 143 } as const;

/**
 * Turns the first Ctrl-C (or SIGTERM) into an abort, so that the build is
 * cancelled at the engine; the second one ends the program at once.
 */
export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #listeners: [Deno.Signal, () => void][] = [];
  /**
   * Tells the user what happens now. A display that repaints the terminal
   * replaces it, and shows the text itself.
   */
  tell: (text: string) => void = (text) => print(`\n${text}`, Deno.stderr);
  /** The exit code of the program, once it was interrupted. */
  exitCode: number = EXIT_INTERRUPTED;

  /** Starts to listen for the signals. */
  constructor() {
    for (const name of ["SIGINT", "SIGTERM"] as const) {
      const listener = () => this.#interrupted(EXIT_CODES[name]);
      Deno.addSignalListener(name, listener);
      this.#listeners.push([name, listener]);
    }
  }

  /** The signal that aborts with the first Ctrl-C. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Stops listening for the signals. */
  [Symbol.dispose](): void {
    for (const [name, listener] of this.#listeners) {
      Deno.removeSignalListener(name, listener);
    }
  }

  #interrupted(code: number): void {
    if (this.signal.aborted) Deno.exit(code);
    this.exitCode = code;
    this.tell("canceling; again to leave at once");
    this.#controller.abort(new DOMException("canceled", "AbortError"));
  }
}

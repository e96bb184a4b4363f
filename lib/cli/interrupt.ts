import { EXIT_INTERRUPTED } from "./exit.ts";
import { print } from "./print.ts";

const EXIT_CODES = { SIGINT: EXIT_INTERRUPTED, SIGTERM: 143 } as const;

/**
 * Turns the first Ctrl-C into an abort, so that the engine is told; the second
 * one leaves at once.
 */
export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #listeners: [Deno.Signal, () => void][] = [];
  /** Tells the user what happens now. Who paints the terminal says it there instead. */
  tell: (text: string) => void = (text) => print(`\n${text}`, Deno.stderr);
  /** How the program is to end, once it was interrupted. */
  exitCode: number = EXIT_INTERRUPTED;

  /** Listens from now on. */
  constructor() {
    for (const name of ["SIGINT", "SIGTERM"] as const) {
      const listener = () => this.#interrupted(EXIT_CODES[name]);
      Deno.addSignalListener(name, listener);
      this.#listeners.push([name, listener]);
    }
  }

  /** Aborts with the first Ctrl-C. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Listens no longer. */
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

import { withCallerSignal } from "./caller_signal.ts";
import { Broadcast, type BroadcastOptions } from "../streams/broadcast.ts";
import { HeldPromise } from "./held_promise.ts";
import { tellAtEnd, unheardText } from "./unheard.ts";

/** What is needed to start an {@linkcode Operation}. */
export interface OperationInit<Result, Item> {
  /**
   * What the operation is, in words for a message, such as `build of "app:1"`.
   */
  readonly what: string;
  /** The client's method that started it; its name is shown in a message. */
  readonly startedBy: { readonly name: string };
  /** The method that gives its end. @default {"wait"} */
  readonly endsWith?: "wait" | "result";
  /** How its items (messages or events) are kept for readers. */
  readonly items: Omit<BroadcastOptions<Item>, "onRead">;
  /** The caller's signal. */
  readonly signal: AbortSignal | undefined;
  /** Does the work; it stops when the signal is aborted. */
  readonly work: (
    signal: AbortSignal,
    items: Broadcast<Item>,
  ) => Promise<Result>;
  /** Masks secrets in a text. */
  readonly mask?: (text: string) => string;
}

/**
 * A task that starts with a call and runs to its end whether or not somebody
 * reads it: a build, a push, a pull.
 *
 * A failure that nobody sees is reported at the program's end; see
 * {@linkcode tellAtEnd}. Whoever awaits the result, or begins to read the
 * items, sees it, however late. Whoever cancels the operation does not need a
 * report.
 */
export class Operation<Result, Item> implements AsyncDisposable {
  /** The items (messages or events) for readers. */
  readonly items: Broadcast<Item>;
  /**
   * Resolves when the operation has ended and everything is closed; never
   * rejects.
   */
  readonly over: Promise<void>;
  readonly #init: OperationInit<Result, Item>;
  readonly #abort = new AbortController();
  readonly #result: Promise<Result>;
  /** Made during the caller's call, so that its stack shows that call. */
  readonly #origin = new Error();
  #isHeard = false;
  #isCutOff = false;
  #takeBack: (() => void) | undefined;

  /**
   * Starts the operation.
   *
   * @param refusal The error if it must not run. The work is then called with
   * an aborted signal, so that it can release what it was given.
   */
  constructor(init: OperationInit<Result, Item>, refusal?: Error) {
    this.#init = init;
    if (refusal !== undefined) this.cutOff(refusal);
    Error.captureStackTrace(this.#origin, init.startedBy as () => void);
    this.items = new Broadcast({ ...init.items, onRead: () => this.#hear() });
    const stop = this.#stopFor(init.signal);
    this.#result = init.work(stop, this.items);
    this.over = this.#result.then(
      () => this.items.close(),
      (error) => {
        // A caller's own reason is the caller's object, and told by its place.
        if (error !== stop.reason || this.#isCutOff) this.#addCall(error);
        const isCancelled = stop.aborted && !this.#isCutOff;
        if (!this.#isHeard && !isCancelled) this.#tellAtEnd(error);
        this.items.close({ error });
      },
    );
  }

  /** Waits for the result, and gives a part of it. */
  wait<Part>(part: (result: Result) => Part): Promise<Part> {
    return new HeldPromise(this.#result.then(part), () => this.#hear());
  }

  /** Stops the operation, and waits until everything is closed. */
  async cancel(reason?: unknown): Promise<void> {
    this.#hear();
    this.#abort.abort(reason);
    await this.over;
  }

  /** Stops the operation for a reason other than its caller's wish. */
  cutOff(reason: unknown): void {
    this.#isCutOff = !this.#abort.signal.aborted;
    this.#abort.abort(reason);
  }

  /**
   * Combines the signals. A wrong signal rejects the result, as every wrong
   * option does, and does not throw here.
   */
  #stopFor(signal: AbortSignal | undefined): AbortSignal {
    try {
      return withCallerSignal(this.#abort.signal, signal);
    } catch (error) {
      this.cutOff(error);
      return this.#abort.signal;
    }
  }

  /** The same as {@linkcode cancel}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.cancel();
  }

  /**
   * Adds the caller's lines to an error's stack, which has only davit's: the
   * work runs by itself, whoever waits for it. A reader of the error sees by
   * them which of several builds it was.
   */
  #addCall(error: unknown): void {
    if (!(error instanceof Error)) return;
    const call = this.#origin.stack?.match(/^\s+at .*(?:\n\s+at .*)*/m)?.[0];
    const { stack } = error;
    if (call === undefined || stack === undefined) return;
    if (stack.includes(call)) return;
    // An error that can't be changed stays as it is.
    Reflect.set(error, "stack", `${stack}\n${call}`);
  }

  #hear(): void {
    this.#isHeard = true;
    this.#takeBack?.();
    this.#takeBack = undefined;
  }

  #tellAtEnd(error: unknown): void {
    const { what, startedBy, endsWith = "wait", mask } = this.#init;
    this.#origin.message = unheardText(
      `The ${what} failed, and nothing in this program reads how it ends: await its ${endsWith}(), as in "await docker.${startedBy.name}(…).${endsWith}()"`,
      error,
      mask,
    );
    this.#takeBack = tellAtEnd(this.#origin);
  }
}

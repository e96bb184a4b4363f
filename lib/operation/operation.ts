import { withCallerSignal } from "./caller_signal.ts";
import { Broadcast, type BroadcastOptions } from "../streams/broadcast.ts";
import { HeldPromise } from "./held_promise.ts";
import { tellAtEnd, unheardText } from "./unheard.ts";

/** What an {@linkcode Operation} is made of. */
export interface OperationInit<Result, Item> {
  /** What it is, for people, such as `build of "app:1"`. */
  readonly what: string;
  /** The method of the client that started it. */
  readonly startedBy: { readonly name: string };
  /** How what it tells is kept for its readers. */
  readonly items: Omit<BroadcastOptions<Item>, "onRead">;
  /** The caller's signal. */
  readonly signal: AbortSignal | undefined;
  /** Does it, until the signal is aborted. */
  readonly work: (
    signal: AbortSignal,
    items: Broadcast<Item>,
  ) => Promise<Result>;
  /** Masks secrets in a text. */
  readonly mask?: (text: string) => string;
}

/**
 * Something that began with a call and comes to its end whether somebody reads
 * it or not: a build, a push, a pull.
 *
 * A failure that nobody hears of is told at the program's end; see
 * {@linkcode tellAtEnd}. Who awaits the result, or begins to read, hears of it,
 * however late; who cancels does not want to.
 */
export class Operation<Result, Item> implements AsyncDisposable {
  /** What it tells. */
  readonly items: Broadcast<Item>;
  /** Settles, and never rejects, when all is closed. */
  readonly over: Promise<void>;
  readonly #init: OperationInit<Result, Item>;
  readonly #abort = new AbortController();
  readonly #result: Promise<Result>;
  /** Made where the caller's call is on the stack. */
  readonly #origin = new Error();
  #isHeard = false;
  #isCutOff = false;
  #takeBack: (() => void) | undefined;

  /**
   * Starts it.
   *
   * @param refusal Why it must not start, if so; its work gives back what it was
   * given.
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
        const isCancelled = stop.aborted && !this.#isCutOff;
        if (!this.#isHeard && !isCancelled) this.#tellAtEnd(error);
        this.items.close({ error });
      },
    );
  }

  /** What comes of it, or a part of that. */
  wait<Part>(part: (result: Result) => Part): Promise<Part> {
    return new HeldPromise(this.#result.then(part), () => this.#hear());
  }

  /** Stops it, and waits until all is closed. */
  async cancel(reason?: unknown): Promise<void> {
    this.#hear();
    this.#abort.abort(reason);
    await this.over;
  }

  /** Stops it for a reason that is not its caller's wish. */
  cutOff(reason: unknown): void {
    this.#isCutOff = !this.#abort.signal.aborted;
    this.#abort.abort(reason);
  }

  /** A wrong signal comes through the result, as every wrong option does. */
  #stopFor(signal: AbortSignal | undefined): AbortSignal {
    try {
      return withCallerSignal(this.#abort.signal, signal);
    } catch (error) {
      this.cutOff(error);
      return this.#abort.signal;
    }
  }

  /** As {@linkcode cancel}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.cancel();
  }

  #hear(): void {
    this.#isHeard = true;
    this.#takeBack?.();
    this.#takeBack = undefined;
  }

  #tellAtEnd(error: unknown): void {
    const { what, startedBy, mask } = this.#init;
    this.#origin.message = unheardText(
      `The ${what} failed, and nothing in this program reads how it ends: await its wait(), as in "await docker.${startedBy.name}(…).wait()"`,
      error,
      mask,
    );
    this.#takeBack = tellAtEnd(this.#origin);
  }
}

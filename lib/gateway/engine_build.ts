import { buildCancel } from "../engine/build_cancel.ts";
import type { Engine } from "../engine/engine.ts";
import { abortable } from "../engine/abortable.ts";
import { StepContainers } from "./step_containers.ts";

/** How long to wait before an engine is told again to cancel, and for its answer, in milliseconds. */
const CANCEL_AGAIN_MS = 500;
const CANCEL_ANSWER_MS = 5000;

/** What a build is posted with. */
export interface BuildRequest {
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The context; null without one. */
  readonly body: ReadableStream<Uint8Array> | null;
}

/**
 * One build at the engine, from the request to the moment at which the engine
 * says that it has ended, whoever listens to it.
 *
 * When nobody wants it any more, BuildKit is told to cancel by the build's id,
 * again and again until its answer ends: the connection stays, because only on it
 * the engine says so. The classic builder knows no cancel. It sees that the
 * connection is gone, since it gets nothing behind the end of its context, and
 * has ended when the containers of its steps have.
 */
export class EngineBuild {
  /** Names it to the engine, and is known to nobody else. */
  readonly id: string = crypto.randomUUID();
  /** The id that its client gave it; empty without one. */
  readonly alias: string;
  /** What is in use for it until the engine has ended it. */
  readonly holds: AsyncDisposableStack = new AsyncDisposableStack();
  /** Settles when the engine has ended it, and all that it held is free. */
  readonly ended: Promise<void>;
  readonly #over = Promise.withResolvers<void>();
  readonly #engine: Engine;
  readonly #isBuildKit: boolean;
  readonly #cut = new AbortController();
  readonly #steps = new StepContainers();
  #answering: Promise<Response> | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #isSent = true;
  #isOver = false;
  #leaving = false;

  /** @param alias The id that the client gave it. */
  constructor(engine: Engine, isBuildKit: boolean, alias: string) {
    this.#engine = engine;
    this.#isBuildKit = isBuildKit;
    this.alias = alias;
    this.ended = this.#over.promise.then(() => this.holds.disposeAsync());
    this.ended.catch(() => {}); // `leave` tells it
  }

  /**
   * Posts it.
   *
   * @param signal Aborts when nobody waits for it.
   * @returns The engine's answer, whose body must be read or cancelled.
   */
  async post(
    { path, headers, body }: BuildRequest,
    signal: AbortSignal,
  ): Promise<Response> {
    this.#isSent = body === null;
    this.#answering = this.#engine.transport.fetch(path, {
      method: "POST",
      headers,
      signal: this.#cut.signal,
      ...(body === null ? {} : { body: this.#sending(body) }),
    });
    this.#answering.catch(() => {}); // whoever waits for it hears it
    const response = await abortable(this.#answering, signal);
    if (response.body === null) {
      this.#end();
      return response;
    }
    return new Response(this.#answer(response.body), response);
  }

  /** Tells the engine to stop it. */
  async cancel(): Promise<void> {
    await buildCancel(
      this.#engine,
      this.id,
      AbortSignal.timeout(CANCEL_ANSWER_MS),
    );
  }

  /**
   * Nobody waits for it any more: what runs of it is ended. Settles at once
   * while that takes a while, and otherwise when all is free.
   */
  async leave(): Promise<void> {
    if (this.#isOver) return await this.ended;
    if (this.#leaving) return;
    this.#leaving = true;
    this.#stop().finally(() => this.#end());
  }

  /** Ends its connection: nothing more is heard of it. */
  drop(): void {
    this.#cut.abort();
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#over.resolve();
  }

  #sending(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const reader = body.getReader();
    return new ReadableStream({
      pull: async (controller) => {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        this.#isSent = true;
        controller.close();
      },
      cancel: (reason) => reader.cancel(reason),
    }, { highWaterMark: 0 });
  }

  #answer(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const reader = this.#reader = body.getReader();
    return new ReadableStream({
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read();
          if (!done) {
            if (!this.#isBuildKit) this.#steps.push(value);
            return controller.enqueue(value);
          }
          controller.close();
          this.#end();
        } catch (error) {
          await this.leave();
          throw error;
        }
      },
      cancel: () => this.leave(),
    }, { highWaterMark: 0 });
  }

  async #stop(): Promise<void> {
    if (this.#answering === undefined) return; // it was never asked for
    if (!this.#isSent || !this.#isBuildKit) this.#cut.abort();
    let isRead = false;
    const reading = this.#drain().finally(() => isRead = true);
    if (this.#isBuildKit) {
      // It may not know the build yet; of one whose context was cut off it knows enough.
      do {
        await this.cancel().catch(() => {}); // where none is heard, the answer ends, too
        if (this.#isSent) await pause(CANCEL_AGAIN_MS, reading);
      } while (this.#isSent && !isRead && !this.#isOver);
    }
    await Promise.race([reading, this.#over.promise]);
    while (!this.#isOver && await this.#steps.run(this.#engine)) {
      await pause(CANCEL_AGAIN_MS, this.#over.promise);
    }
  }

  /** Reads the answer to its end, or until the connection has ended. */
  async #drain(): Promise<void> {
    try {
      const { body } = await this.#answering!;
      const reader = this.#reader ??= body?.getReader();
      while (!((await reader?.read())?.done ?? true));
    } catch {
      // It was cut, which is an end.
    }
  }
}

/** Waits a while, and no longer than for `over`. */
async function pause(ms: number, over: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([
    over,
    new Promise((resolve) => timer = setTimeout(resolve, ms)),
  ]);
  clearTimeout(timer);
}

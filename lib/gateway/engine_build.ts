// @ts-types="../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";
import { buildCancel } from "../engine/build_cancel.ts";
import type { Engine } from "../engine/engine.ts";
import { passOn } from "../streams/pass_on.ts";
import { StepContainers } from "./step_containers.ts";

/**
 * How long to wait before the engine is told once more to cancel, and how long
 * for its answer, in milliseconds.
 */
const CANCEL_AGAIN_MS = 500;
const CANCEL_ANSWER_MS = 5000;

/** The request of a build. */
export interface PostedBuild {
  /** Its path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The context; null where there is none. */
  readonly body: ReadableStream<Uint8Array> | null;
}

/**
 * One build at the engine, from the request until the engine reports that it
 * ended, even if no client listens any more.
 *
 * When no client waits for it, a BuildKit build is cancelled by its build id,
 * repeatedly, until the engine's answer ends; the connection is kept, because
 * that is the only place where the engine reports the end. The classic builder
 * has no cancel. It notices that the connection is closed, since the context
 * has been read by then; that build has ended when the containers of its steps
 * have.
 */
export class EngineBuild {
  /**
   * The build id that the engine gets; it is secret and known to nobody else.
   */
  readonly id: string = crypto.randomUUID();
  /** The build id that the client sent; empty where it sent none. */
  readonly alias: string;
  /** What has to stay open until the engine has ended the build. */
  readonly holds: AsyncDisposableStack = new AsyncDisposableStack();
  /**
   * Settles when the engine has ended the build and everything it used was
   * released.
   */
  readonly ended: Promise<void>;
  readonly #over = Promise.withResolvers<void>();
  readonly #engine: Engine;
  readonly #isBuildKit: boolean;
  readonly #cut = new AbortController();
  readonly #steps = new StepContainers();
  #answering: Promise<Response> | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #isSent: boolean | undefined;
  #isOver = false;
  #leaving = false;

  /** @param alias The build id that the client sent. */
  constructor(engine: Engine, isBuildKit: boolean, alias: string) {
    this.#engine = engine;
    this.#isBuildKit = isBuildKit;
    this.alias = alias;
    this.ended = this.#over.promise.then(() => this.holds.disposeAsync());
    this.ended.catch(() => {}); // `leave` tells it
  }

  /**
   * Sends the request.
   *
   * @param signal Aborts when no client waits for the build.
   * @returns The engine's answer, whose body must be read or cancelled.
   */
  async post(
    { path, headers, body }: PostedBuild,
    signal: AbortSignal,
  ): Promise<Response> {
    this.#isSent = body === null;
    this.#answering = this.#engine.transport.fetch(path, {
      method: "POST",
      headers,
      signal: this.#cut.signal,
      ...(body === null ? {} : { body: this.#sending(body) }),
    });
    const response = await abortable(this.#answering, signal);
    if (response.body === null) {
      this.#end();
      return response;
    }
    return new Response(this.#answer(response.body), response);
  }

  /** Tells the engine to cancel the build. */
  async cancel(): Promise<void> {
    await buildCancel(
      this.#engine,
      this.id,
      AbortSignal.timeout(CANCEL_ANSWER_MS),
    );
  }

  /**
   * Called when no client waits for the build any more: ends what still runs.
   * Settles at once if that takes a while, otherwise when everything was
   * released.
   */
  async leave(): Promise<void> {
    if (this.#isOver) return await this.ended;
    if (this.#leaving) return;
    this.#leaving = true;
    this.#stop().finally(() => this.#end());
  }

  /**
   * Closes the connection to the engine: nothing more is learnt about this
   * build.
   */
  drop(): void {
    this.#cut.abort();
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#over.resolve();
  }

  #sending(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    return passOn(body.getReader(), {
      onEnd: () => void (this.#isSent = true),
    }).stream;
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
      // Right after the request the engine may not know the build yet, so
      // cancel is tried again; a build whose context was cut off fails by
      // itself.
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

  /** Reads the answer until its end, or until the connection is closed. */
  async #drain(): Promise<void> {
    try {
      const { body } = await this.#answering!;
      const reader = this.#reader ??= body?.getReader();
      while (!((await reader?.read())?.done ?? true));
    } catch {
      // The connection was cut: that is an end, too.
    }
  }
}

/** Waits for some time, or until `over` settles. */
async function pause(ms: number, over: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([
    over,
    new Promise((resolve) => timer = setTimeout(resolve, ms)),
  ]);
  clearTimeout(timer);
}

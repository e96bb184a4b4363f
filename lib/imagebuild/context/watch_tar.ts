// Watches a tar while it is sent to the engine: checks its format, finds its
// Dockerfile, and keeps the error if it fails.

import { ContextError } from "../../errors.ts";
import type { ContextEvent } from "../../progress/event.ts";
import { noBytes } from "../../streams/byte_source.ts";
import { ContextTap } from "./context_tap.ts";
import type { Dockerfile } from "./offer.ts";
import { HeadCheck, type TakenForms } from "./tar_head.ts";

/** A tar that is watched while it is sent. */
export interface WatchedTar {
  /** The body of the request. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /**
   * Why the tar could not be read, or was refused; undefined if neither
   * happened.
   */
  readonly failure: Error | undefined;
  /** The Dockerfile, once it has passed. */
  readonly dockerfile: Dockerfile | undefined;
  /**
   * Called when the engine has built without reading the rest: reports how much
   * was sent.
   */
  taken(): void;
  /**
   * Cancels the caller's stream: no more of it is needed. Does nothing after
   * its end.
   */
  release(reason: unknown): void;
}

/** What is watched for, and who is told. */
export interface TarWatcher {
  /** Its name, where it is a context by name. */
  readonly context?: string | undefined;
  /** Path of the Dockerfile in the tar; undefined where it has none. */
  readonly dockerfile: string | undefined;
  /**
   * How many files of a folder were put into the tar so far; undefined where
   * that is not known.
   */
  readonly files: (() => number) | undefined;
  /**
   * What the builder accepts besides a tar; undefined where the format is not
   * checked here.
   */
  readonly takes: TakenForms | undefined;
  /** Called once with how much was sent, when the engine wants no more. */
  readonly onSent: (event: ContextEvent) => void;
  /**
   * Called with the Dockerfile when it passes. If it throws, the tar is refused
   * with that error.
   */
  readonly onDockerfile: (text: string) => void;
  /** Called at once when the tar can't be read, or is refused. */
  readonly onFailure: () => void;
}

/**
 * Watches a tar. The error of a tar that fails is kept here because `fetch`
 * would report it only as a network error, and not at all once the answer has
 * begun.
 *
 * @throws {TypeError} If the stream is in use, or is no stream.
 */
export function watchTar(
  tar: ReadableStream<Uint8Array>,
  watcher: TarWatcher,
): WatchedTar {
  const { dockerfile: name, takes } = watcher;
  const [its, given] = watcher.context === undefined
    ? ["its context", "the context that was given"]
    : [named(watcher.context), named(watcher.context)];
  const reader = tar.getReader();
  const tap = name === undefined ? undefined : new ContextTap(name);
  const check = takes && new HeadCheck(
    takes,
    (fault) => new ContextError(`Cannot build: ${given} ${fault}`),
  );
  let seen: string | undefined;
  let sent = 0;
  let failure: Error | undefined;
  let isOver = false;
  let isReleased = false;
  let isCancelled = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    watcher.onSent({
      type: "context",
      name: watcher.context,
      files: watcher.files?.(),
      filesReused: 0,
      bytesOffered: sent,
      bytesSent: sent,
    });
  };
  const fail = (error: Error): Error => {
    failure = error;
    watcher.onFailure();
    return error;
  };
  /** Reads the next bytes; undefined at the end. */
  const read = async (): Promise<Uint8Array | undefined> => {
    let result: ReadableStreamReadResult<Uint8Array>;
    try {
      result = await reader.read();
    } catch (cause) {
      // The error of a folder already says what is wrong.
      if (cause instanceof ContextError) throw fail(cause);
      const why = cause instanceof Error ? cause.message : String(cause);
      throw fail(
        new ContextError(
          watcher.context === undefined
            ? `The build context could not be read, and the build was stopped: ${why}`
            : `The build was stopped: ${its} could not be read: ${why}`,
          { cause },
        ),
      );
    }
    if (result.done || result.value instanceof Uint8Array) return result.value;
    // It is refused either way, and may take its time.
    reader.cancel().catch(() => {});
    throw fail(
      new ContextError(
        `The build was stopped: ${its} ${noBytes(result.value)}`,
      ),
    );
  };
  /** Checks bytes before they are sent; undefined stands for the end. */
  const look = async (bytes: Uint8Array | undefined): Promise<void> => {
    try {
      if (bytes === undefined) check?.end();
      else check?.push(bytes);
      await (bytes === undefined ? tap?.end() : tap?.push(bytes));
      const text = tap?.text;
      if (text !== undefined && text !== seen) watcher.onDockerfile(text);
      seen = text;
    } catch (error) {
      // It is refused either way, and may take its time.
      reader.cancel(error).catch(() => {});
      fail(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  };
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const bytes = await read();
      // Nobody takes it any more: the end that was read is none of the tar's.
      if (isCancelled) return;
      if (bytes !== undefined) sent += bytes.length;
      if (!isReleased) await look(bytes);
      if (bytes === undefined) {
        controller.close();
        return end();
      }
      // `fetch` does not take bytes of a shared buffer; they are copied.
      controller.enqueue(
        bytes.buffer instanceof ArrayBuffer
          ? bytes as Uint8Array<ArrayBuffer>
          : new Uint8Array(bytes),
      );
    },
    cancel(reason) {
      isCancelled = true;
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  return {
    body,
    get failure() {
      return failure;
    },
    get dockerfile() {
      const text = tap?.text;
      return name === undefined || text === undefined
        ? undefined
        : { name, text };
    },
    taken() {
      if (sent > 0) end();
    },
    release(reason) {
      isOver = true;
      isReleased = true;
      tap?.stop();
      reader.cancel(reason).catch(() => {}); // nobody needs it any more
    },
  };
}

function named(context: string): string {
  return `the context ${JSON.stringify(context)}`;
}

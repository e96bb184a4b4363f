// A tar on its way to the engine: who looks at it, and what becomes known of it.

import { ContextError } from "../../errors.ts";
import { noBytes } from "../../streams/byte_source.ts";
import type { BuildRecord } from "../record.ts";
import { ContextTap } from "./context_tap.ts";
import { HeadCheck, type TakenForms } from "./tar_head.ts";

/** A tar on its way to the engine. */
export interface WatchedTar {
  /** What is sent. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Why the tar could not be read, or was refused on its way, if so. */
  readonly failure: Error | undefined;
  /** The engine has built: it wants no more than it has taken. */
  taken(): void;
  /** Tells whoever makes the tar that no more of it is wanted; behind its end, nothing. */
  release(reason: unknown): void;
}

/** Who is told of what. */
export interface TarWatcher {
  /** Path of the Dockerfile in it. */
  readonly dockerfile: string;
  /** How many files of a folder are in it so far; undefined where nobody knows. */
  readonly files: (() => number) | undefined;
  /** What the builder takes; undefined where that is its own affair. */
  readonly takes: TakenForms | undefined;
  /** Told of the Dockerfile, and how much was sent. */
  readonly record: BuildRecord;
  /** Told of the Dockerfile as it passes; what it throws refuses the tar. */
  readonly onDockerfile: (text: string) => void;
  /** Called at once when the tar fails, or is refused. */
  readonly onFailure: () => void;
}

/**
 * Puts observers before a tar: `fetch` reports a body that fails as a network
 * error, and says nothing of a body that fails after the answer has begun.
 *
 * @throws {TypeError} If the stream is in use, or is none.
 */
export function watchTar(
  tar: ReadableStream<Uint8Array>,
  watcher: TarWatcher,
): WatchedTar {
  const { dockerfile: name, takes, record } = watcher;
  const reader = tar.getReader();
  const tap = new ContextTap(name);
  record.dockerfile = () =>
    tap.text === undefined ? undefined : { name, text: tap.text };
  const check = takes && new HeadCheck(
    takes,
    (fault) =>
      new ContextError(`Cannot build: the context that was given ${fault}`),
  );
  let seen: string | undefined;
  let sent = 0;
  let failure: Error | undefined;
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    record.tell({
      type: "context",
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
  /** The next bytes; undefined behind the last. */
  const read = async (): Promise<Uint8Array | undefined> => {
    let result: ReadableStreamReadResult<Uint8Array>;
    try {
      result = await reader.read();
    } catch (cause) {
      // A folder's own words need no others.
      if (cause instanceof ContextError) throw fail(cause);
      const why = cause instanceof Error ? cause.message : String(cause);
      throw fail(
        new ContextError(
          `The build context could not be read, and the build was stopped: ${why}`,
          { cause },
        ),
      );
    }
    if (result.done || result.value instanceof Uint8Array) return result.value;
    await reader.cancel().catch(() => {}); // it is refused either way
    throw fail(
      new ContextError(
        `The build was stopped: its context ${noBytes(result.value)}`,
      ),
    );
  };
  /** Looks at bytes before they are sent; undefined is the end. */
  const look = async (bytes: Uint8Array | undefined): Promise<void> => {
    try {
      if (bytes === undefined) check?.end();
      else check?.push(bytes);
      await (bytes === undefined ? tap.end() : tap.push(bytes));
      if (tap.text !== undefined && tap.text !== seen) {
        watcher.onDockerfile(tap.text);
      }
      seen = tap.text;
    } catch (error) {
      await reader.cancel(error).catch(() => {}); // it is refused either way
      fail(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  };
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const bytes = await read();
      if (bytes !== undefined) sent += bytes.length;
      await look(bytes);
      if (bytes === undefined) {
        controller.close();
        return end();
      }
      // `fetch` wants plain buffers behind the bytes; a shared one is copied.
      controller.enqueue(
        bytes.buffer instanceof ArrayBuffer
          ? bytes as Uint8Array<ArrayBuffer>
          : new Uint8Array(bytes),
      );
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return {
    body,
    get failure() {
      return failure;
    },
    taken() {
      if (sent > 0) end();
    },
    release(reason) {
      isOver = true;
      tap.stop();
      reader.cancel(reason).catch(() => {}); // it is given up either way
    },
  };
}

// Watches a tar while it is sent to the engine: checks its format, finds its
// Dockerfile, and keeps the error if it fails.

import { ContextError } from "../../errors.ts";
import type { ContextEvent } from "../../progress/event.ts";
import { noBytes } from "../../streams/byte_source.ts";
import { passOn } from "../../streams/pass_on.ts";
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
  let isTold = false;
  const tell = () => {
    if (isTold) return;
    isTold = true;
    watcher.onSent({
      type: "context",
      name: watcher.context,
      files: watcher.files?.(),
      filesReused: 0,
      bytesOffered: sent,
      bytesSent: sent,
    });
  };
  const read = async () => {
    try {
      const { done, value } = await reader.read();
      // `fetch` does not take bytes of a shared buffer; they are copied.
      return value instanceof Uint8Array &&
          value.buffer instanceof SharedArrayBuffer
        ? { value: new Uint8Array(value) }
        : { done, value: value as Uint8Array<ArrayBuffer> };
    } catch (cause) {
      // The error of a folder already says what is wrong.
      if (cause instanceof ContextError) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new ContextError(
        watcher.context === undefined
          ? `The build context could not be read, and the build was stopped: ${why}`
          : `The build was stopped: ${its} could not be read: ${why}`,
        { cause },
      );
    }
  };
  const findDockerfile = () => {
    const text = tap?.text;
    if (text !== undefined && text !== seen) watcher.onDockerfile(text);
    seen = text;
  };
  const source = { read, cancel: (reason: unknown) => reader.cancel(reason) };
  const passed = passOn<Uint8Array<ArrayBuffer>>(source, {
    async onPiece(bytes) {
      if (!(bytes instanceof Uint8Array)) {
        throw new ContextError(
          `The build was stopped: ${its} ${noBytes(bytes)}`,
        );
      }
      sent += bytes.length;
      check?.push(bytes);
      await tap?.push(bytes);
      findDockerfile();
    },
    async onEnd() {
      check?.end();
      await tap?.end();
      findDockerfile();
      tell();
    },
    onFailure(error) {
      failure = error instanceof Error ? error : new Error(String(error));
      watcher.onFailure();
      return error;
    },
  });
  return {
    body: passed.stream,
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
      if (sent > 0) tell();
    },
    release(reason) {
      isTold = true;
      tap?.stop();
      passed.giveUp(reason);
    },
  };
}

function named(context: string): string {
  return `the context ${JSON.stringify(context)}`;
}

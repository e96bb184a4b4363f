import { ContextError } from "../../errors.ts";
import { watchContext, type WatchedContext } from "./watch_context.ts";
import { ContextTap } from "./context_tap.ts";
import type { BuildRecord } from "../record.ts";
import { HeadCheck, type TakenForms } from "./tar_head.ts";

/** Who is told of what. */
export interface TarWatcher {
  /** Path of the Dockerfile in it. */
  readonly dockerfile: string;
  /** How many files of a folder are in it so far. */
  readonly files: (() => number) | undefined;
  /** What the builder takes; undefined where the tar is of davit's own making. */
  readonly takes: TakenForms | undefined;
  /** Told of the Dockerfile, and what was sent. */
  readonly record: BuildRecord;
  /** Told of the Dockerfile as it passes; what it throws ends the build. */
  readonly onDockerfile: (text: string) => void;
  /** Called at once when the tar fails, or is refused. */
  readonly onFailure: () => void;
}

/** Puts observers before a tar: what it holds, how long it is, how it ends. */
export function watchTar(
  tar: ReadableStream<Uint8Array>,
  { dockerfile: name, files, takes, record, onDockerfile, onFailure }:
    TarWatcher,
): WatchedContext {
  const tap = new ContextTap(name);
  record.dockerfile = () =>
    tap.text === undefined ? undefined : { name, text: tap.text };
  let seen: string | undefined;
  const see = () => {
    if (tap.text !== undefined && tap.text !== seen) onDockerfile(tap.text);
    seen = tap.text;
  };
  const check = takes && new HeadCheck(
    takes,
    (fault) =>
      new ContextError(`Cannot build: the context that was given ${fault}`),
  );
  return watchContext(tar, {
    onLast: async () => {
      check?.end();
      await tap.end();
      see();
    },
    async onChunk(chunk) {
      check?.push(chunk);
      await tap.push(chunk);
      see();
    },
    onFailure,
    onRelease: () => tap.stop(),
    onEnd: (bytes) => {
      record.tell({
        type: "context",
        files: files?.(),
        filesReused: 0,
        bytesOffered: bytes,
        bytesSent: bytes,
      });
    },
  });
}

import { ContextError } from "../../errors.ts";
import { watchContext, type WatchedContext } from "./watch_context.ts";
import { ContextTap } from "./context_tap.ts";
import type { BuildPost } from "../ways/post.ts";
import { HeadCheck } from "./tar_head.ts";

/** Puts observers before a tar: what it holds, how long it is, how it ends. */
export function watchTar(
  tar: ReadableStream<Uint8Array>,
  { sending: { files, isGiven = false }, plan, record, onDockerfile }:
    BuildPost,
  onFailure: () => void,
): WatchedContext {
  const name = plan.dockerfile ?? "Dockerfile";
  const tap = new ContextTap(name);
  record.dockerfile = () =>
    tap.text === undefined ? undefined : { name, text: tap.text };
  let seen: string | undefined;
  const see = () => {
    if (tap.text !== undefined && tap.text !== seen) onDockerfile(tap.text);
    seen = tap.text;
  };
  const check = isGiven
    ? new HeadCheck(
      plan.version,
      (fault) =>
        new ContextError(`Cannot build: the context that was given ${fault}`),
    )
    : undefined;
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

import { ContextError } from "../errors.ts";
import { watchContext, type WatchedContext } from "./context.ts";
import { DockerfileTap } from "./dockerfile_tap.ts";
import type { BuildPost } from "./post.ts";
import { HeadCheck } from "./tar_head.ts";

/** Puts observers before a tar: what it holds, how long it is, how it ends. */
export function watchTar(
  tar: ReadableStream<Uint8Array>,
  { sending: { files, isGiven = false }, plan, record, onDockerfile }:
    BuildPost,
  onFailure: () => void,
): WatchedContext {
  const name = plan.dockerfile ?? "Dockerfile";
  const tap = new DockerfileTap(name);
  record.dockerfile = () =>
    tap.text === undefined ? undefined : { name, text: tap.text };
  const check = isGiven
    ? new HeadCheck(
      plan.version,
      (fault) =>
        new ContextError(`Cannot build: the context that was given ${fault}`),
    )
    : undefined;
  return watchContext(tar, {
    onLast: () => check?.end(),
    onChunk(chunk) {
      check?.push(chunk);
      const before = tap.text;
      tap.push(chunk);
      if (tap.text !== before) onDockerfile(tap.text!);
    },
    onFailure,
    onEnd: (bytes) => {
      const counts = { filesReused: 0, bytesOffered: bytes, bytesSent: bytes };
      const aux = files === undefined ? counts : { files: files(), ...counts };
      record.publish({ id: "davit.context", aux });
    },
  });
}

import { watchContext, type WatchedContext } from "./context.ts";
import { DockerfileTap } from "./dockerfile_tap.ts";
import type { BuildPost } from "./post.ts";

/** Puts observers before a tar: what it holds, how long it is, how it ends. */
export function watchTar(
  tar: ReadableStream<Uint8Array>,
  { sending: { files }, plan, record, onDockerfile }: BuildPost,
  onFailure: () => void,
): WatchedContext {
  const name = plan.dockerfile ?? "Dockerfile";
  const tap = new DockerfileTap(name);
  record.dockerfile = () =>
    tap.text === undefined ? undefined : { name, text: tap.text };
  return watchContext(tar, {
    onChunk(chunk) {
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

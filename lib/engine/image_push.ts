import type { Engine } from "./engine.ts";
import { imagePath } from "./image_name.ts";
import type { ImageReference } from "./image_reference.ts";
import type { JsonMessage } from "./message.ts";
import { messageStream } from "./message_stream.ts";

/**
 * `POST /images/{name}/push`: pushes one tag to its registry. The request
 * always has a tag: without one, an engine pushes all tags of the name.
 *
 * @param registryAuth The encoded login; `{}` for none, because an engine of
 * the 20.10 line refuses a push without the header.
 * @throws {TypeError} If the name has a digest: only tags can be pushed.
 */
export function imagePush(
  engine: Engine,
  reference: ImageReference,
  registryAuth: string,
  signal?: AbortSignal,
): AsyncGenerator<JsonMessage, void, undefined> {
  const { repository, tag, digest } = reference;
  if (tag === undefined || digest !== undefined) {
    throw new TypeError(
      `Cannot push "${repository}@${digest}": a push needs a tag, not a digest`,
    );
  }
  return messageStream(engine, {
    method: "POST",
    path: `/images/${imagePath(repository)}/push`,
    query: { tag },
    headers: { "X-Registry-Auth": registryAuth },
    signal,
  });
}

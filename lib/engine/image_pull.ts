import type { Engine } from "./engine.ts";
import type { ImageReference } from "./image_reference.ts";
import type { JsonMessage } from "./message.ts";
import { messageStream } from "./message_stream.ts";

/**
 * `POST /images/create` with the name of an image: fetches it from its
 * registry. Without `tag` an engine fetches all tags of the name, so there
 * always is one, or a digest in its place.
 *
 * @param registryAuth The encoded login.
 */
export function imagePull(
  engine: Engine,
  reference: ImageReference,
  registryAuth: string,
  platform: string | undefined,
  signal?: AbortSignal,
): AsyncGenerator<JsonMessage, void, undefined> {
  return messageStream(engine, {
    method: "POST",
    path: "/images/create",
    query: {
      fromImage: reference.repository,
      tag: reference.digest ?? reference.tag,
      platform,
    },
    headers: { "X-Registry-Auth": registryAuth },
    signal,
  });
}

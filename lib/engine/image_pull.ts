import type { Engine } from "./engine.ts";
import type { ImageReference } from "./image_reference.ts";
import type { JsonMessage } from "./message.ts";
import { messageStream } from "./message_stream.ts";

/**
 * `POST /images/create` with the name of an image: pulls it from its registry.
 * The request always has a tag, or a digest instead: without one, an engine
 * pulls all tags of the name.
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

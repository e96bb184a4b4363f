import type { Engine } from "./engine.ts";
import type { JsonMessage } from "./message.ts";
import { messageStream } from "./message_stream.ts";

/** What `docker load` brought in. */
export interface ImageLoadResult {
  /** Names with tags, as they came. */
  readonly names: string[];
  /** Ids of images that came without a name. */
  readonly ids: string[];
}

/**
 * `POST /images/load`: takes what {@linkcode imageSave} gave, also compressed.
 *
 * @param onMessage Told of each message; without it, the engine says less.
 * @throws {EngineError} If the engine refuses it, also when it says so inside
 * an answer that began with 200.
 */
export async function imageLoad(
  engine: Engine,
  tar: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
  onMessage?: (message: JsonMessage) => void,
): Promise<ImageLoadResult> {
  const names: string[] = [];
  const ids: string[] = [];
  const messages = messageStream(engine, {
    method: "POST",
    path: "/images/load",
    query: { quiet: onMessage === undefined },
    headers: { "content-type": "application/x-tar" },
    body: tar,
    signal,
  });
  for await (const message of messages) {
    onMessage?.(message);
    const [, kind, what = ""] =
      /^Loaded image(?: (ID))?: (\S+)/m.exec(message.stream ?? "") ?? [];
    // Podman names them all at once, with commas between.
    for (const one of what.split(",")) {
      if (one !== "") (kind === "ID" ? ids : names).push(one);
    }
  }
  return { names, ids };
}

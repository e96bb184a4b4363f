import type { Engine } from "./engine.ts";
import type { JsonMessage } from "./message.ts";
import { messageStream } from "./message_stream.ts";

/** What `docker load` loaded. */
export interface ImageLoadResult {
  /** Names with tags, as the archive has them. */
  readonly names: string[];
  /** Ids of images without a name. */
  readonly ids: string[];
}

/**
 * `POST /images/load`: loads a tar from {@linkcode imageSave}, which may be
 * compressed.
 *
 * @param onMessage Called with each message; without it, the engine sends
 * fewer.
 * @throws {EngineError} If the engine refuses it, also when it reports the
 * error inside an answer that began with 200.
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
    // Podman writes all names into one message, separated by commas.
    for (const one of what.split(",")) {
      if (one !== "") (kind === "ID" ? ids : names).push(one);
    }
  }
  return { names, ids };
}

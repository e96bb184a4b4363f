import { ProtocolError } from "../errors.ts";
import { jsonLines } from "../streams/json_lines.ts";
import type { Engine } from "./engine.ts";
import { type JsonMessage, messageError } from "./message.ts";

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
 * @throws {EngineError} If the engine refuses it, also when it says so inside
 * an answer that began with 200.
 */
export async function imageLoad(
  engine: Engine,
  tar: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): Promise<ImageLoadResult> {
  const path = "/images/load";
  const response = await engine.request({
    method: "POST",
    path,
    query: { quiet: true },
    headers: { "content-type": "application/x-tar" },
    body: tar,
    signal,
  });
  if (response.body === null) {
    throw new ProtocolError("The engine answered a load with nothing");
  }
  const names: string[] = [];
  const ids: string[] = [];
  for await (
    const message of jsonLines<JsonMessage>(
      response.body,
      signal === undefined ? {} : { signal },
    )
  ) {
    const failure = messageError(message, "POST", path);
    if (failure !== undefined) throw failure;
    const [, kind, what] =
      /^Loaded image(?: (ID))?: (\S+)/m.exec(message.stream ?? "") ?? [];
    if (what !== undefined) (kind === "ID" ? ids : names).push(what);
  }
  return { names, ids };
}

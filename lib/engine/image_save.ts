import { ConnectionError } from "../errors.ts";
import { passOn } from "../streams/pass_on.ts";
import { answerBody, type Engine } from "./engine.ts";

/**
 * `GET /images/get`: images as one tar, in the form that `docker load` reads.
 * Cancel the stream if you do not read it to its end. It fails with a
 * {@linkcode ConnectionError} if the connection breaks.
 */
export async function imageSave(
  engine: Engine,
  names: string | readonly string[],
  signal?: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const list = typeof names === "string" ? [names] : names;
  if (!Array.isArray(list) || list.some((name) => typeof name !== "string")) {
    throw new TypeError(
      "Cannot save images: expected the name of an image, or a list of names",
    );
  }
  if (list.length === 0) {
    throw new TypeError("Cannot save images: no name given");
  }
  const request = { path: "/images/get", query: { names: list }, signal };
  const body = answerBody(await engine.request(request), request);
  return namedBreak(body, signal);
}

/**
 * The same bytes; a broken connection becomes a {@linkcode ConnectionError}.
 */
function namedBreak(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  return passOn(body.getReader(), {
    onFailure: (cause) =>
      signal?.aborted ? signal.reason : new ConnectionError(
        "The connection broke in the middle of a saved image: is the engine still running?",
        { cause },
      ),
  }).stream;
}

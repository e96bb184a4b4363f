import { answerBody, type Engine } from "./engine.ts";

/**
 * `GET /images/get`: images as one tar, in the form that `docker load` reads.
 * Cancel the stream when not all of it is wanted.
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
  return answerBody(await engine.request(request), request);
}

/** Length of the chunks in which bytes from memory are passed on. */
const CHUNK_BYTES = 256 * 1024;

/**
 * The forms in which a caller may give bytes; a node `Readable` is an async
 * iterable.
 */
export type ByteSource =
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Uint8Array
  | Blob;

/**
 * Turns a caller's tar into a web stream.
 *
 * @param action What the tar is needed for, such as `load images`; for the
 * error.
 * @throws {TypeError} If the value is not a source of bytes.
 */
export function openTar(
  action: string,
  given: unknown,
): ReadableStream<Uint8Array> {
  const stream = streamOf(given);
  if (stream !== undefined) return stream;
  const hint = hintFor(given);
  throw new TypeError(
    `Cannot ${action}: expected a tar as a stream of its bytes, a Uint8Array or a Blob, as in (await Deno.open(path)).readable${
      hint === undefined ? "" : `; ${hint}`
    }`,
  );
}

/** Whether a value is a web stream that can be read. */
export function isStream(
  value: unknown,
): value is ReadableStream<Uint8Array> {
  return typeof (value as { getReader?: unknown } | null)?.getReader ===
    "function";
}

/**
 * The bytes of a source as a web stream, which reads the source only as fast as
 * the stream is read; undefined if the value is not a source of bytes.
 */
export function streamOf(
  given: unknown,
): ReadableStream<Uint8Array> | undefined {
  if (isStream(given)) return given;
  if (given instanceof Uint8Array) return streamOfBytes(given);
  if (given instanceof Blob) return given.stream();
  return isAsyncIterable(given) ? streamOfIterable(given) : undefined;
}

function streamOfBytes(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at === bytes.length) return controller.close();
      const chunk = bytes.subarray(at, at + CHUNK_BYTES);
      at += chunk.length;
      controller.enqueue(chunk);
    },
  }, { highWaterMark: 0 });
}

/** Whether a value is an async iterable; a `Readable` of node is one. */
function isAsyncIterable(value: unknown): value is AsyncIterable<Uint8Array> {
  const iterable = value as Partial<AsyncIterable<Uint8Array>> | null;
  return typeof value === "object" &&
    typeof iterable?.[Symbol.asyncIterator] === "function";
}

function streamOfIterable(
  iterable: AsyncIterable<Uint8Array> & { destroy?: unknown; on?: unknown },
): ReadableStream<Uint8Array> {
  // A Readable that fails before it is read (such as that of a missing file)
  // would end the program if nobody listened. Its iterator throws the same
  // error.
  if (typeof iterable.on === "function") iterable.on("error", () => {});
  let iterator: AsyncIterator<Uint8Array> | undefined;
  return new ReadableStream({
    async pull(controller) {
      iterator ??= iterable[Symbol.asyncIterator]();
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      // An iterator that was never asked for an item ignores return(), so a
      // Readable is destroyed directly.
      if (typeof iterable.destroy === "function") iterable.destroy();
      await (iterator ?? iterable[Symbol.asyncIterator]()).return?.();
    },
  }, { highWaterMark: 0 });
}

/**
 * Explains how to turn a wrong value into bytes, for an error.
 *
 * @returns Undefined if there is no better advice than the list of what is
 * accepted.
 */
export function hintFor(given: unknown): string | undefined {
  if (given === undefined || given === null) {
    return `it is ${given}: the variable was never set, or a function returned nothing`;
  }
  if (typeof given !== "object") return `it is a ${typeof given}`;
  if (typeof (given as { then?: unknown }).then === "function") {
    return "it is a Promise: await it first";
  }
  if (given instanceof Response || given instanceof Request) {
    return `give its body, as in ${
      given instanceof Response ? "(await fetch(url))" : "request"
    }.body`;
  }
  if (given instanceof ArrayBuffer || given instanceof SharedArrayBuffer) {
    return "give its bytes, as in new Uint8Array(buffer)";
  }
  if (ArrayBuffer.isView(given)) {
    return "give its bytes, as in new Uint8Array(view.buffer, view.byteOffset, view.byteLength)";
  }
  if (isStream((given as { readable?: unknown }).readable)) {
    return "give what is read from it, as in file.readable";
  }
  if (typeof (given as { getWriter?: unknown }).getWriter === "function") {
    return "it is a stream to write to: give the side that is read from";
  }
  if (typeof (given as { pipe?: unknown }).pipe === "function") {
    return "it is an old stream of node: wrap it, as in new Readable().wrap(stream)";
  }
  if (given instanceof Map) {
    return "it is a Map: files are given as { files: Object.fromEntries(map) }";
  }
  if (Symbol.iterator in given) {
    return "it is a list: give a stream, as in ReadableStream.from(chunks)";
  }
  return undefined;
}

/**
 * What is wrong with a stream whose chunks are not bytes, and what to do; for
 * an error.
 */
export function noBytes(chunk: unknown): string {
  return typeof chunk === "string"
    ? "gave text, and not bytes: leave its encoding out, or pipe it through new TextEncoderStream()"
    : "gave something else than bytes: expected a stream of Uint8Array";
}

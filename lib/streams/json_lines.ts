import { ConnectionError, ProtocolError } from "../errors.ts";

/**
 * The longest line that is read, in UTF-16 code units. Engines collect a step's
 * log into messages of up to 1 MiB before base64; even ten times that fits.
 */
export const MAX_LINE_LENGTH: number = 32 * 1024 * 1024;

/** Options of {@linkcode jsonLines}. */
export interface JsonLinesOptions {
  /**
   * Ends the reading, which throws the signal's reason whatever the stream
   * does.
   */
  readonly signal?: AbortSignal;
}

/**
 * Reads newline-delimited JSON, one value after the other; blank lines are
 * skipped. Leaving the loop early cancels the stream.
 *
 * @throws {ProtocolError} If a line is not JSON, is too long, or is cut off.
 * The message has the line's number and length, and nothing of its content.
 * @throws {ConnectionError} If the connection breaks.
 */
export async function* jsonLines<T>(
  bytes: ReadableStream<Uint8Array>,
  options: JsonLinesOptions = {},
): AsyncGenerator<T, void, undefined> {
  const reader = bytes.getReader();
  const decoder = new TextDecoder();
  const lines = new Lines();
  const { signal } = options;
  const giveUp = () => void reader.cancel(signal?.reason).catch(() => {}); // it may have failed already
  signal?.addEventListener("abort", giveUp);
  try {
    while (true) {
      const { done, value } = await read(reader, lines.count, signal);
      for (
        const line of lines.split(decoder.decode(value, { stream: !done }))
      ) {
        signal?.throwIfAborted();
        if (line.trim() !== "") yield parseLine<T>(line, lines.count, false);
      }
      if (!done) continue;
      const rest = lines.rest();
      signal?.throwIfAborted();
      if (rest.trim() !== "") yield parseLine<T>(rest, lines.count + 1, true);
      return;
    }
  } finally {
    signal?.removeEventListener("abort", giveUp);
    // Not awaited: the stream may take its time, and may have failed already.
    reader.cancel().catch(() => {});
  }
}

async function read(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  count: number,
  signal: AbortSignal | undefined,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  signal?.throwIfAborted();
  try {
    const result = await reader.read();
    signal?.throwIfAborted();
    return result;
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ConnectionError(
      `The connection broke after ${count} messages of the answer: is the engine still running?`,
      { cause },
    );
  }
}

/** @param cut Whether it is the last one, and has no end. */
function parseLine<T>(line: string, number: number, cut: boolean): T {
  try {
    return JSON.parse(line);
  } catch {
    // Without `cause`: the parser's message quotes the line, which may hold a
    // secret.
    throw new ProtocolError(
      cut
        ? `The answer ends in the middle of message ${number}: the engine, or something before it, hung up`
        : `Line ${number} of the answer (${line.length} characters) is not JSON: is something between davit and the engine?`,
    );
  }
}

/** Makes lines of pieces of text. */
class Lines {
  /** How many lines have ended. */
  count = 0;
  /** The pieces of the line that has not ended yet. */
  #open: string[] = [];
  #length = 0;

  /**
   * The lines that end in a piece of text.
   *
   * @throws {ProtocolError} If a line is longer than allowed.
   */
  *split(text: string): Generator<string, void> {
    let from = 0;
    for (
      let at = text.indexOf("\n");
      at !== -1;
      at = text.indexOf("\n", from)
    ) {
      this.#grow(text.slice(from, at));
      from = at + 1;
      this.count++;
      yield this.rest().replace(/\r$/, "");
    }
    this.#grow(text.slice(from));
  }

  /** Takes what the pieces hold behind the last end of a line. */
  rest(): string {
    const line = this.#open.join("");
    this.#open = [];
    this.#length = 0;
    return line;
  }

  #grow(text: string): void {
    this.#open.push(text);
    this.#length += text.length;
    if (this.#length > MAX_LINE_LENGTH) {
      throw new ProtocolError(
        `Line ${
          this.count + 1
        } of the answer is longer than ${MAX_LINE_LENGTH} characters`,
      );
    }
  }
}

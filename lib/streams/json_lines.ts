// @ts-types="../std/text_line_stream.d.ts"
import { TextLineStream } from "@std/streams/text-line-stream";
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
  const limit = new LineLimit();
  const lines = bytes
    .pipeThrough(
      // The cast is needed because the platform's types accept only chunks with
      // an ArrayBuffer.
      new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>,
    )
    .pipeThrough(limit)
    .pipeThrough(new TextLineStream())
    .getReader();
  let count = 0;
  const { signal } = options;
  const giveUp = () => void lines.cancel(signal?.reason).catch(() => {}); // it may have failed already
  signal?.addEventListener("abort", giveUp);
  try {
    while (true) {
      const { done, value } = await readLine(lines, count, signal);
      if (done) return;
      count++;
      if (value.trim() === "") continue;
      yield parseLine<T>(value, count, limit);
    }
  } finally {
    signal?.removeEventListener("abort", giveUp);
    await lines.cancel().catch(() => {}); // it may have failed already
  }
}

async function readLine(
  lines: ReadableStreamDefaultReader<string>,
  count: number,
  signal: AbortSignal | undefined,
): Promise<ReadableStreamReadResult<string>> {
  signal?.throwIfAborted();
  try {
    const result = await lines.read();
    signal?.throwIfAborted();
    return result;
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof ProtocolError) throw cause;
    throw new ConnectionError(
      `The connection broke after ${count} messages of the answer: is the engine still running?`,
      { cause },
    );
  }
}

function parseLine<T>(line: string, number: number, limit: LineLimit): T {
  try {
    return JSON.parse(line);
  } catch {
    // Without `cause`: the parser's message quotes the line, which may hold a
    // secret.
    const cut = limit.lines < number; // the last one, which has no end
    throw new ProtocolError(
      cut
        ? `The answer ends in the middle of message ${number}: the engine, or something before it, hung up`
        : `Line ${number} of the answer (${line.length} characters) is not JSON: is something between davit and the engine?`,
    );
  }
}

/** Passes text on, and fails if a line is longer than allowed. */
class LineLimit extends TransformStream<string, string> {
  /** Length of the line that has not ended yet. */
  open = 0;
  /** How many lines have ended. */
  lines = 0;

  constructor() {
    super({
      transform: (text, controller) => {
        let from = 0;
        for (
          let at = text.indexOf("\n");
          at !== -1;
          at = text.indexOf("\n", from)
        ) {
          this.#grow(at - from);
          this.open = 0;
          this.lines++;
          from = at + 1;
        }
        this.#grow(text.length - from);
        controller.enqueue(text);
      },
    });
  }

  #grow(length: number): void {
    this.open += length;
    if (this.open > MAX_LINE_LENGTH) {
      throw new ProtocolError(
        `Line ${
          this.lines + 1
        } of the answer is longer than ${MAX_LINE_LENGTH} characters`,
      );
    }
  }
}

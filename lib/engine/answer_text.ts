import { ProtocolError } from "../errors.ts";

/** The longest answer that is read as a whole, in bytes: a hundred thousand images are listed in it. */
export const MAX_ANSWER_BYTES: number = 128 * 1024 * 1024;

/**
 * The body of an answer as text, which is held in memory: one without end is
 * read no further than `maxBytes`.
 *
 * @param what Begins the sentence of an error, such as `The answer to GET /info`.
 * @throws {ProtocolError} If it is longer.
 * @throws Whatever its stream throws.
 */
export async function answerText(
  response: Response,
  what: string,
  maxBytes: number = MAX_ANSWER_BYTES,
): Promise<string> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let left = maxBytes;
  // Leaving the loop cancels the body.
  for await (const chunk of response.body ?? []) {
    left -= chunk.length;
    if (left < 0) {
      throw new ProtocolError(
        `${what} is longer than ${maxBytes} bytes: is something between davit and the engine?`,
      );
    }
    parts.push(decoder.decode(chunk, { stream: true }));
  }
  parts.push(decoder.decode());
  return parts.join("");
}

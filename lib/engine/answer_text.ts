import { ProtocolError } from "../errors.ts";
import { readText } from "../streams/read_whole.ts";

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
  return await readText(
    response.body ?? [],
    maxBytes,
    () =>
      new ProtocolError(
        `${what} is longer than ${maxBytes} bytes: is something between davit and the engine?`,
      ),
  );
}

import { ProtocolError } from "../errors.ts";
import { readText } from "../streams/read_whole.ts";

/**
 * The longest answer that is read as a whole, in bytes: enough for a list of a
 * hundred thousand images.
 */
export const MAX_ANSWER_BYTES: number = 128 * 1024 * 1024;

/**
 * Reads the body of an answer as text, at most `maxBytes` of it, because it is
 * held in memory.
 *
 * @param what The beginning of an error's message, such as
 * `The answer to GET /info`.
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

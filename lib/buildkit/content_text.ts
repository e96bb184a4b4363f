import { ProtocolError } from "../errors.ts";

/** What is read, and how much of it is taken. */
export interface ContentTextOptions {
  /** What it is, for the error. */
  readonly what: string;
  /** The most that is taken, in bytes. */
  readonly maxBytes: number;
}

/**
 * Joins the parts of something out of the engine's content store, as text.
 *
 * @throws {ProtocolError} If it has more than `maxBytes`.
 */
export async function contentText(
  parts: AsyncIterable<Uint8Array>,
  { what, maxBytes }: ContentTextOptions,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const part of parts) {
    size += part.length;
    if (size > maxBytes) {
      throw new ProtocolError(`${what} has more than ${maxBytes} bytes`);
    }
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}

import { type Message, message, one, RAW } from "./message.ts";
import { BYTES, tagOf } from "./wire_reader.ts";

/**
 * `BytesMessage`: bytes of a stream, as `FileSend/DiffCopy`,
 * `SSH/ForwardAgent` and `Control/Session` carry them.
 */
export const bytesMessage: Message<{ readonly data: Uint8Array }> = message({
  data: one(1, RAW),
});

/**
 * What comes before `length` bytes in a `BytesMessage`: together with the bytes
 * it is the message, so that they need not be copied.
 *
 * @param field The field's number, where they are the last field of a message
 * of another kind.
 */
export function bytesMessagePrefix(
  length: number,
  field = 1,
): Uint8Array<ArrayBuffer> {
  const prefix = [tagOf(field, BYTES)];
  for (; length >= 0x80; length = Math.floor(length / 0x80)) {
    prefix.push(length % 0x80 + 0x80);
  }
  prefix.push(length);
  return Uint8Array.from(prefix);
}

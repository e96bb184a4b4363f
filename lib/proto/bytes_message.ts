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
 */
export function bytesMessagePrefix(length: number): Uint8Array<ArrayBuffer> {
  const prefix = [tagOf(1, BYTES)];
  for (; length >= 0x80; length = Math.floor(length / 0x80)) {
    prefix.push(length % 0x80 + 0x80);
  }
  prefix.push(length);
  return Uint8Array.from(prefix);
}

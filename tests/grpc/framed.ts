import { PREFIX_BYTES } from "../../lib/grpc/frame.ts";
import type { FramedDuplex, MessageDuplex } from "../../lib/streams/duplex.ts";

/** A call of a test that takes many messages at once, too, and sees each alone. */
export function framed<Call extends MessageDuplex>(
  call: Call,
): Call & FramedDuplex {
  return {
    ...call,
    writeFramed(messages: Uint8Array) {
      const view = new DataView(messages.buffer, messages.byteOffset);
      const writeFrom = (at: number): Promise<void> | undefined => {
        while (at < messages.length) {
          const begin = at + PREFIX_BYTES;
          at = begin + view.getUint32(begin - 4);
          const room = call.write(messages.subarray(begin, at));
          if (room !== undefined) return room.then(() => writeFrom(at));
        }
        return undefined;
      };
      return writeFrom(0);
    },
  };
}

import type { ByteDuplex } from "../streams/duplex.ts";
import type { GrpcClientCall } from "./client_call.ts";
import { bytesMessage, bytesMessagePrefix } from "../proto/bytes_message.ts";

/**
 * The longest piece that is sent as one message, in bytes: an engine of the
 * 20.10 line accepts messages of up to 4 MiB, and keeps each one whole in
 * memory.
 */
const MAX_PIECE_BYTES: number = 1024 * 1024;

/** Options of {@linkcode bytesDuplex}. */
export interface BytesDuplexOptions {
  /** The first message, where it was read already. */
  readonly first?: Uint8Array | undefined;
  /**
   * Called when the call is over, in whatever way; it may be called more than
   * once.
   */
  readonly onOver?: (() => void) | undefined;
}

/**
 * A call whose messages hold only bytes (`BytesMessage{1 data}`), as a
 * connection. `moby.buildkit.v1.Control/Session` carries a session in this way.
 *
 * Closing `writable` ends this side of the call; cancelling `readable` or
 * aborting `writable` gives the call up. `readable` fails with the error of the
 * call.
 */
export function bytesDuplex(
  call: GrpcClientCall,
  { first, onOver = () => {} }: BytesDuplexOptions = {},
): ByteDuplex {
  let held = first;
  const giveUp = (reason?: unknown) => {
    call.cancel(reason);
    onOver();
  };
  return {
    readable: new ReadableStream<Uint8Array>({
      async pull(controller) {
        for (;;) {
          const message = held ?? await read(call, onOver);
          held = undefined;
          if (message === null) return controller.close();
          const { data } = bytesMessage.decode(message);
          // An empty message is skipped, because a byte stream can't have an
          // empty chunk.
          if (data.length > 0) return controller.enqueue(data);
        }
      },
      cancel: giveUp,
    }, { highWaterMark: 0 }),
    writable: new WritableStream<Uint8Array>({
      async write(chunk) {
        for (let at = 0; at < chunk.length; at += MAX_PIECE_BYTES) {
          const piece = chunk.subarray(at, at + MAX_PIECE_BYTES);
          await call.write(bytesMessagePrefix(piece.length), piece);
        }
      },
      close: async () => await call.end(),
      abort: giveUp,
    }),
    close: () => giveUp(),
  };
}

/** Reads a message; tells when there is no more. */
async function read(
  call: GrpcClientCall,
  onOver: () => void,
): Promise<Uint8Array | null> {
  try {
    const message = await call.read();
    if (message === null) onOver();
    return message;
  } catch (error) {
    onOver();
    throw error;
  }
}

import type { ByteDuplex } from "../streams/duplex.ts";

/** One read takes at most this much; a larger one measured no faster. */
const READ_BYTES = 64 * 1024;

/**
 * A connection as a pair of streams.
 *
 * The descriptor is closed as soon as both directions have ended, or when
 * either is dropped (`readable.cancel()`, `writable.abort()`), and by `close()`
 * whatever waits.
 */
export function connDuplex(conn: Deno.Conn): ByteDuplex {
  let ends = 0;
  let closed = false;
  let reading = false;
  const close = () => {
    if (closed) return;
    closed = true;
    // Deno 2.8 keeps a socket open while a read is pending: so the peer is told,
    // and its own close ends the read.
    if (reading) conn.closeWrite().catch(() => {}); // the peer may have gone first
    conn.close();
  };
  const end = () => {
    if (++ends === 2) close();
  };
  const readable = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // A buffer for each read: the consumer may keep views of the last one.
      const buffer = new Uint8Array(READ_BYTES);
      let count: number | null;
      try {
        reading = true;
        count = await conn.read(buffer);
        reading = false;
      } catch (error) {
        reading = false;
        close();
        throw error;
      }
      if (count === null) {
        controller.close();
        end();
      } else {
        controller.enqueue(buffer.subarray(0, count));
      }
    },
    cancel: close,
  }, { highWaterMark: 0 });
  const writable = new WritableStream<Uint8Array>({
    async write(chunk) {
      try {
        let rest = chunk;
        while (rest.length > 0) rest = rest.subarray(await conn.write(rest));
      } catch (error) {
        close();
        throw error;
      }
    },
    async close() {
      if (closed) return;
      try {
        await conn.closeWrite();
      } catch (error) {
        // The peer may have gone first; then there is nothing left to close.
        if (!(error instanceof Deno.errors.NotConnected)) {
          close();
          throw error;
        }
      }
      end();
    },
    abort: close,
  });
  return { readable, writable, close };
}

import type { ByteDuplex } from "../streams/duplex.ts";

/** How many bytes one read takes at most; more was not faster when measured. */
const READ_BYTES = 64 * 1024;

/**
 * A connection as a pair of streams.
 *
 * The connection's file descriptor is closed as soon as both directions have
 * ended, or when one of them is given up (`readable.cancel()`,
 * `writable.abort()`). `close()` closes it at once, even while a read or write
 * is waiting.
 */
export function connDuplex(conn: Deno.Conn): ByteDuplex {
  let ends = 0;
  let closed = false;
  let reading = false;
  const close = () => {
    if (closed) return;
    closed = true;
    // Deno 2.8 keeps a socket open while a read is pending. Closing the sending
    // half lets the peer close the connection, which ends the read.
    if (reading) conn.closeWrite().catch(() => {}); // the peer may have closed it already
    conn.close();
  };
  const end = () => {
    if (++ends === 2) close();
  };
  const readable = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // Each read gets a new buffer: the consumer may still use the last one.
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
        // The peer may have closed the connection already; then nothing is left
        // to close.
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

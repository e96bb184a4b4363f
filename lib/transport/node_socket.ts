import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { connDuplex } from "./conn.ts";

/**
 * A connection of Deno's as node's HTTP client takes one. Node's own TLS reads
 * on while nobody takes what came: an image that is saved to a slow disk would
 * be held in memory.
 *
 * @param dialled The connection, which may still be under way.
 */
export function nodeSocket(dialled: Promise<Deno.Conn>): Socket {
  const opened = dialled.then((conn) => {
    const { readable, writable, close } = connDuplex(conn);
    return {
      conn,
      reader: readable.getReader(),
      writer: writable.getWriter(),
      close: close!,
    };
  });
  type Opened = Awaited<typeof opened>;
  const use = (
    done: (error?: Error | null) => void,
    action: (opened: Opened) => unknown,
  ) => {
    opened.then(action).then(() => done(), done);
  };
  const stream = new Duplex({
    read() {
      use((error) => error && stream.destroy(error), async ({ reader }) => {
        const { done, value } = await reader.read();
        stream.push(done ? null : value);
      });
    },
    write(chunk: Uint8Array, _encoding, done) {
      use(done, ({ writer }) => writer.write(chunk));
    },
    final(done) {
      use(done, ({ writer }) => writer.close());
    },
    destroy(error, done) {
      opened.then(({ close }) => close(), () => {}); // never opened
      done(error);
    },
  });
  const hold = (ref: boolean) => {
    opened.then(
      ({ conn }) => ref ? conn.ref() : conn.unref(),
      () => {}, // never opened
    );
    return stream;
  };
  const unchanged = () => stream;
  // What an agent does with the sockets that it keeps.
  return Object.assign(stream, {
    ref: () => hold(true),
    unref: () => hold(false),
    setKeepAlive: unchanged,
    setNoDelay: unchanged,
    setTimeout: unchanged,
  }) as unknown as Socket;
}

import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { connDuplex } from "./conn.ts";

/**
 * Makes a node `Socket` from a connection of Deno's, for node's HTTP client.
 * Node's own TLS socket keeps reading while nobody takes the data, so an image
 * that is saved to a slow disk would fill the memory.
 *
 * @param dialled The connection, or the promise of it.
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
  // The methods that node's HTTP agent calls on the sockets that it keeps.
  return Object.assign(stream, {
    ref: () => hold(true),
    unref: () => hold(false),
    setKeepAlive: unchanged,
    setNoDelay: unchanged,
    setTimeout: unchanged,
  }) as unknown as Socket;
}

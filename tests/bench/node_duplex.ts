import { Duplex } from "node:stream";

/** A socket as Node's `http2` wants it, with as little between as can be. */
export function nodeDuplex(conn: Deno.UnixConn): Duplex {
  const buffer = new Uint8Array(64 * 1024);
  const duplex = new Duplex({
    read() {
      conn.read(buffer).then(
        (count) => this.push(count === null ? null : buffer.slice(0, count)),
        (error) => this.destroy(error),
      );
    },
    write(chunk: Uint8Array, _encoding, done) {
      (async () => {
        let rest = chunk;
        while (rest.length > 0) rest = rest.subarray(await conn.write(rest));
      })().then(() => done(), done);
    },
    destroy(error, done) {
      try {
        conn.close();
      } catch {
        // The peer's end may have closed it: then there is nothing to do.
      }
      done(error);
    },
  });
  duplex.on("error", () => {});
  return duplex;
}

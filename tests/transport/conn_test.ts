import { assertEquals, assertRejects } from "../support/assert.ts";
import { connDuplex } from "../../lib/transport/conn.ts";

/** A connection whose calls a test answers. */
function fakeConn(
  calls: {
    read?: (buffer: Uint8Array) => Promise<number | null>;
    write?: (bytes: Uint8Array) => Promise<number>;
    closeWrite?: () => Promise<void>;
  },
): { conn: Deno.Conn; closed: () => number } {
  let closed = 0;
  const conn = {
    read: () => Promise.resolve(null),
    write: (bytes: Uint8Array) => Promise.resolve(bytes.length),
    closeWrite: () => Promise.resolve(),
    close: () => {
      closed++;
    },
    ...calls,
  } as unknown as Deno.Conn;
  return { conn, closed: () => closed };
}

function read(readable: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(readable).text();
}

Deno.test("connDuplex() ends well for a peer that hung up first", async () => {
  let left = 2;
  const { conn, closed } = fakeConn({
    read: (buffer) => {
      if (left-- === 0) return Promise.resolve(null);
      buffer.set(new TextEncoder().encode("bye"));
      return Promise.resolve(3);
    },
    closeWrite: () => Promise.reject(new Deno.errors.NotConnected("gone")),
  });
  const { readable, writable } = connDuplex(conn);
  await writable.close();
  assertEquals(closed(), 0);
  // What it had sent before is still there to be read.
  assertEquals(await read(readable), "byebye");
  assertEquals(closed(), 1);
});

Deno.test("connDuplex() is closed by every other failure, once", async () => {
  const failure = new Deno.errors.ConnectionReset("reset by peer");
  const failing = () => Promise.reject(failure);
  const ending = fakeConn({ closeWrite: failing });
  const end = await assertRejects(() =>
    connDuplex(ending.conn).writable.close()
  );
  assertEquals([end, ending.closed()], [failure, 1]);

  const reading = fakeConn({ read: failing });
  const duplex = connDuplex(reading.conn);
  const broken = await assertRejects(() => read(duplex.readable));
  assertEquals([broken, reading.closed()], [failure, 1]);
  await duplex.writable.close();
  assertEquals(reading.closed(), 1);

  const writing = fakeConn({ write: failing });
  const writer = connDuplex(writing.conn).writable.getWriter();
  const unwritten = await assertRejects(() => writer.write(new Uint8Array(1)));
  assertEquals([unwritten, writing.closed()], [failure, 1]);
});

Deno.test("connDuplex() closes behind both directions, or when either is dropped", async () => {
  const both = fakeConn({});
  const { readable, writable } = connDuplex(both.conn);
  assertEquals(await read(readable), "");
  assertEquals(both.closed(), 0);
  await writable.close();
  assertEquals(both.closed(), 1);

  const cancelled = fakeConn({});
  await connDuplex(cancelled.conn).readable.cancel();
  assertEquals(cancelled.closed(), 1);
  const aborted = fakeConn({});
  await connDuplex(aborted.conn).writable.abort();
  assertEquals(aborted.closed(), 1);
});

Deno.test("connDuplex() writes on where the system took only a part", async () => {
  const taken: number[] = [];
  const { conn } = fakeConn({
    write: (bytes) => {
      const count = Math.min(bytes.length, 3);
      taken.push(...bytes.subarray(0, count));
      return Promise.resolve(count);
    },
  });
  const writer = connDuplex(conn).writable.getWriter();
  await writer.write(Uint8Array.of(1, 2, 3, 4, 5, 6, 7));
  assertEquals(taken, [1, 2, 3, 4, 5, 6, 7]);
});

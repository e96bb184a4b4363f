import { assert, assertEquals } from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";
import { delay } from "../engines/process.ts";

const PING = "GET /_ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const PROGRAM = new URL("descriptors.ts", import.meta.url).pathname;
const CERTS = new URL("../transport/certs/", import.meta.url).pathname;

/** A gateway in another process; `ask` sends a line and gives the answer. */
async function withProcess(
  way: string,
  limits: Record<string, number>,
  use: (
    address: string,
    ask: (word: string) => Promise<string>,
  ) => Promise<void>,
): Promise<void> {
  await using child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", PROGRAM, way, JSON.stringify(limits)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const writer = child.stdin.getWriter();
  const read = async () => (await lines.read()).value?.trim() ?? "(ended)";
  try {
    await use(await read(), async (word) => {
      await writer.write(new TextEncoder().encode(`${word}\n`));
      return await read();
    });
  } finally {
    await writer.abort().catch(() => {}); // it may have ended
    await lines.cancel();
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended, which the test tells by itself.
    }
  }
}

/** Asks until it is so; a test's own deadline is long. */
async function until(is: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!await is()) {
    assert(Date.now() < deadline, what);
    await delay(50);
  }
}

Deno.test("clients that take nothing of an answer leave no descriptor behind, half-closed or not", async () => {
  await withTempFolder(async (folder) => {
    await withProcess(
      `${folder}/s`,
      { idleMs: 300, maxConnections: 100 },
      async (_address, ask) => {
        const before = Number(await ask("count"));
        const conns: Deno.UnixConn[] = [];
        for (let i = 0; i < 20; i++) {
          const conn = await Deno.connect({
            transport: "unix",
            path: `${folder}/s`,
          });
          conns.push(conn);
          await conn.write(new TextEncoder().encode(
            "GET /images/a/json HTTP/1.1\r\nHost: a\r\n\r\n",
          ));
          // When the answer has begun.
          await conn.read(new Uint8Array(1));
          if (i % 2 === 1) await conn.closeWrite();
        }
        await until(
          // Deno itself opens some in its first seconds.
          async () => Number(await ask("count")) < before + 5,
          "descriptors stay open",
        );
        for (const conn of conns) conn.close();
      },
    );
  });
});

Deno.test("connections within their TLS handshake count, and end with the gateway", async () => {
  await withProcess(
    "tls",
    { maxConnections: 3 },
    async (address, ask) => {
      const at = { hostname: "127.0.0.1", port: Number(new URL(address).port) };
      const before = Number(await ask("count"));
      const count = async () => Number(await ask("count")) - before;
      const conns = await Promise.all([1, 2, 3].map(() => Deno.connect(at)));
      await until(async () => await count() >= 3, "not all came in");
      const ended = async (conn: Deno.Conn) =>
        await conn.read(new Uint8Array(1)).catch(() => null) === null;
      let timedOut = false;
      const first = ended(conns[0]!).then(() => timedOut = true);
      const more = await Promise.all([1, 2, 3].map(() => Deno.connect(at)));
      for (const conn of more) assert(await ended(conn));
      assert(!timedOut, "they only ended as all handshakes do in the end");
      // Those that end make room.
      conns.pop()!.close();
      const options = {
        ...at,
        hostname: "localhost",
        caCerts: [await Deno.readTextFile(`${CERTS}ca.pem`)],
        cert: await Deno.readTextFile(`${CERTS}client.pem`),
        key: await Deno.readTextFile(`${CERTS}client-key.pem`),
      };
      await until(async () => {
        const conn = await Deno.connectTls(options).catch(() => undefined);
        try {
          await conn?.write(new TextEncoder().encode(PING));
          const buffer = new Uint8Array(100);
          return await conn?.read(buffer) !== null && buffer[9] === 0x32;
        } catch {
          return false;
        } finally {
          conn?.close();
        }
      }, "no place became free");
      // As often as there are places: each gives its own back.
      assertEquals(await ask("stop"), "stopped");
      assert(await first, "a handshake outlives the gateway");
      for (const conn of conns) conn.close();
      for (const conn of more) conn.close();
    },
  );
});

Deno.test("a TLS handshake that would end during a stop does no harm", async () => {
  await withProcess("tls", {}, async (address, ask) => {
    const port = Number(new URL(address).port);
    using relay = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const held = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const relaying = (async () => {
      using near = await relay.accept();
      using far = await Deno.connect({ hostname: "127.0.0.1", port });
      const back = (async () => {
        const buffer = new Uint8Array(65536);
        for (let n; (n = await far.read(buffer)) !== null;) {
          await near.write(buffer.subarray(0, n));
        }
      })().catch(() => {}); // it was dropped, as it should be
      const buffer = new Uint8Array(65536);
      // The client's second flight ends the handshake.
      for (let flight = 1; flight <= 2; flight++) {
        const count = await near.read(buffer);
        if (flight === 2) {
          held.resolve();
          await release.promise;
        }
        await far.write(buffer.subarray(0, count ?? 0));
      }
      await back;
    })().catch(() => {});
    const client = (async () => {
      using conn = await Deno.connectTls({
        hostname: "localhost",
        port: (relay.addr as Deno.NetAddr).port,
        caCerts: [await Deno.readTextFile(`${CERTS}ca.pem`)],
        cert: await Deno.readTextFile(`${CERTS}client.pem`),
        key: await Deno.readTextFile(`${CERTS}client-key.pem`),
      });
      await conn.handshake();
      await conn.read(new Uint8Array(1));
    })().catch(() => {});
    await held.promise;
    assertEquals(await ask("stop"), "stopped");
    release.resolve();
    await relaying;
    await client;
    assert(Number(await ask("count")) > 0, "it ended the process");
  });
});

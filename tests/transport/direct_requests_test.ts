import { ConnectionError } from "../../lib/errors.ts";
import { directTransport } from "../../lib/transport/direct.ts";
import type { Transport } from "../../lib/transport/transport.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const UPGRADE = { protocol: "h2c", headers: [] };

/** A server that answers a request when it is told to, by a Unix socket and by TCP. */
async function withServers(
  use: (
    transport: Transport,
    server: {
      /** What came on each connection. */
      heads: string[];
      closed: number;
      answer(): void;
    },
  ) => Promise<void>,
): Promise<void> {
  await withTempFolder(async (folder) => {
    const path = `${folder}/s`;
    for (const kind of ["unix", "tcp"] as const) {
      const listener = kind === "unix"
        ? Deno.listen({ transport: "unix", path })
        : Deno.listen({ hostname: "127.0.0.1", port: 0 });
      let go = Promise.withResolvers<void>();
      const server = {
        heads: [] as string[],
        closed: 0,
        answer() {
          go.resolve();
          go = Promise.withResolvers();
        },
      };
      const serve = async (conn: Deno.Conn) => {
        const buffer = new Uint8Array(4096);
        const index = server.heads.push("") - 1;
        try {
          while (true) {
            const count = await conn.read(buffer);
            if (count === null) break;
            server.heads[index] += new TextDecoder().decode(
              buffer.subarray(0, count),
            );
            if (!server.heads[index]!.endsWith("\r\n\r\n")) continue;
            await go.promise;
            await conn.write(new TextEncoder().encode(OK));
          }
        } catch {
          // The client may be gone at any time.
        }
        server.closed++;
        conn.close();
      };
      const serving: Promise<void>[] = [];
      const accepting = (async () => {
        for await (const conn of listener) serving.push(serve(conn));
      })();
      const transport = directTransport(
        kind === "unix" ? { kind, path } : {
          kind,
          hostname: "127.0.0.1",
          port: (listener.addr as Deno.NetAddr).port,
        },
      );
      await use(transport, server);
      await transport.close();
      server.answer();
      await Promise.all(serving);
      listener.close();
      await accepting;
    }
  });
}

Deno.test("of the connections that are free, eight are kept", async () => {
  await withServers(async (transport, server) => {
    const asking = Array.from({ length: 10 }, () => transport.fetch("/c"));
    await until(
      () => server.heads.filter((head) => head.includes("/c")).length === 10,
      "all were asked",
    );
    server.answer();
    for (const response of await Promise.all(asking)) await response.text();
    await until(() => server.closed === 2, "two are closed");
  });
});

Deno.test("a closed transport asks for nothing more, and says so", async () => {
  await withServers(async (transport, server) => {
    await transport.close();
    await transport.close();
    for (
      const ask of [
        () => transport.fetch("/a"),
        () => transport.upgrade!("/a", UPGRADE),
      ]
    ) await assertRejects(ask, ConnectionError, "is closed");
    assertEquals(server.heads, []);
  });
});

Deno.test("requests and upgrades are given up with their signal's reason", async () => {
  await withServers(async (transport, server) => {
    const reason = new Error("given up");
    for (
      const ask of [
        (signal: AbortSignal) => transport.fetch("/a", { signal }),
        (signal: AbortSignal) =>
          transport.upgrade!("/a", { ...UPGRADE, signal }),
      ]
    ) {
      const controller = new AbortController();
      const before = server.heads.length;
      const asking = ask(controller.signal);
      await until(() => server.heads[before], "it was asked");
      controller.abort(reason);
      assertEquals(await assertRejects(() => asking), reason);
      assertEquals(
        await assertRejects(() => ask(AbortSignal.abort(reason))),
        reason,
      );
      server.answer();
    }
  });
});

Deno.test("why an engine can't be reached is told of requests and of upgrades", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/s`;
    await Deno.writeTextFile(`${folder}/file`, "");
    const listener = Deno.listen({ transport: "unix", path });
    await Deno.rename(path, `${folder}/deserted`);
    listener.close();
    for (
      const [name, words] of [
        ["none", "no such socket"],
        ["deserted", "nobody listens"],
      ] as const
    ) {
      const transport = directTransport({
        kind: "unix",
        path: `${folder}/${name}`,
      });
      for (
        const ask of [
          () => transport.fetch("/a"),
          () => transport.upgrade!("/a", UPGRADE),
        ]
      ) {
        const error = await assertRejects(ask, ConnectionError, words);
        assert(error.cause instanceof Error);
      }
      await transport.close();
    }
  });
});

Deno.test("an engine that hangs up in the middle of a head is there, but does not answer", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/s`;
    const listener = Deno.listen({ transport: "unix", path });
    const accepting = (async () => {
      for await (const conn of listener) {
        await conn.read(new Uint8Array(4096));
        conn.close();
      }
    })();
    const transport = directTransport({ kind: "unix", path });
    await assertRejects(
      () => transport.fetch("/a"),
      ConnectionError,
      "is the engine still running?",
    );
    await transport.close();
    listener.close();
    await accepting;
  });
});

/** Dials as this says, for as long as `use` lasts. */
async function dialling(
  dial: (options: Deno.ConnectOptions) => Promise<Deno.Conn>,
  use: () => Promise<void>,
): Promise<void> {
  const { connect } = Deno;
  Deno.connect = dial as typeof Deno.connect;
  try {
    await use();
  } finally {
    Deno.connect = connect;
  }
}

Deno.test("an upgrade is given up with its signal's reason also while it connects", async () => {
  const transport = directTransport({
    kind: "tcp",
    hostname: "127.0.0.1",
    port: 1,
  });
  const controller = new AbortController();
  const reason = new Error("given up");
  await dialling(({ signal }) =>
    new Promise((_, reject) => {
      signal!.addEventListener("abort", () => reject(signal!.reason));
      controller.abort(reason);
    }), async () => {
    const error = await transport.upgrade!("/session", {
      ...UPGRADE,
      signal: controller.signal,
    }).catch((error) => error);
    assertEquals(error, reason);
  });
  await transport.close();
});

Deno.test("what is sent on a connection by TCP goes at once", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const { connect } = Deno;
  let isAtOnce = false;
  const serving = (async () => {
    using conn = await listener.accept();
    await conn.read(new Uint8Array(4096));
    await conn.write(
      new TextEncoder().encode("HTTP/1.1 101 UPGRADED\r\n\r\n"),
    );
  })();
  await dialling(async (options) => {
    const conn = await connect(options);
    const { setNoDelay } = conn;
    conn.setNoDelay = (noDelay = true) => {
      isAtOnce = noDelay;
      setNoDelay.call(conn, noDelay);
    };
    return conn;
  }, async () => {
    const transport = directTransport({
      kind: "tcp",
      hostname: "127.0.0.1",
      port,
    });
    const { readable, writable } = await transport.upgrade!(
      "/session",
      UPGRADE,
    );
    await readable.cancel();
    await writable.abort().catch(() => {}); // it is closed
    await transport.close();
  });
  await serving;
  listener.close();
  assert(isAtOnce);
});

import { ConnectionError } from "../../lib/errors.ts";
import type { Acceptor } from "../../lib/gateway/acceptor.ts";
import { listenTls } from "../../lib/gateway/listen_tls.ts";
import { listenUnix } from "../../lib/gateway/listen_unix.ts";
import { openAcceptor } from "../../lib/gateway/open_acceptor.ts";
import type { ByteDuplex } from "../../lib/streams/duplex.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
} from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";

const CERTS = new URL("../transport/certs/", import.meta.url);
const pem = (name: string) => Deno.readTextFile(new URL(name, CERTS));
const TOKEN = "a-token-of-many-characters";

/** Listens with TLS on a port of its own. */
async function listening(
  maxConnections: number,
): Promise<
  { acceptor: Acceptor; port: number; next(): Promise<ByteDuplex | undefined> }
> {
  const acceptor = await listenTls({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert: await pem("server.pem"), key: await pem("server-key.pem") },
    token: TOKEN,
  }, maxConnections);
  const connections = acceptor.connections[Symbol.asyncIterator]();
  return {
    acceptor,
    port: Number(/:(\d+)$/.exec(acceptor.address)![1]),
    next: async () => (await connections.next()).value,
  };
}

const dial = async (port: number) =>
  await Deno.connectTls({
    hostname: "127.0.0.1",
    port,
    caCerts: [await pem("ca.pem")],
    alpnProtocols: ["h2", "http/1.1"],
  });

/** Whether the other side has closed it. */
async function isClosed(conn: Deno.Conn): Promise<boolean> {
  const count = await conn.read(new Uint8Array(100)).catch(() => null);
  return count === null;
}

Deno.test("TLS: connections count from their first byte, and no longer than they stand", async () => {
  const { acceptor, port, next } = await listening(2);
  assertMatch(acceptor.address, /^https:\/\/127\.0\.0\.1:\d+$/);
  // One is in its handshake for long, one was accepted.
  const silent = await Deno.connect({ port });
  const first = await dial(port);
  assertEquals((await first.handshake()).alpnProtocol, "http/1.1");
  const served = await next();
  const over = await Deno.connect({ port });
  assert(await isClosed(over));
  over.close();
  silent.close();
  // Its place is free as soon as the server has seen it.
  let second: Deno.TlsConn;
  while (true) {
    second = await dial(port);
    const shaken = await second.handshake().then(() => true, () => false);
    if (shaken) break;
    second.close();
  }
  const other = await next();
  other!.close!();
  assert(await isClosed(second));
  second.close();
  // Closing the listener is no matter of a connection that stands.
  await acceptor.close();
  await acceptor.close();
  assertEquals(await next(), undefined);
  await first.write(new TextEncoder().encode("hello"));
  const reader = served!.readable.getReader();
  assertEquals(
    new TextDecoder().decode((await reader.read()).value),
    "hello",
  );
  served!.close!();
  assert(await isClosed(first));
  first.close();
});

Deno.test("TLS: with the listener goes who is in its handshake", async () => {
  const { acceptor, port, next } = await listening(10);
  const silent = await Deno.connect({ port });
  const first = await dial(port);
  await first.handshake();
  const served = await next(); // so both were seen
  await acceptor.close();
  assert(await isClosed(silent));
  served!.close!();
  for (const conn of [silent, first]) conn.close();
});

Deno.test("TLS: who does not speak it is hung up on, and a port that is taken is an error", async () => {
  const { acceptor, port, next } = await listening(10);
  const plain = await Deno.connect({ port });
  await plain.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  for (const _ of [1, 2]) if (await isClosed(plain)) break; // behind an alert
  plain.close();
  await assertRejects(
    async () =>
      await listenTls({
        hostname: "127.0.0.1",
        port,
        tls: {
          cert: await pem("server.pem"),
          key: await pem("server-key.pem"),
        },
        token: TOKEN,
      }, 1),
    ConnectionError,
    "something listens at this port already",
  );
  const first = await dial(port);
  await first.handshake();
  (await next())!.close!();
  first.close();
  await acceptor.close();
});

Deno.test("a socket's folder of two letters may be taken by others, but not all of them", async () => {
  await withTempFolder(async (folder) => {
    const { randomUUID } = crypto;
    const path = `${folder}/s`;
    let asked = 0;
    let free = "ab";
    crypto.randomUUID = () =>
      `${++asked === 100 ? free : "ab"}345678-1-2-3-4` as ReturnType<
        typeof randomUUID
      >;
    await Deno.mkdir(`${folder}/.ab`);
    try {
      await assertRejects(() => listenUnix(path), ConnectionError, "exists");
      assertEquals(asked, 100);
      asked = 0;
      free = "cd";
      const acceptor = await listenUnix(path);
      assertEquals(asked, 100);
      await acceptor.close();
    } finally {
      crypto.randomUUID = randomUUID;
    }
    // What belongs to others is left.
    const left = await Array.fromAsync(Deno.readDir(folder), (e) => e.name);
    assertEquals(left, [".ab"]);
  });
});

Deno.test("a socket is made in a folder that nobody else enters, and moved with its mode", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/s`;
    const { chmod } = Deno;
    const seen: unknown[] = [];
    Deno.chmod = async (made, mode) => {
      const parent = String(made).replace(/\/[^/]*$/, "");
      seen.push(
        (await Deno.stat(parent)).mode! & 0o777,
        await Deno.lstat(path).then(() => "there", () => "not there"),
      );
      await chmod(made, mode);
    };
    try {
      const acceptor = await listenUnix(path);
      assertEquals(seen, [0o700, "not there"]);
      assertEquals(
        await Array.fromAsync(Deno.readDir(folder), ({ name }) => name),
        ["s"],
      );
      await acceptor.close();
      // What fails in the middle leaves nothing.
      Deno.chmod = () => Promise.reject(new Error("not permitted"));
      await assertRejects(
        () => listenUnix(path),
        ConnectionError,
        `Cannot serve a gateway at "${path}": not permitted`,
      );
      assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
      Deno.chmod = () => Promise.reject("not an error");
      await assertRejects(
        () => listenUnix(path),
        ConnectionError,
        "not an error",
      );
    } finally {
      Deno.chmod = chmod;
    }
  });
});

Deno.test("a socket may have a name alone, and a folder's missing is told", async () => {
  await withTempFolder(async (folder) => {
    const before = Deno.cwd();
    Deno.chdir(folder);
    try {
      const acceptor = await listenUnix("s");
      assertEquals(
        acceptor.address,
        `unix://${await Deno.realPath(folder)}/s`,
      );
      assertEquals(
        await Array.fromAsync(Deno.readDir("."), ({ name }) => name),
        ["s"],
      );
      await acceptor.close();
    } finally {
      Deno.chdir(before);
    }
    await assertRejects(
      () => listenUnix(`${folder}/none/s`),
      ConnectionError,
      `there is no folder ${folder}/none/; make it first`,
    );
  });
});

Deno.test("what is at a socket's path is left alone unless nobody listens there", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/s`;
    const { connect } = Deno;
    const stale = Deno.listen({ transport: "unix", path: `${path}2` });
    await Deno.rename(`${path}2`, path);
    stale.close();
    // Whether anybody listens there can't be told.
    Deno.connect = (() =>
      Promise.reject(
        new Deno.errors.PermissionDenied("not yours"),
      )) as unknown as typeof connect;
    try {
      await assertRejects(() => listenUnix(path), ConnectionError, "not yours");
    } finally {
      Deno.connect = connect;
    }
    assert((await Deno.lstat(path)).isSocket);
    const acceptor = await listenUnix(path);
    // Its own was moved away by somebody.
    await Deno.remove(path);
    await acceptor.close();
  });
});

Deno.test("the longest path counts with the folder in which a socket is made", async () => {
  await withTempFolder(async (folder) => {
    // `.xy/s` is longer than a name of one letter by four.
    const long = `${folder}/${"d".repeat(102 - folder.length - 2)}`;
    await Deno.mkdir(long);
    await (await listenUnix(`${long}/s`)).close();
    const longer = `${long}d`;
    await Deno.mkdir(longer);
    await assertRejects(() => listenUnix(`${longer}/s`), TypeError, "too long");
    // It is bytes that count.
    await assertRejects(
      () => listenUnix(`${folder}/${"ü".repeat(60)}`),
      TypeError,
      "too long",
    );
  });
});

Deno.test("a port that is taken, and an address that is not this machine's, are told", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const tls = {
    cert: await pem("server.pem"),
    key: await pem("server-key.pem"),
  };
  for (
    const more of [{ tls, token: TOKEN }, { plainLoopback: true }] as const
  ) {
    const error = await assertRejects(
      () => openAcceptor({ hostname: "127.0.0.1", port, ...more }, 9),
      ConnectionError,
      `Cannot serve a gateway at 127.0.0.1:${port}: something listens at this port already`,
    );
    assert(error.cause instanceof Error);
  }
  await assertRejects(
    () =>
      openAcceptor({ hostname: "192.0.2.1", port: 0, tls, token: TOKEN }, 9),
    ConnectionError,
    "Cannot serve a gateway at 192.0.2.1:0: listen ",
  );
});

import { createServer } from "node:tls";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { runProgram } from "../cli/command.ts";
import { ConnectionError } from "../../lib/errors.ts";
import { directTransport } from "../../lib/transport/direct.ts";
import type { Transport } from "../../lib/transport/transport.ts";

const CERTS = new URL("./certs/", import.meta.url);
const pem = (name: string) =>
  Deno.readTextFileSync(new URL(`${name}.pem`, CERTS));

/** A server that asks for a certificate; `names` are those that clients showed. */
async function withAskingServer(
  use: (port: number, names: string[]) => Promise<void>,
): Promise<void> {
  const names: string[] = [];
  const server = createServer({
    cert: pem("server"),
    key: pem("server-key"),
    ca: pem("ca"),
    requestCert: true,
    rejectUnauthorized: true,
  }, (socket) => {
    socket.on("error", () => {}); // the client may be gone at any time
    socket.once("data", (head: Uint8Array) => {
      names.push(String(socket.getPeerCertificate().subject?.CN));
      const isUpgrade = /upgrade:/i.test(new TextDecoder().decode(head));
      socket.end(
        isUpgrade
          ? "HTTP/1.1 101 UPGRADED\r\n\r\nupgraded"
          : "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
      );
    });
  });
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  await new Promise<void>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve())
  );
  const { port } = server.address() as { port: number };
  try {
    await use(port, names);
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

const HEAD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/** A server that does what `serve` does with each connection, by TLS. */
async function withServer(
  serve: (conn: Deno.TlsConn, head: string) => Promise<void>,
  use: (transport: Transport, port: number) => Promise<void>,
): Promise<void> {
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: pem("server"),
    key: pem("server-key"),
  });
  const { port } = listener.addr;
  const served: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const conn of listener) {
      served.push((async () => {
        try {
          await serve(conn, await readHead(conn));
        } catch {
          // The client may be gone at any time.
        } finally {
          conn.close();
        }
      })());
    }
  })();
  const transport = directTransport({
    kind: "tcp",
    hostname: "127.0.0.1",
    port,
    tls: { ca: pem("ca") },
  });
  try {
    await use(transport, port);
  } finally {
    await transport.close();
    listener.close();
    await accepting;
    await Promise.all(served);
  }
}

async function readHead(conn: Deno.Conn): Promise<string> {
  let head = "";
  const buffer = new Uint8Array(1024);
  while (!head.includes("\r\n\r\n")) {
    const count = await conn.read(buffer);
    if (count === null) break;
    head += new TextDecoder().decode(buffer.subarray(0, count));
  }
  return head;
}

async function write(conn: Deno.Conn, text: string | Uint8Array) {
  let rest = typeof text === "string" ? new TextEncoder().encode(text) : text;
  while (rest.length > 0) rest = rest.subarray(await conn.write(rest));
}

Deno.test("TLS: an answer that nobody reads is not read from the connection", async () => {
  const size = 1024 * 1024;
  const chunks = 256;
  let sent = 0;
  let stood = 0;
  let waiting = Promise.withResolvers<void>();
  await withServer(async (conn) => {
    await write(conn, HEAD);
    const chunk = new Uint8Array(size);
    for (; sent < chunks; sent++) {
      // A write that does not end for a while waits for the reader.
      const wait = setTimeout(() => {
        stood = sent;
        waiting.resolve();
      }, 1000);
      await write(conn, `${size.toString(16)}\r\n`);
      await write(conn, chunk);
      await write(conn, "\r\n");
      clearTimeout(wait);
    }
    await write(conn, "0\r\n\r\n");
    waiting.resolve();
  }, async (transport) => {
    const { body } = await transport.fetch("/images/get");
    const reader = body!.getReader();
    let read = (await reader.read()).value!.length;
    await waiting.promise;
    waiting = Promise.withResolvers();
    assert(stood > 0 && stood < chunks / 2, `stood at ${stood} of ${chunks}`);
    for (
      let next = await reader.read();
      !next.done;
      next = await reader.read()
    ) read += next.value.length;
    assertEquals(read, size * chunks);
  });
});

Deno.test("TLS: a request is sent before its body comes, and an answer's end gives the body up", async () => {
  let given: unknown;
  const gone = Promise.withResolvers<void>();
  await withServer(async (conn, head) => {
    assert(head.startsWith("POST /build HTTP/1.1\r\n"));
    await write(
      conn,
      "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}",
    );
    // Stays open, as a server that reads on.
    while (await conn.read(new Uint8Array(1024)) !== null);
    gone.resolve();
  }, async (transport) => {
    const response = await transport.fetch("/build", {
      method: "POST",
      body: new ReadableStream({
        pull: () => new Promise<void>(() => {}), // nothing ever comes
        cancel: (reason) => {
          given = reason ?? "no reason";
        },
      }),
    });
    assertEquals([response.status, await response.text()], [400, "{}"]);
    await gone.promise;
    assertEquals(given, "no reason");
  });
});

Deno.test("TLS: a connection that breaks is no matter of certificates", async () => {
  await withServer(async () => {}, async (transport) => {
    const error = await assertRejects(
      () => transport.fetch("/_ping"),
      ConnectionError,
      "is the engine still running?",
    );
    assert(!error.message.includes("DOCKER_CERT_PATH"), error.message);
  });
});

Deno.test("TLS: requests and upgrades trust the same: the given authority, and those of Deno", async () => {
  const program = `
    import { directTransport } from ${
    JSON.stringify(new URL("../../lib/transport/direct.ts", import.meta.url))
  };
    const [port, ...ca] = Deno.args;
    const transport = directTransport({
      kind: "tcp", hostname: "127.0.0.1", port: Number(port),
      tls: ca.length === 0 ? {} : { ca: await Deno.readTextFile(ca[0]) },
    });
    for (const ask of [
      () => transport.fetch("/_ping").then(({ status }) => status),
      () => transport.upgrade("/session", { protocol: "h2c", headers: [] }),
    ]) {
      console.log(await ask().catch((error) => error.message));
    }
    await transport.close();
  `;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, program);
  const path = (name: string) => new URL(`${name}.pem`, CERTS).pathname;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  await withServer(
    (conn) =>
      write(conn, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"),
    async (_, port) => {
      const ask = async (env: Record<string, string>, ...ca: string[]) => {
        const { stdout, stderr } = await runProgram([
          Deno.execPath(),
          ...["run", "-A", "--no-check", `--config=${config}`, file, `${port}`],
          ...ca,
        ], { env });
        const lines = new TextDecoder().decode(stdout).trim().split("\n");
        assertEquals(lines.length, 2, stderr);
        return lines.map((line) => line.includes("UnknownIssuer"));
      };
      const trusting = { DENO_CERT: path("ca") };
      assertEquals(await ask({}, path("ca")), [false, false]);
      assertEquals(await ask({}, path("client")), [true, true]);
      assertEquals(await ask({}), [true, true]);
      assertEquals(await ask(trusting, path("client")), [false, false]);
      assertEquals(await ask(trusting), [false, false]);
    },
  );
  await Deno.remove(file);
});

Deno.test("TLS: requests and upgrades show the client's certificate where there is one", async () => {
  await withAskingServer(async (port, names) => {
    const transportOf = (tls: { cert?: string; key?: string }) =>
      directTransport({
        kind: "tcp",
        hostname: "127.0.0.1",
        port,
        tls: { ca: pem("ca"), ...tls },
      });
    const known = transportOf({ cert: pem("client"), key: pem("client-key") });
    const response = await known.fetch("/_ping");
    assertEquals([response.status, await response.text()], [200, "ok"]);
    const { readable, writable } = await known.upgrade!("/session", {
      protocol: "h2c",
      headers: [],
    });
    assertEquals(await new Response(readable as BodyInit).text(), "upgraded");
    await writable.abort().catch(() => {}); // it may be closed
    await known.close();
    assertEquals(names.length, 2);
    assertEquals(new Set(names).size, 1);
    assert(names[0] !== "undefined", names[0]);
    const stranger = transportOf({});
    await assertRejects(() => stranger.fetch("/_ping"), ConnectionError);
    await stranger.close();
    assertEquals(names.length, 2);
  });
});

Deno.test("TLS: an upgrade to a server that is not trusted names the certificate's settings", async () => {
  await withServer(async () => {}, async (_, port) => {
    const transport = directTransport({
      kind: "tcp",
      hostname: "127.0.0.1",
      port,
      tls: { ca: pem("client") },
    });
    await assertRejects(
      () => transport.upgrade!("/session", { protocol: "h2c", headers: [] }),
      ConnectionError,
      "for certificates see DOCKER_TLS_VERIFY and DOCKER_CERT_PATH",
    );
    await transport.close();
  });
});

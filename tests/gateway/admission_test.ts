import { connect } from "node:tls";
import { once } from "node:events";
import { EngineError } from "../../lib/errors.ts";
import { type GatewayListen, serveGateway } from "../../mod.ts";
import { assert, assertEquals, assertFalse } from "../support/assert.ts";
import { build, request } from "./attacks.ts";
import { sendRaw, startGateway } from "./gateway.ts";
import { RecordingEngine } from "./recording_engine.ts";

const pem = (path: string) => Deno.readTextFile(new URL(path, import.meta.url));
const TOKEN = "a-token-of-many-characters";
const SECRET = "a-secret-of-a-build";
const SECRETS = `X-BuildKit-Secrets: ${btoa(JSON.stringify({ id: SECRET }))}`;
const LOGINS = `X-Registry-Config: ${btoa('{"a.example":{"auth":"YTpi"}}')}`;

/** One request over plain TCP. */
async function ask(port: number, ...headers: string[]): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(
    new TextEncoder().encode(
      ["GET /_ping HTTP/1.1", ...headers, "Connection: close", "", ""]
        .join("\r\n"),
    ),
  );
  const chunks = await Array.fromAsync(conn.readable);
  return await new Blob(chunks).text();
}

async function listen(
  engine: RecordingEngine,
  listen: GatewayListen,
): Promise<AsyncDisposable & { port: number }> {
  const gateway = await serveGateway({ engine, listen });
  engine.requests.length = 0;
  return {
    port: Number(/\d+$/.exec(gateway.address)![0]),
    [Symbol.asyncDispose]: () => gateway.stop(),
  };
}

Deno.test("on plain loopback a token is asked for where one is given, and this machine's name, too", async () => {
  const engine = new RecordingEngine();
  await using gateway = await listen(engine, {
    port: 0,
    plainLoopback: true,
    token: TOKEN,
  });
  const authorized = `Authorization: Bearer ${TOKEN}`;
  for (
    const [status, headers] of [
      [200, ["Host: localhost", authorized]],
      [401, ["Host: localhost"]],
      [401, ["Host: localhost", `Authorization: Bearer ${TOKEN}x`]],
      // A page in a browser may know the token, or have been given it.
      [403, ["Host: evil.example", authorized]],
      [403, ["Host: localhost", "Origin: http://localhost", authorized]],
      [403, ["Host: evil.example"]],
    ] as const
  ) {
    engine.requests.length = 0;
    const text = await ask(gateway.port, ...headers);
    assertEquals([headers, text.slice(9, 12)], [headers, String(status)]);
    assertEquals(engine.requests.length, status === 200 ? 1 : 0);
    assertEquals(
      /\r\nWWW-Authenticate: Bearer /.test(text),
      status === 401,
      text,
    );
    assertFalse(text.includes(TOKEN));
  }
  // It is the gateway's: no engine sees it.
  await ask(gateway.port, "Host: localhost", authorized);
  assertFalse(engine.requests.at(-1)!.headers.has("authorization"));
});

/** Asks with a certificate; what was answered, or nothing where it hung up. */
async function askTls(
  port: number,
  cert: string,
  key: string,
): Promise<string> {
  const socket = connect({
    host: "127.0.0.1",
    port,
    ca: await pem("../transport/certs/ca.pem"),
    cert,
    key,
  });
  let text = "";
  socket.on("data", (bytes: Uint8Array) => {
    text += new TextDecoder().decode(bytes);
  });
  const gone = once(socket, "close").catch(() => {}); // it was refused
  socket.on("error", () => {});
  socket.write(request("GET /_ping", ["Connection: close"]));
  socket.on("end", () => socket.end());
  await gone;
  return text;
}

Deno.test("a client's certificate of a stranger's authority that has the same name opens nothing", async () => {
  const engine = new RecordingEngine();
  await using gateway = await listen(engine, {
    hostname: "127.0.0.1",
    port: 0,
    tls: {
      cert: await pem("../transport/certs/server.pem"),
      key: await pem("../transport/certs/server-key.pem"),
      clientCa: await pem("../transport/certs/ca.pem"),
    },
  });
  const stranger = await askTls(
    gateway.port,
    await pem("certs/stranger.pem"),
    await pem("certs/stranger-key.pem"),
  );
  assertEquals(stranger, "");
  assertEquals(engine.requests, []);
  const ours = await askTls(
    gateway.port,
    await pem("../transport/certs/client.pem"),
    await pem("../transport/certs/client-key.pem"),
  );
  assert(ours.startsWith("HTTP/1.1 200 "), ours);
  assertEquals(engine.requests.length, 1);
});

Deno.test("TLS older than 1.2 gets an alert", async () => {
  await using gateway = await listen(new RecordingEngine(), {
    hostname: "127.0.0.1",
    port: 0,
    tls: {
      cert: await pem("../transport/certs/server.pem"),
      key: await pem("../transport/certs/server-key.pem"),
    },
    token: TOKEN,
  });
  for (const minor of [1, 2]) {
    // A ClientHello: its version, 32 bytes, no session, two ciphers of its time.
    const hello = [
      3,
      minor,
      ...new Uint8Array(32),
      0,
      0,
      4,
      0xc0,
      0x13,
      0,
      0x2f,
    ];
    const body = [...hello, 1, 0];
    using conn = await Deno.connect({ port: gateway.port });
    await conn.write(
      new Uint8Array([
        ...[22, 3, 1, 0, body.length + 4],
        ...[1, 0, 0, body.length, ...body],
      ]),
    );
    const answer = new Uint8Array(7);
    await conn.read(answer);
    const [type, , , , , level, description] = answer;
    assertEquals([type, level], [21, 2], "a fatal alert, and no handshake");
    assert([40, 70].includes(description!), `alert ${description}`);
  }
});

for (
  const [name, refusal, status] of [
    ["404", 404, 422],
    ["403", 403, 422],
    ["501", 501, 422],
    ["500", 500, 502],
    ["a connection that breaks", undefined, 502],
  ] as const
) {
  Deno.test(`a build with secrets does not run where a session gets ${name}`, async () => {
    const engine = new RecordingEngine();
    engine.upgrade = (path) => {
      engine.sessions.push(path);
      return Promise.reject(
        refusal === undefined ? new Error("it broke") : new EngineError({
          status: refusal,
          method: "POST",
          path: "/session",
          detail: `no session for ${SECRET}`,
        }),
      );
    };
    await using served = await startGateway({ engine });
    engine.requests.length = 0;
    for (const headers of [[SECRETS], [SECRETS, LOGINS]]) {
      for (const query of ["", "version=2"]) {
        const answer = await sendRaw(
          served.path,
          build(query, "Connection: close", ...headers),
          60_000,
        );
        assertEquals(answer.status, status);
        assertFalse(answer.text.includes(SECRET), answer.text);
      }
    }
    assertEquals(engine.sessions.length, 4);
    assertEquals(engine.requests, []);
  });
}

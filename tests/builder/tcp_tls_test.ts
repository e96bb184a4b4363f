/** What a TLS server sees of who connects to it as to a daemon. */
import { holdConnection } from "../../lib/buildkit/connection.ts";
import { Builder } from "../../lib/builder/builder.ts";
import { daemonAt } from "../../lib/builder/daemon.ts";
import { tlsConnector } from "../../lib/builder/tcp_tls.ts";
import { ConnectionError } from "../../lib/errors.ts";
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { makeAuthority } from "../support/certificates.ts";
import { until } from "../support/until.ts";

const NAME = "builder.test";
const { signal: NEVER } = new AbortController();

/** A TLS server that prefers the first of these protocols. */
async function listening(...alpnProtocols: string[]) {
  const authority = await makeAuthority();
  const { cert, key } = await authority.issue({ names: ["127.0.0.1", NAME] });
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert,
    key,
    alpnProtocols,
  });
  const { port } = listener.addr;
  return { listener, ca: authority.ca, port };
}

Deno.test("HTTP/2 is all that is offered over TLS, also to a server by another name", async () => {
  const { listener, ca, port } = await listening("http/1.1", "h2");
  for (const serverName of [undefined, NAME]) {
    const connector = tlsConnector(
      { kind: "tcp", hostname: "127.0.0.1", port },
      { ca, client: undefined, serverName },
    );
    assertEquals([connector.isHere, connector.isPlain], [true, false]);
    const accepted = listener.accept();
    const dialled = connector.dial(NEVER);
    using conn = await accepted;
    assertEquals((await conn.handshake()).alpnProtocol, "h2");
    const { close } = await dialled;
    close!();
    await connector.close();
  }
  listener.close();
});

Deno.test("a server that speaks no HTTP/2 over TLS is told as such", async () => {
  const { listener, ca, port } = await listening("http/1.1");
  const accepted = listener.accept();
  await using builder = await Builder.fromAddress(`tcp://127.0.0.1:${port}`, {
    tls: { ca },
  });
  const asked = assertRejects(() => builder.workers(), ConnectionError);
  using conn = await accepted;
  await conn.handshake().catch(() => {}); // refused here, and told there
  assertStringIncludes(
    (await asked).message,
    "what listens there speaks TLS, but no HTTP/2 over it; is it a BuildKit daemon? (",
  );
  listener.close();
});

Deno.test("a handshake that is given up leaves no connection when it comes to its end", async () => {
  const { listener, ca, port } = await listening("h2");
  // Before the server: what holds the handshake back.
  const before = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const given = new AbortController();
  const dialled = tlsConnector(
    { kind: "tcp", hostname: "127.0.0.1", port: before.addr.port },
    { ca, client: undefined, serverName: undefined },
  ).dial(given.signal);
  const near = await before.accept();
  const reason = new Error("enough");
  given.abort(reason);
  assertEquals(await assertRejects(() => dialled), reason);
  const accepted = listener.accept();
  const far = await Deno.connect({ hostname: "127.0.0.1", port });
  const relayed = Promise.allSettled([
    near.readable.pipeTo(far.writable),
    far.readable.pipeTo(near.writable),
  ]);
  {
    using conn = await accepted;
    await conn.handshake();
    let end: number | null | undefined;
    conn.read(new Uint8Array(1)).then((count) => end = count, () => {});
    await until(() => end === null, "the client closes it");
  }
  await relayed;
  before.close();
  listener.close();
});

Deno.test("a handshake that nobody answers, of a daemon or an engine, does not keep a program from its end", async () => {
  // What listens there takes connections, and says nothing.
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const program = `${import.meta.dirname}/given_up_program.ts`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", program, `${silent.addr.port}`],
    stdin: "null",
  }).spawn();
  using _daemon = await silent.accept();
  using _engine = await silent.accept();
  let isOver = false;
  const over = child.status.then(() => isOver = true);
  try {
    await until(() => isOver, "the program has ended");
  } finally {
    if (!isOver) child.kill();
    await over;
    silent.close();
  }
});

Deno.test("a handshake that nobody answers is a ConnectionError when its time is over", async () => {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = silent.addr;
  const where = `tcp://127.0.0.1:${port}`;
  for (const serverName of [undefined, NAME]) {
    const connector = tlsConnector(
      { kind: "tcp", hostname: "127.0.0.1", port },
      { ca: undefined, client: undefined, serverName },
    );
    const held = holdConnection(daemonAt(where, connector), {
      signal: NEVER,
      timeout: 200,
    });
    const failed = assertRejects(() => held, ConnectionError);
    using _conn = await silent.accept();
    assertStringIncludes(
      (await failed).message,
      `BuildKit at ${where} did not answer within 0.2 seconds`,
    );
    await connector.close();
  }
  silent.close();
});

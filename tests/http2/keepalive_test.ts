/** A server that sends nothing any more, and is found out. */
import { Http2Error } from "../../lib/http2/error.ts";
import { connectHttp2 } from "../../lib/http2/client.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { StandingClock } from "../support/standing_clock.ts";
import { frame } from "./raw_peer.ts";
import { POST, RawServer } from "./raw_server.ts";

const KEEPALIVE = { silence: 15_000, timeout: 10_000 };

/** A server whose client watches it, with one request open. */
async function watched(): Promise<RawServer> {
  const server = new RawServer({ keepalive: KEEPALIVE });
  server.send(frame("SETTINGS", 0, 0, ""));
  await server.preface();
  await server.connection.opened;
  await server.connection.request(POST);
  return server;
}

/** The PINGs that the client has sent, as far as nothing else follows. */
async function pings(server: RawServer, count: number): Promise<void> {
  for (let each = 0; each < count; each++) {
    const { flags, payload } = await server.until("PING");
    assertEquals([flags, payload], [0, new Uint8Array(8)]);
  }
}

const ACK = frame("PING", 1, 0, "0000000000000000");

Deno.test("a server that sends nothing and answers no PING has ended the connection", async () => {
  using clock = new StandingClock();
  const server = await watched();
  const stream = await server.connection.request(POST);
  await clock.pass(14_999);
  const quiet = clock.waits;
  await clock.pass(1);
  await pings(server, 1);
  assertEquals([quiet.at(0), clock.waits.at(0)], [1, 10_000]);
  await clock.pass(9_999);
  assert(server.connection.takesRequests);
  await clock.pass(1);
  const error = await assertRejects(() => stream.response, Http2Error);
  assertEquals(
    error.message,
    "Peer has sent nothing for 25 seconds, and no answer to PING",
  );
  assertEquals(server.connection.takesRequests, false);
  await clock.pass(60_000);
  assertEquals((await server.connection.closed).error, error);
  assertEquals(clock.waits, []);
});

Deno.test("whatever a server sends is a sign of life, and no PING follows it too soon", async () => {
  using clock = new StandingClock();
  await using server = await watched();
  // A frame within the silence moves the next question.
  await clock.pass(10_000);
  server.send(frame("WINDOW_UPDATE", 0, 0, "00000001"));
  await clock.settle();
  await clock.pass(14_000);
  server.send(frame("WINDOW_UPDATE", 0, 0, "00000001"));
  await clock.settle();
  await clock.pass(14_999);
  assertEquals(clock.waits, [1]);
  await clock.pass(1);
  await pings(server, 1);
  server.send(ACK);
  await clock.settle();
  await clock.pass(10_000);
  // It has said nothing of its own since, and is asked twice more.
  for (let early = 0; early < 2; early++) {
    await clock.pass(15_000);
    assertEquals(clock.waits, [10_000]);
    await pings(server, 1);
    server.send(ACK);
    await clock.settle();
    await clock.pass(10_000);
  }
  // Then it is left alone for more than five minutes after the last PING, which
  // was 10 seconds ago: 310 = 10 + 20 * 15.
  await clock.pass(20 * 15_000 - 1);
  assertEquals(clock.waits, [1]);
  await clock.pass(1);
  assertEquals(clock.waits, [10_000]);
  await pings(server, 1);
  server.send(ACK);
  await clock.settle();
  await clock.pass(10_000);
  assert(server.connection.takesRequests);
  // One after that time is none that the server minds, but does not make it
  // forget those before.
  await clock.pass(15_000);
  assertEquals(clock.waits, [15_000]);
  // DATA makes the server forget them.
  server.send(frame("HEADERS", 4, 1, "88"));
  server.send(frame("DATA", 0, 1, "00"));
  await clock.settle();
  await clock.pass(15_000);
  assertEquals(clock.waits, [10_000]);
  await pings(server, 1);
  server.send(ACK);
  await clock.settle();
  await clock.pass(10_000);
  assert(server.connection.takesRequests);
});

Deno.test("without open streams, or without the option, a server may be silent", async () => {
  using clock = new StandingClock();
  {
    await using server = new RawServer({ keepalive: KEEPALIVE });
    server.send(frame("SETTINGS", 0, 0, ""));
    await server.connection.opened;
    await clock.pass(3_600_000);
    assert(server.connection.takesRequests);
  }
  {
    await using server = new RawServer();
    server.send(frame("SETTINGS", 0, 0, ""));
    await server.connection.opened;
    await server.connection.request(POST);
    assertEquals(clock.waits, []);
    await clock.pass(3_600_000);
    assert(server.connection.takesRequests);
  }
  assertEquals(clock.waits, []);
});

Deno.test("a keepalive that is no time is refused", async () => {
  await using _ = new RawServer({ keepalive: { silence: 1, timeout: 1 } });
  for (
    const keepalive of [
      { silence: 0, timeout: 1 },
      { silence: 1, timeout: NaN },
      { silence: 2 ** 31, timeout: 1 },
    ]
  ) {
    const [duplex] = duplexPair();
    const error = assertThrows(
      () => connectHttp2(duplex, { keepalive }),
      RangeError,
    );
    assert(error.message.includes("keepalive has"), error.message);
  }
});

Deno.test("a client tells when the server has accepted it, or why not", async () => {
  await using server = new RawServer();
  let isOpen = false;
  const opened = server.connection.opened.then(() => isOpen = true);
  await server.preface();
  assertEquals(isOpen, false);
  server.send(frame("SETTINGS", 0, 0, ""));
  await opened;
  const broken = new RawServer();
  broken.break(new Error("refused"));
  const error = await assertRejects(
    () => broken.connection.opened,
    Http2Error,
  );
  assertEquals((error.cause as Error).message, "refused");
});

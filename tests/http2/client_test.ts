/** The client's end against a server in bytes: requests, responses, and what waits. */
import {
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import type { Http2ClientStream } from "../../lib/http2/client_stream.ts";
import type { HeaderField } from "../../lib/http2/hpack_table.ts";
import { encodeHeaders } from "../../lib/http2/hpack_encode.ts";
import { bytes, frame, uint32 } from "./raw_peer.ts";
import { POST, RawServer } from "./raw_server.ts";

/** Header block of `:status 200`. */
const OK = "88";
const PING = frame("PING", 0, 0, "0000000000000000");

async function bodyOf(stream: Http2ClientStream): Promise<number[]> {
  const body: number[] = [];
  for (;;) {
    const chunk = await stream.read();
    if (chunk === null) return body;
    body.push(...chunk);
  }
}

Deno.test("connectHttp2() sends its preface and limits first, and waits for nothing", async () => {
  await using server = new RawServer({
    streamWindow: 0x10000,
    connectionWindow: 0x20000,
  });
  const stream = await server.connection.request(POST, { endStream: true });
  assertEquals(stream.id, 1);
  assertEquals(await server.preface(), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  const settings = await server.next();
  assertEquals([settings?.type, settings?.id], ["SETTINGS", 0]);
  assertEquals(
    settings?.payload,
    bytes("0002 00000000 0004 00010000 0006 01000000"),
  );
  const update = await server.next();
  assertEquals([update?.type, update?.id], ["WINDOW_UPDATE", 0]);
  assertEquals(update?.payload, bytes(uint32(0x20000 - 65_535)));
  assertEquals(await server.next(), {
    type: "HEADERS",
    flags: 5,
    id: 1,
    payload: bytes("83 86 04 02 2f78"),
  });
});

Deno.test("a request and its response: headers, bodies and trailers of both", async () => {
  await using server = await RawServer.greeted();
  const stream = await server.request();
  assertEquals(stream.write(Uint8Array.of(1), Uint8Array.of(2)), undefined);
  stream.end([["a", "b"]]);
  assertEquals((await server.next())?.payload, Uint8Array.of(1, 2));
  assertEquals(await server.next(), {
    type: "HEADERS",
    flags: 5,
    id: 1,
    payload: bytes("00 0161 0162"),
  });
  server.send(
    // Interim responses are passed over.
    frame("HEADERS", 4, 1, encodeHeaders([[":status", "103"], ["c", "d"]])),
    frame("HEADERS", 4, 1, encodeHeaders([[":status", "100"]])),
    frame("HEADERS", 4, 1, encodeHeaders([[":status", "404"], ["e", "\xff "]])),
    frame("DATA", 0, 1, "0304"),
    frame("DATA", 0, 1, "05"),
    frame("HEADERS", 5, 1, encodeHeaders([["f", "g"], ["f", ""]])),
  );
  assertEquals(await stream.response, [[":status", "404"], ["e", "\xff "]]);
  assertEquals(await bodyOf(stream), [3, 4, 5]);
  assertEquals(stream.trailers, [["f", "g"], ["f", ""]]);
  assertEquals(await stream.read(), null);
  // A stream that both have ended is not reset.
  server.send(frame("SETTINGS", 0, 0));
  assertEquals((await server.next())?.type, "SETTINGS");
  assertEquals(stream.signal.aborted, false);
  assertEquals(server.connection.streams, 0);
});

Deno.test("a response may be nothing but a head, and a body may have no trailers", async () => {
  await using server = await RawServer.greeted();
  const first = await server.request(POST, { endStream: true });
  const second = await server.request(POST, { endStream: true });
  server.send(
    frame("HEADERS", 5, 1, OK),
    frame("HEADERS", 4, 3, OK),
    frame("DATA", 1, 3, "2a"),
  );
  assertEquals(await first.response, [[":status", "200"]]);
  assertEquals([await bodyOf(first), first.trailers], [[], []]);
  assertEquals([await bodyOf(second), second.trailers], [[42], []]);
  assertThrows(() => second.write(new Uint8Array(1)), TypeError, "after end");
});

Deno.test("request() refuses what can't be sent before a byte is", async () => {
  await using server = await RawServer.greeted("0006 00000100");
  const { connection, written } = server;
  for (
    const headers of [
      [[":method", "POST"], [":scheme", "http"]],
      [[":method", "POST"], ["a", "b"], [":scheme", "http"], [":path", "/"]],
      [...POST, ["A", "b"]],
      [...POST, ["a", "b\n"]],
      [...POST, ["a", "\u0100"]],
      [...POST, [":status", "200"]],
      [...POST, ["connection", "close"]],
    ] as HeaderField[][]
  ) {
    await assertRejects(() => connection.request(headers), TypeError);
  }
  const no = new Error("no");
  assertEquals(
    await assertRejects(() =>
      connection.request(POST, { signal: AbortSignal.abort(no) })
    ),
    no,
  );
  // The server takes 256 bytes; POST has 125, each field 32 more than its text.
  const size = (length: number): HeaderField[] => [
    ...POST,
    ["a", "b".repeat(length)],
  ];
  await assertRejects(
    () => connection.request(size(99)),
    RangeError,
    "257 bytes",
  );
  await server.taken();
  assertEquals(server.written, written);
  const stream = await server.request(size(98));
  assertThrows(
    () => stream.end([[":status", "200"]]),
    TypeError,
    '":status" in trailers',
  );
  assertThrows(() => stream.end([["a", "\n"]]), TypeError);
  stream.end();
  assertThrows(() => stream.end(), TypeError);
});

Deno.test("connectHttp2() refuses options out of range", async () => {
  for (
    const options of [
      { settingsTimeout: 0 },
      { settingsTimeout: NaN },
      { settingsTimeout: 2 ** 31 },
      { streamWindow: 1 },
    ]
  ) {
    assertThrows(() => new RawServer(options), RangeError);
  }
  await using _ = new RawServer({ settingsTimeout: 2 ** 31 - 1 });
  await using _other = new RawServer({ settingsTimeout: 1 });
});

Deno.test("a request that has its stream, or gave up, listens to its signal no more", async () => {
  await using server = await RawServer.greeted("0003 00000001");
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: unknown[]) => {
    listeners++;
    addEventListener.apply(signal, args as never);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listeners--;
    removeEventListener.apply(signal, args as never);
  };
  await server.request(POST, { signal });
  assertEquals(listeners, 0);
  const waiting = server.connection.request(POST, { signal });
  assertEquals(listeners, 1);
  await server.connection.close();
  await assertRejects(() => waiting);
  assertEquals(listeners, 0);
});

Deno.test("what the server takes of header fields stays as it said until it says otherwise", async () => {
  await using server = await RawServer.greeted("0006 00000100");
  const long: HeaderField[] = [...POST, ["a", "b".repeat(99)]];
  server.send(frame("SETTINGS", 0, 0, "0003 00000064"));
  await server.until("SETTINGS");
  await assertRejects(() => server.connection.request(long), RangeError);
  server.send(frame("SETTINGS", 0, 0, "0006 00000101"));
  await server.until("SETTINGS");
  await server.request(long);
});

Deno.test("requests above the server's limit wait, in order, and can give up", async () => {
  await using server = await RawServer.greeted("0003 00000002");
  const opened: string[] = [];
  const request = async (name: string, signal?: AbortSignal) => {
    const path: HeaderField[] = [...POST.slice(0, 2), [":path", `/${name}`]];
    try {
      const { id } = await server.connection.request(path, {
        endStream: true,
        signal,
      });
      opened.push(`${name} ${id}`);
    } catch (error) {
      opened.push(`${name} ${error}`);
    }
  };
  const controller = new AbortController();
  const all = [
    request("a"),
    request("b"),
    request("c"),
    request("d", controller.signal),
    request("e"),
  ];
  await all[1];
  assertEquals(opened, ["a 1", "b 3"]);
  assertEquals(server.connection.streams, 2);
  controller.abort("tired");
  await all[3];
  server.send(frame("HEADERS", 5, 3, OK));
  await all[2];
  server.send(frame("RST_STREAM", 0, 1, uint32(8)));
  await all[4];
  assertEquals(opened, ["a 1", "b 3", "d tired", "c 5", "e 7"]);
  const paths: number[] = [];
  for (const id of [1, 3, 5, 7]) {
    const headers = await server.until("HEADERS");
    assertEquals(headers.id, id);
    paths.push(headers.payload.at(-1)!);
  }
  assertEquals(String.fromCharCode(...paths), "abce");
});

Deno.test("the server's limit of streams is obeyed from its first SETTINGS on, raised and lowered", async () => {
  await using server = new RawServer();
  const { connection } = server;
  let opened = 0;
  const request = () => {
    connection.request(POST, { endStream: true }).then(
      () => opened++,
      () => {},
    );
  };
  for (let i = 0; i < 120; i++) request();
  await server.preface();
  await server.until("HEADERS");
  // Not one more before the server said how many it takes.
  assertEquals([opened, connection.streams], [1, 1]);
  server.send(frame("SETTINGS", 0, 0, "0003 0000006e"));
  for (let i = 1; i < 110; i++) await server.until("HEADERS");
  server.send(PING);
  assertEquals((await server.next())?.type, "PING");
  assertEquals(connection.streams, 110);
  // What is open stays; two that end make no room below the new limit.
  server.send(
    frame("SETTINGS", 0, 0, "0003 0000006c"),
    frame("HEADERS", 5, 1, OK),
    frame("HEADERS", 5, 3, OK),
    PING,
  );
  assertEquals((await server.until("PING")).flags, 1);
  assertEquals((await server.next())?.type, "SETTINGS");
  assertEquals(connection.streams, 108);
  server.send(frame("HEADERS", 5, 5, OK));
  assertEquals((await server.next())?.type, "HEADERS");
  // Without the setting the limit stays.
  server.send(frame("SETTINGS", 0, 0), PING);
  await server.until("SETTINGS");
  assertEquals(connection.streams, 108);
});

Deno.test("a server that says nothing of streams takes any number", async () => {
  await using server = await RawServer.greeted();
  for (let i = 0; i < 1_500; i++) await server.request();
  assertEquals(server.connection.streams, 1_500);
});

Deno.test("SETTINGS in the middle: windows of open streams, and the table of header fields", async () => {
  await using server = await RawServer.greeted("0004 00000002");
  const stream = await server.request();
  const written = stream.write(bytes("01020304"));
  assertEquals((await server.until("DATA")).payload, bytes("0102"));
  server.send(frame("SETTINGS", 0, 0, "0001 00000000 0004 00000003"));
  assertEquals((await server.until("DATA")).payload, bytes("03"));
  server.send(frame("WINDOW_UPDATE", 0, 1, uint32(5)));
  assertEquals((await server.until("DATA")).payload, bytes("04"));
  await written;
  await server.connection.request(POST);
  // "Dynamic table size 0" once, in front.
  assertEquals((await server.until("HEADERS")).payload[0], 0x20);
  await server.connection.request(POST);
  assertEquals((await server.until("HEADERS")).payload[0], 0x83);
});

/** What a server can do wrong, and what the client's end makes of it. */
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { errorName, Http2Error } from "../../lib/http2/error.ts";
import { encodeHeaders } from "../../lib/http2/hpack_encode.ts";
import { MAX_HEADER_LIST_SIZE } from "../../lib/http2/limits.ts";
import { bytes, codeOf, frame, uint32 } from "./raw_peer.ts";
import { RawServer } from "./raw_server.ts";
import { headerFrames, longList } from "./floods.ts";

/** Header block of `:status 200`. */
const OK = "88";
const BYTE = "00";
const PING = frame("PING", 0, 0, "0000000000000000");

/** Frames behind a request on stream 1 that end the connection, by the code of the GOAWAY. */
const CONNECTION_ERRORS: Record<string, [string, (string | Uint8Array)[]]> = {
  "HEADERS on a stream that was not begun": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 5, 3, OK)],
  ],
  "HEADERS on an even stream": ["PROTOCOL_ERROR", [
    frame("HEADERS", 5, 2, OK),
  ]],
  "HEADERS on stream 0": ["PROTOCOL_ERROR", [frame("HEADERS", 5, 0, OK)]],
  "HEADERS on a closed stream": [
    "STREAM_CLOSED",
    [frame("RST_STREAM", 0, 1, uint32(8)), frame("HEADERS", 5, 1, OK)],
  ],
  "HEADERS that can't be decoded": [
    "COMPRESSION_ERROR",
    [frame("HEADERS", 5, 1, "ff")],
  ],
  "DATA inside a header block": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 0, 1, OK), frame("DATA", 0, 1, BYTE)],
  ],
  "CONTINUATION of nothing": [
    "PROTOCOL_ERROR",
    [frame("CONTINUATION", 4, 1, OK)],
  ],
  "DATA on a stream that was not begun": [
    "PROTOCOL_ERROR",
    [frame("DATA", 0, 3, BYTE)],
  ],
  "DATA on an even stream": ["PROTOCOL_ERROR", [frame("DATA", 0, 2, BYTE)]],
  "RST_STREAM on a stream that was not begun": [
    "PROTOCOL_ERROR",
    [frame("RST_STREAM", 0, 3, uint32(8))],
  ],
  "WINDOW_UPDATE on a stream that was not begun": [
    "PROTOCOL_ERROR",
    [frame("WINDOW_UPDATE", 0, 3, uint32(8))],
  ],
  "PUSH_PROMISE": [
    "PROTOCOL_ERROR",
    [frame("PUSH_PROMISE", 4, 1, "00000002 83")],
  ],
  "ENABLE_PUSH of 1": [
    "PROTOCOL_ERROR",
    [frame("SETTINGS", 0, 0, "0002 00000001")],
  ],
  "MAX_FRAME_SIZE of 16383": [
    "PROTOCOL_ERROR",
    [frame("SETTINGS", 0, 0, "0005 00003fff")],
  ],
  "WINDOW_UPDATE of the connection past 2^31-1": [
    "FLOW_CONTROL_ERROR",
    [frame("WINDOW_UPDATE", 0, 0, uint32(0x7fffffff))],
  ],
  "a frame of 16385 bytes": ["FRAME_SIZE_ERROR", ["004001 00 00 00000001"]],
  "more DATA than the connection's window": [
    "FLOW_CONTROL_ERROR",
    Array.from(
      { length: 5 },
      () => frame("DATA", 0, 1, new Uint8Array(16_384)),
    ),
  ],
};

for (const [what, [code, pieces]] of Object.entries(CONNECTION_ERRORS)) {
  Deno.test(`connectHttp2() answers ${what} with GOAWAY ${code}`, async () => {
    await using server = await RawServer.greeted("", {
      connectionWindow: 65_535,
    });
    const stream = await server.request();
    if (what.startsWith("more DATA")) server.send(frame("HEADERS", 4, 1, OK));
    server.send(...pieces);
    const goaway = await server.until("GOAWAY");
    assertEquals(errorName(codeOf(goaway)), code);
    // Nothing of the server's was taken on.
    assertEquals(goaway.payload.slice(0, 4), new Uint8Array(4));
    assertEquals(await server.next(), null);
    const close = await server.connection.closed;
    assertEquals(close.reason, "error");
    assertEquals(errorName((close.error as Http2Error).code), code);
    const error = await assertRejects(() => stream.read(), Http2Error);
    assertEquals(error.notProcessed, false);
  });
}

Deno.test("connectHttp2() answers HEADERS ahead of any request with GOAWAY PROTOCOL_ERROR", async () => {
  await using server = await RawServer.greeted();
  server.send(frame("HEADERS", 5, 1, OK));
  const goaway = await server.until("GOAWAY");
  assertEquals(errorName(codeOf(goaway)), "PROTOCOL_ERROR");
});

Deno.test("connectHttp2() says what it reads from a server that does not speak HTTP/2", async () => {
  const answers: Record<string, string> = {
    "HTTP/1.1 301 Moved\r\nLocation: /%2A\r\n\r\n":
      '"HTTP/1.1 301 Moved??Location: /%2A????"',
    "\0\0\x08\x06\0\0\0\0\0\0\0\0\0\0\0\0\0": "First frame is not SETTINGS",
    "\0\0\0\x04\x01\0\0\0\0": "First frame is not SETTINGS",
  };
  for (const [answer, said] of Object.entries(answers)) {
    await using server = new RawServer();
    const stream = await server.connection.request([
      [":method", "POST"],
      [":scheme", "http"],
      [":path", "/x"],
    ]);
    server.send(new TextEncoder().encode(answer));
    const error = await assertRejects(() => stream.response, Http2Error);
    assert(error.message.includes("does not speak HTTP/2"), error.message);
    assert(error.message.includes(said), error.message);
  }
});

const block = (...fields: [string, string][]) => encodeHeaders(fields);

/** Frames that end stream 1 only, by the code of the RST_STREAM. */
const STREAM_ERRORS: Record<string, [string, Uint8Array[]]> = {
  "DATA ahead of the headers": ["PROTOCOL_ERROR", [frame("DATA", 0, 1, BYTE)]],
  "an end ahead of the headers": ["PROTOCOL_ERROR", [frame("DATA", 1, 1)]],
  "no :status": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 4, 1, block(["a", "b"]))],
  ],
  "no fields at all": ["PROTOCOL_ERROR", [frame("HEADERS", 5, 1)]],
  ":status behind a field": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 4, 1, bytes(block(["a", "b"]), OK))],
  ],
  ":status twice": ["PROTOCOL_ERROR", [frame("HEADERS", 4, 1, "8888")]],
  "a request's pseudo header": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 4, 1, "8883")],
  ],
  ":status of two digits": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 4, 1, "08 02 3230")],
  ],
  ":status of four digits": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 4, 1, "08 04 32303030")],
  ],
  ":status 600": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 4, 1, "08 03 363030")],
  ],
  ":status 101": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 4, 1, "08 03 313031")],
  ],
  "an interim response at the end": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 5, 1, "08 03 313030")],
  ],
  "an upper-case name": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 4, 1, `${OK} 000141 00`)],
  ],
  "a value with a line break": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 4, 1, `${OK} 000161 010a`)],
  ],
  "a connection header": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 4, 1, bytes(OK, block(["connection", "close"])))],
  ],
  "a content-length that is none": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 4, 1, bytes(OK, block(["content-length", "-1"])))],
  ],
  "a body longer than content-length": [
    "PROTOCOL_ERROR",
    [
      frame("HEADERS", 4, 1, bytes(OK, block(["content-length", "1"]))),
      frame("DATA", 0, 1, "0000"),
    ],
  ],
  "a body shorter than content-length": [
    "PROTOCOL_ERROR",
    [
      frame("HEADERS", 4, 1, bytes(OK, block(["content-length", "2"]))),
      frame("DATA", 1, 1, "00"),
    ],
  ],
  "a body of content-length that is missing": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 5, 1, bytes(OK, block(["content-length", "2"])))],
  ],
  "trailers without END_STREAM": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 4, 1, OK), frame("HEADERS", 4, 1, block(["a", "b"]))],
  ],
  "trailers with a pseudo header": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 4, 1, OK), frame("HEADERS", 5, 1, OK)],
  ],
  "trailers with an upper-case name": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 4, 1, OK), frame("HEADERS", 5, 1, "000141 00")],
  ],
  "WINDOW_UPDATE of 0": [
    "PROTOCOL_ERROR",
    [frame("WINDOW_UPDATE", 0, 1, uint32(0))],
  ],
  "WINDOW_UPDATE past 2^31-1": [
    "FLOW_CONTROL_ERROR",
    [frame("WINDOW_UPDATE", 0, 1, uint32(0x7fffffff))],
  ],
  "DATA past the stream's window": [
    "FLOW_CONTROL_ERROR",
    [
      frame("HEADERS", 4, 1, OK),
      ...Array.from(
        { length: 5 },
        () => frame("DATA", 0, 1, new Uint8Array(16_384)),
      ),
    ],
  ],
  "a header list of more than 16 MiB": [
    "ENHANCE_YOUR_CALM",
    headerFrames(1, longList(MAX_HEADER_LIST_SIZE + 1, OK)),
  ],
};

for (const [what, [code, frames]] of Object.entries(STREAM_ERRORS)) {
  Deno.test(`connectHttp2() answers ${what} with RST_STREAM ${code}, and goes on`, async () => {
    await using server = await RawServer.greeted("", { streamWindow: 65_535 });
    const stream = await server.request();
    server.send(...frames);
    const reset = await server.until("RST_STREAM");
    assertEquals([reset.id, errorName(codeOf(reset))], [1, code]);
    const error = await assertRejects(() => stream.read(), Http2Error);
    assertEquals([errorName(error.code), error.streamId], [code, 1]);
    assertEquals(stream.signal.reason, error);
    assertEquals(server.connection.streams, 0);
    const next = await server.request();
    server.send(frame("HEADERS", 5, next.id, OK));
    assertEquals(await next.response, [[":status", "200"]]);
  });
}

Deno.test("connectHttp2() answers DATA on a stream that is over with RST_STREAM STREAM_CLOSED", async () => {
  await using server = await RawServer.greeted();
  await server.request(undefined, { endStream: true });
  server.send(frame("HEADERS", 5, 1, OK), frame("DATA", 0, 1, BYTE));
  const reset = await server.until("RST_STREAM");
  assertEquals([reset.id, errorName(codeOf(reset))], [1, "STREAM_CLOSED"]);
  // Reset, it takes what is on its way.
  server.send(frame("DATA", 0, 1, BYTE), PING);
  assertEquals((await server.until("PING")).flags, 1);
});

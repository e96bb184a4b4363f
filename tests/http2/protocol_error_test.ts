import { assert, assertEquals, assertInstanceOf } from "../support/assert.ts";
import { ErrorCode, errorName, Http2Error } from "../../lib/http2/error.ts";
import type { Http2Stream } from "../../lib/http2/server.ts";
import {
  codeOf,
  type Frame,
  frame,
  GREETING,
  RawPeer,
  REQUEST,
  request,
  uint32,
} from "./raw_peer.ts";

const BYTE = "00";

/** Never answers, so that streams stay open. */
const silent = () => {};

/** Frames after the greeting that end the connection, by the code of the GOAWAY. */
const CONNECTION_ERRORS: Record<string, [string, (string | Uint8Array)[]]> = {
  "DATA on stream 0": ["PROTOCOL_ERROR", [frame("DATA", 0, 0, BYTE)]],
  "DATA on an idle stream": ["PROTOCOL_ERROR", [frame("DATA", 0, 1, BYTE)]],
  "DATA on an even stream": ["PROTOCOL_ERROR", [frame("DATA", 0, 2, BYTE)]],
  "DATA all padding": [
    "PROTOCOL_ERROR",
    [request(1, false), frame("DATA", 8, 1, "03 0000")],
  ],
  "padded DATA without a padding length": [
    "FRAME_SIZE_ERROR",
    [request(1, false), frame("DATA", 8, 1)],
  ],
  "HEADERS on stream 0": ["PROTOCOL_ERROR", [frame("HEADERS", 5, 0, REQUEST)]],
  "HEADERS on an even stream": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 5, 2, REQUEST)],
  ],
  "HEADERS on a lower stream than before": [
    "PROTOCOL_ERROR",
    [request(3), request(1)],
  ],
  "HEADERS on a closed stream": [
    "STREAM_CLOSED",
    [request(1), frame("RST_STREAM", 0, 1, uint32(8)), request(1)],
  ],
  "HEADERS all padding": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 0xd, 1, `07${REQUEST}`)],
  ],
  "HEADERS with half a priority": [
    "FRAME_SIZE_ERROR",
    [frame("HEADERS", 0x25, 1, "00000000")],
  ],
  "HEADERS that can't be decoded": [
    "COMPRESSION_ERROR",
    [frame("HEADERS", 5, 1, "ff")],
  ],
  "DATA inside a header block": [
    "PROTOCOL_ERROR",
    [
      request(1, false),
      frame("HEADERS", 0, 3, REQUEST),
      frame("DATA", 0, 1, BYTE),
    ],
  ],
  "HEADERS inside a header block": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 0, 1, REQUEST), request(3)],
  ],
  "an unknown frame inside a header block": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 0, 1, REQUEST), frame("99", 0, 1)],
  ],
  "CONTINUATION of another stream": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 0, 1, REQUEST), frame("CONTINUATION", 4, 3)],
  ],
  "CONTINUATION of nothing": [
    "PROTOCOL_ERROR",
    [frame("CONTINUATION", 4, 1, REQUEST)],
  ],
  "CONTINUATION after END_HEADERS": [
    "PROTOCOL_ERROR",
    [request(1), frame("CONTINUATION", 4, 1)],
  ],
  "PRIORITY on stream 0": [
    "PROTOCOL_ERROR",
    [frame("PRIORITY", 0, 0, "0000000000")],
  ],
  "PRIORITY of 4 bytes": [
    "FRAME_SIZE_ERROR",
    [frame("PRIORITY", 0, 1, "00000000")],
  ],
  "RST_STREAM on stream 0": [
    "PROTOCOL_ERROR",
    [frame("RST_STREAM", 0, 0, uint32(8))],
  ],
  "RST_STREAM on an idle stream": [
    "PROTOCOL_ERROR",
    [frame("RST_STREAM", 0, 1, uint32(8))],
  ],
  "RST_STREAM of 3 bytes": [
    "FRAME_SIZE_ERROR",
    [request(1), frame("RST_STREAM", 0, 1, "000000")],
  ],
  "SETTINGS on a stream": ["PROTOCOL_ERROR", [frame("SETTINGS", 0, 1)]],
  "SETTINGS of 5 bytes": [
    "FRAME_SIZE_ERROR",
    [frame("SETTINGS", 0, 0, "0001000000")],
  ],
  "SETTINGS ACK with a payload": [
    "FRAME_SIZE_ERROR",
    [frame("SETTINGS", 1, 0, "0003 00000001")],
  ],
  "ENABLE_PUSH of 2": [
    "PROTOCOL_ERROR",
    [frame("SETTINGS", 0, 0, "0002 00000002")],
  ],
  "INITIAL_WINDOW_SIZE of 2^31": [
    "FLOW_CONTROL_ERROR",
    [frame("SETTINGS", 0, 0, "0004 80000000")],
  ],
  "INITIAL_WINDOW_SIZE that lifts a window past 2^31-1": [
    "FLOW_CONTROL_ERROR",
    [
      request(1),
      frame("WINDOW_UPDATE", 0, 1, uint32(0x7fff0000)),
      frame("SETTINGS", 0, 0, "0004 00010001"),
    ],
  ],
  "MAX_FRAME_SIZE of 16383": [
    "PROTOCOL_ERROR",
    [frame("SETTINGS", 0, 0, "0005 00003fff")],
  ],
  "MAX_FRAME_SIZE of 2^24": [
    "PROTOCOL_ERROR",
    [frame("SETTINGS", 0, 0, "0005 01000000")],
  ],
  "PUSH_PROMISE": [
    "PROTOCOL_ERROR",
    [request(1), frame("PUSH_PROMISE", 4, 1, "00000002")],
  ],
  "PING on a stream": [
    "PROTOCOL_ERROR",
    [frame("PING", 0, 1, "0000000000000000")],
  ],
  "PING of 7 bytes": [
    "FRAME_SIZE_ERROR",
    [frame("PING", 0, 0, "00000000000000")],
  ],
  "GOAWAY on a stream": [
    "PROTOCOL_ERROR",
    [frame("GOAWAY", 0, 1, "0000000000000000")],
  ],
  "GOAWAY of 7 bytes": [
    "FRAME_SIZE_ERROR",
    [frame("GOAWAY", 0, 0, "00000000000000")],
  ],
  "WINDOW_UPDATE of 3 bytes": [
    "FRAME_SIZE_ERROR",
    [frame("WINDOW_UPDATE", 0, 0, "000001")],
  ],
  "WINDOW_UPDATE of 0 for the connection": [
    "PROTOCOL_ERROR",
    [frame("WINDOW_UPDATE", 0, 0, uint32(0))],
  ],
  "WINDOW_UPDATE on an idle stream": [
    "PROTOCOL_ERROR",
    [frame("WINDOW_UPDATE", 0, 1, uint32(1))],
  ],
  "WINDOW_UPDATE of the connection past 2^31-1": [
    "FLOW_CONTROL_ERROR",
    [frame("WINDOW_UPDATE", 0, 0, uint32(0x7fffffff))],
  ],
  "a frame of 16385 bytes": [
    "FRAME_SIZE_ERROR",
    ["004001 00 00 00000001"],
  ],
};

for (const [what, [code, pieces]] of Object.entries(CONNECTION_ERRORS)) {
  Deno.test(`serveHttp2() answers ${what} with GOAWAY ${code}`, async () => {
    await using peer = await RawPeer.greeted(silent);
    peer.send(...pieces);
    const goaway = await peer.until("GOAWAY");
    assertEquals(errorName(codeOf(goaway)), code);
    assertEquals(await peer.next(), null);
    const close = await peer.connection.closed;
    assertEquals(close.reason, "error");
    assertInstanceOf(close.error, Http2Error);
    assertEquals(errorName(close.error.code), code);
    assertEquals(peer.connection.streams, 0);
  });
}

Deno.test("serveHttp2() answers a wrong preface with GOAWAY PROTOCOL_ERROR, at its first wrong byte", async () => {
  const wrong = [
    "474554", // "GET"
    GREETING.slice(0, 40) + "00",
    // The preface is right, but SETTINGS must follow.
    GREETING.slice(0, 48) + "0000080600000000000000000000000000",
    GREETING.slice(0, 48) + "000000040100000000",
  ];
  for (const hex of wrong) {
    await using peer = new RawPeer(silent);
    peer.send(hex);
    assertEquals(codeOf(await peer.until("GOAWAY")), ErrorCode.PROTOCOL_ERROR);
    assertEquals((await peer.connection.closed).reason, "error");
  }
});

/** Frames that end stream 1 only, by the code of the RST_STREAM. */
const STREAM_ERRORS: Record<string, [string, (string | Uint8Array)[]]> = {
  "DATA after END_STREAM": [
    "STREAM_CLOSED",
    [request(1), frame("DATA", 0, 1, BYTE)],
  ],
  "HEADERS after END_STREAM": ["STREAM_CLOSED", [request(1), request(1)]],
  "DATA after RST_STREAM": [
    "STREAM_CLOSED",
    [
      request(1, false),
      frame("RST_STREAM", 0, 1, uint32(8)),
      frame("DATA", 0, 1, BYTE),
    ],
  ],
  "WINDOW_UPDATE of 0": [
    "PROTOCOL_ERROR",
    [request(1), frame("WINDOW_UPDATE", 0, 1, uint32(0))],
  ],
  "WINDOW_UPDATE past 2^31-1": [
    "FLOW_CONTROL_ERROR",
    [request(1), frame("WINDOW_UPDATE", 0, 1, uint32(0x7fffffff))],
  ],
  "trailers without END_STREAM": [
    "PROTOCOL_ERROR",
    [request(1, false), frame("HEADERS", 4, 1, "000161 0162")],
  ],
  "trailers with a pseudo header": [
    "PROTOCOL_ERROR",
    [request(1, false), frame("HEADERS", 5, 1, "83")],
  ],
  "a request without :path": ["PROTOCOL_ERROR", [
    frame("HEADERS", 5, 1, "8386"),
  ]],
  "a request without :method": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 5, 1, "8684")],
  ],
  "a request without :scheme": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 5, 1, "8384")],
  ],
  "an empty :path": ["PROTOCOL_ERROR", [frame("HEADERS", 5, 1, "83860400")]],
  ":method twice": ["PROTOCOL_ERROR", [frame("HEADERS", 5, 1, "83838684")]],
  "a response's pseudo header": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 5, 1, "83868488")],
  ],
  "an unknown pseudo header": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 5, 1, "838684 00023a61 00")],
  ],
  "a pseudo header after a regular one": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 5, 1, "8386 000161 00 84")],
  ],
  "an upper-case name": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 5, 1, "838684 000141 00")],
  ],
  "an empty name": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 5, 1, "838684 0000 00")],
  ],
  "a name with a space": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 5, 1, "838684 00022061 00")],
  ],
  "a value with a line break": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 5, 1, "838684 000161 010a")],
  ],
  "a path with a NUL": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 5, 1, "8386 04022f00")],
  ],
  "a connection header": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 5, 1, "838684 000a6b6565702d616c697665 00")],
  ],
  "te: gzip": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 5, 1, "838684 00027465 04677a6970")],
  ],
  "a content-length that is none": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 4, 1, `${REQUEST} 0f0d 022d31`)],
  ],
  "a body longer than content-length": [
    "PROTOCOL_ERROR",
    [
      frame("HEADERS", 4, 1, `${REQUEST} 0f0d 0131`),
      frame("DATA", 0, 1, "0000"),
    ],
  ],
  "a body shorter than content-length": [
    "PROTOCOL_ERROR",
    [frame("HEADERS", 4, 1, `${REQUEST} 0f0d 0132`), frame("DATA", 1, 1, "00")],
  ],
};

for (const [what, [code, pieces]] of Object.entries(STREAM_ERRORS)) {
  Deno.test(`serveHttp2() answers ${what} with RST_STREAM ${code}, and goes on`, async () => {
    const streams: Http2Stream[] = [];
    await using peer = await RawPeer.greeted((stream) => {
      streams.push(stream);
      if (stream.id === 3) stream.end([[":status", "200"]]);
    });
    peer.send(...pieces);
    const reset = await peer.until("RST_STREAM");
    assertEquals(reset.id, 1);
    assertEquals(errorName(codeOf(reset)), code);
    assertEquals(peer.connection.streams, 0);
    const first = streams.find((stream) => stream.id === 1);
    if (first !== undefined) assert(first.signal.aborted);
    peer.send(request(3));
    assertEquals(await peer.next(), {
      type: "HEADERS",
      flags: 5,
      id: 3,
      payload: Uint8Array.of(0x88),
    });
  });
}

Deno.test("serveHttp2() lets pass what RFC 9113 says to ignore", async () => {
  await using peer = await RawPeer.greeted((stream) => {
    stream.end([[":status", "204"]]);
  });
  peer.send(
    frame("99", 0xff, 0x7fffffff, "aabbcc"),
    frame("99", 0, 0),
    frame("PRIORITY", 0, 5, "0000000310"),
    frame("SETTINGS", 0, 0, "00ff 00000001 0003 00000000"),
    frame("SETTINGS", 1, 0),
    frame("PING", 1, 0, "0000000000000000"),
    // Padded, with a priority, with all flags that mean nothing here.
    frame("HEADERS", 0x2d | 0xd2, 1, `02 80000000ff ${REQUEST} 0000`),
    // On the way when the stream was closed.
    frame("WINDOW_UPDATE", 0, 1, uint32(0)),
    frame("RST_STREAM", 0, 1, uint32(0)),
    request(3),
  );
  const frames: Frame[] = [];
  while (frames.filter((frame) => frame.type === "HEADERS").length < 2) {
    frames.push((await peer.next())!);
  }
  assertEquals(
    frames.map((frame) => `${frame.type} ${frame.flags} ${frame.id}`),
    ["SETTINGS 1 0", "HEADERS 5 1", "HEADERS 5 3"],
  );
});

Deno.test("serveHttp2() ignores frames on the way to a stream that it ended", async () => {
  await using peer = await RawPeer.greeted((stream) => {
    stream.end([[":status", "200"]]);
  });
  peer.send(request(1, false));
  assertEquals((await peer.until("RST_STREAM")).id, 1);
  peer.send(
    frame("DATA", 0, 1, BYTE),
    frame("HEADERS", 5, 1, "40 0161 0162"),
    frame("DATA", 1, 1, BYTE),
    // The table must have taken the ignored header.
    frame("HEADERS", 5, 3, `${REQUEST} be`),
  );
  assertEquals((await peer.next())?.type, "HEADERS");
});

Deno.test("serveHttp2() forgets streams that ended long ago", async () => {
  const requests = Array.from({ length: 2_100 }, (_, i) => request(1 + 2 * i));
  for (
    const [id, code] of [
      [1, ErrorCode.PROTOCOL_ERROR], // as if it had never been
      [4_001, ErrorCode.STREAM_CLOSED],
    ] as const
  ) {
    await using peer = await RawPeer.greeted((stream) => {
      stream.end([[":status", "200"]]);
    });
    for (const piece of requests) peer.send(piece);
    await peer.taken();
    peer.send(request(id));
    assertEquals(codeOf(await peer.until("GOAWAY")), code, `stream ${id}`);
  }
});

Deno.test("serveHttp2() accepts spaces around a value, and bytes above 127 in one", async () => {
  const seen: string[] = [];
  await using peer = await RawPeer.greeted((stream) => {
    seen.push(...stream.getAll("a"));
    stream.end([[":status", "200"]]);
  });
  peer.send(frame("HEADERS", 5, 1, `${REQUEST} 000161 032061c3 000161 00`));
  await peer.until("HEADERS");
  assertEquals(seen, [" a\xc3", ""]);
});

Deno.test("serveHttp2() puts an unseen exception of a handler into INTERNAL_ERROR", async () => {
  const handlers = [
    () => {
      throw new Error("secret");
    },
    () => Promise.reject(new Error("secret")),
  ];
  for (const handler of handlers) {
    await using peer = await RawPeer.greeted(handler);
    peer.send(request(1));
    assertEquals(
      codeOf(await peer.until("RST_STREAM")),
      ErrorCode.INTERNAL_ERROR,
    );
  }
});

Deno.test("serveHttp2() refuses options out of range", () => {
  for (
    const options of [
      { streamWindow: 65_534 },
      { connectionWindow: 2 ** 31 },
      { maxConcurrentStreams: 0 },
      { maxConcurrentStreams: 1.5 },
    ]
  ) {
    let thrown: unknown;
    try {
      new RawPeer(silent, options);
    } catch (error) {
      thrown = error;
    }
    assertInstanceOf(thrown, RangeError);
  }
});

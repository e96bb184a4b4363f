import { fromBinary } from "@bufbuild/protobuf";
import { fromBase64, toBase64 } from "../../lib/progress/bytes.ts";
import type {
  SolveStatus,
  Timestamp,
} from "../../lib/progress/solve_status.ts";
import { decodeTrace } from "../../lib/progress/trace.ts";
import { encodeTrace } from "../../lib/progress/trace_encode.ts";
import { ProtobufError, ProtobufReader } from "../../lib/proto/wire_reader.ts";
import { StatusResponseSchema } from "../proto/gen/trace_pb.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { SAMPLE_BUILDS } from "./builds.ts";
import { readAux, TRACE_GENERATIONS } from "./traces.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const traces = TRACE_GENERATIONS.flatMap((generation) =>
  SAMPLE_BUILDS.map(({ name }) => `${generation}_${name}`)
);

/** The generated decoder's view of a message, in our words. */
function generated(bytes: Uint8Array): unknown {
  const time = (value?: { seconds: bigint; nanos: number }) =>
    value && { seconds: Number(value.seconds), nanos: value.nanos };
  const status = fromBinary(StatusResponseSchema, bytes);
  return {
    vertexes: status.vertexes.map((vertex) => ({
      digest: vertex.digest,
      inputs: vertex.inputs,
      name: vertex.name,
      cached: vertex.cached,
      started: time(vertex.started),
      completed: time(vertex.completed),
      error: vertex.error,
    })),
    statuses: status.statuses.map((one) => ({
      id: one.ID,
      vertex: one.vertex,
      name: one.name,
      current: Number(one.current),
      total: Number(one.total),
      timestamp: time(one.timestamp),
      started: time(one.started),
      completed: time(one.completed),
    })),
    logs: status.logs.map((log) => ({
      vertex: log.vertex,
      timestamp: time(log.timestamp),
      stream: Number(log.stream),
      data: decoder.decode(log.msg),
    })),
    warnings: status.warnings.map((warning) => ({
      vertex: warning.vertex,
      level: Number(warning.level),
      short: decoder.decode(warning.short),
      detail: warning.detail.map((bytes) => decoder.decode(bytes)),
      url: warning.url,
      file: warning.info?.filename,
      text: decoder.decode(warning.info?.data ?? new Uint8Array()),
      lines: warning.ranges.map(({ start, end }) => [start?.line, end?.line]),
    })),
  };
}

function ours(status: SolveStatus): unknown {
  return {
    vertexes: status.vertexes.map((
      { group: _group, unknown: _unknown, ...vertex },
    ) => vertex),
    statuses: status.statuses.map(({ unknown: _, ...one }) => one),
    logs: status.logs.map(({ unknown: _, data, ...log }) => ({
      ...log,
      data: decoder.decode(data),
    })),
    warnings: status.warnings.map((warning) => ({
      vertex: warning.vertex,
      level: warning.level,
      short: decoder.decode(warning.short),
      detail: warning.detail.map((bytes) => decoder.decode(bytes)),
      url: warning.url,
      file: warning.info?.filename,
      text: decoder.decode(warning.info?.data ?? new Uint8Array()),
      lines: warning.ranges.map(({ start, end }) => [start.line, end.line]),
    })),
  };
}

Deno.test("decodeTrace() reads real engines' messages as the generated code does", () => {
  for (const name of traces) {
    for (const aux of readAux(name)) {
      const bytes = fromBase64(aux)!;
      const status = decodeTrace(aux);
      assert(status !== undefined, name);
      assertEquals<unknown>(ours(status), generated(bytes));
      assertEquals(decodeTrace(bytes), status);
    }
  }
});

Deno.test("encodeTrace() gives back the engine's own bytes", () => {
  for (const name of traces) {
    for (const aux of readAux(name)) {
      const status = decodeTrace(aux)!;
      const again = encodeTrace(status);
      assertEquals(again.length, aux.length);
      // A field that is not known stands behind the known ones.
      if (status.warnings.length > 0) assertEquals(decodeTrace(again), status);
      else assert(again === aux, name);
    }
  }
});

const TIME: Timestamp = { seconds: 1_700_000_000, nanos: 123_456_789 };

const FULL: SolveStatus = {
  vertexes: [{
    digest: "sha256:a",
    inputs: ["sha256:b", ""],
    name: "[1/2] RUN é",
    cached: true,
    started: TIME,
    completed: { seconds: 0, nanos: 0 },
    error: "no",
    group: { id: "g", name: "group", weak: true, unknown: undefined },
    unknown: undefined,
  }],
  statuses: [{
    id: "layer",
    vertex: "sha256:a",
    name: "downloading",
    current: 2 ** 40 + 1,
    total: -1,
    timestamp: TIME,
    started: undefined,
    completed: undefined,
    unknown: undefined,
  }],
  logs: [{
    vertex: "sha256:a",
    timestamp: TIME,
    stream: 2,
    data: encoder.encode("x".repeat(300)),
    unknown: undefined,
  }],
  warnings: [{
    vertex: "sha256:a",
    level: 1,
    short: encoder.encode("short"),
    detail: [encoder.encode("one"), encoder.encode("")],
    url: "https://example.com",
    info: {
      filename: "Dockerfile",
      data: encoder.encode("FROM scratch"),
      language: "Dockerfile",
      // Field 3, which is not known here: bytes.
      unknown: new Uint8Array([0x1a, 2, 7, 8]),
    },
    ranges: [{
      start: { line: 3, character: 0 },
      end: { line: 4, character: 2 },
    }],
    unknown: undefined,
  }],
  // Fields 100 to 103, one of each kind.
  unknown: new Uint8Array([
    ...[0xa0, 6, 5],
    ...[0xa9, 6, 1, 2, 3, 4, 5, 6, 7, 8],
    ...[0xb2, 6, 1, 9],
    ...[0xbd, 6, 1, 2, 3, 4],
  ]),
};

Deno.test("decodeTrace() reads back every field, and those that are not known", () => {
  assertEquals(decodeTrace(encodeTrace(FULL)), FULL);
});

Deno.test("decodeTrace() reads digests that repeat, differ, and stand in a row", () => {
  const logs = ["aa", "aa", "ab", "a", "aa", "", "é", "é"].map((vertex) => ({
    ...FULL.logs[0]!,
    vertex,
  }));
  assertEquals(
    decodeTrace(encodeTrace({ ...FULL, logs }))?.logs.map((log) => log.vertex),
    ["aa", "aa", "ab", "a", "aa", "", "é", "é"],
  );
  const digests = ["ax", "bx", "by", "", "x", "x".repeat(71), "y".repeat(71)];
  for (const one of digests) {
    for (const other of digests) {
      const logs = [one, other, one].map((vertex) => ({
        ...FULL.logs[0]!,
        vertex,
      }));
      assertEquals(
        decodeTrace(encodeTrace({ ...FULL, logs }))?.logs.map(({ vertex }) =>
          vertex
        ),
        [one, other, one],
      );
    }
  }
});

Deno.test("text of any length and any characters, and what is none", () => {
  for (let length = 0; length < 60; length++) {
    for (const char of ["a", "\x7f", "é"]) {
      const error = "x".repeat(length) + char;
      const status = { ...FULL, vertexes: [{ ...FULL.vertexes[0]!, error }] };
      const [vertex] = decodeTrace(encodeTrace(status))!.vertexes;
      assertEquals(vertex!.error, error);
    }
  }
  const [vertex] = decodeTrace(Uint8Array.of(10, 4, 58, 2, 97, 0x80))!.vertexes;
  assertEquals(vertex!.error, "a\ufffd");
});

Deno.test("a number of more than ten bytes, and a kind of field that is none, are no message", () => {
  const ten = [...Array(9).fill(0x80), 1];
  assertEquals(
    decodeTrace(Uint8Array.of(18, 11, 32, ...ten))?.statuses[0]?.current,
    -(2 ** 63),
  );
  const eleven = [...Array(10).fill(0x80), 1];
  assertEquals(decodeTrace(Uint8Array.of(18, 12, 32, ...eleven)), undefined);
  for (const kind of [3, 4, 6, 7]) {
    const reader = new ProtobufReader(new Uint8Array(9));
    assertThrows(
      () => reader.skip(8 | kind),
      ProtobufError,
      `wire type ${kind} is not known`,
    );
  }
});

Deno.test("decodeTrace() gives nothing for what is no message", () => {
  for (const aux of ["*", "not base64!", "/w==", "CgU=", "Cw=="]) {
    assertEquals(decodeTrace(aux), undefined);
  }
  assertEquals(decodeTrace({} as unknown as string), undefined);
  assertEquals(decodeTrace("")?.logs, []);
});

Deno.test("decodeTrace() keeps a known field of another kind as unknown", () => {
  // Field 1 as a number.
  const status = decodeTrace(new Uint8Array([0x08, 1]));
  assertEquals(status?.vertexes, []);
  assertEquals(status?.unknown, new Uint8Array([0x08, 1]));
});

Deno.test("toBase64() and fromBase64() go there and back", () => {
  for (const length of [0, 1, 2, 3, 0x2001]) {
    const bytes = new Uint8Array(length).map((_, index) => index * 7);
    assertEquals(fromBase64(toBase64(bytes)), bytes);
  }
});

Deno.test("fromBase64() gives nothing for what is no base64", () => {
  for (const length of [0, 1, 2, 3, 300, 0x5001]) {
    const bytes = new Uint8Array(length).map((_, index) => index * 7);
    const text = btoa(String.fromCharCode(...bytes));
    assertEquals(toBase64(bytes), text);
    assertEquals(fromBase64(text), bytes);
  }
  assertEquals(fromBase64("*"), undefined);
});

/** The fields of a message that has none. */
const NOTHING = {
  vertex: {
    digest: "",
    inputs: [],
    name: "",
    cached: false,
    started: undefined,
    completed: undefined,
    error: "",
    group: undefined,
    unknown: undefined,
  },
  status: {
    id: "",
    vertex: "",
    name: "",
    current: 0,
    total: 0,
    timestamp: undefined,
    started: undefined,
    completed: undefined,
    unknown: undefined,
  },
  log: {
    vertex: "",
    timestamp: undefined,
    stream: 0,
    data: new Uint8Array(),
    unknown: undefined,
  },
  warning: {
    vertex: "",
    level: 0,
    short: new Uint8Array(),
    detail: [],
    url: "",
    info: undefined,
    ranges: [],
    unknown: undefined,
  },
  all: {
    vertexes: [],
    statuses: [],
    logs: [],
    warnings: [],
    unknown: undefined,
  },
};

Deno.test("what is not there has its zero value, and what has it is not written", () => {
  const { all, vertex, status, log, warning } = NOTHING;
  const info = {
    filename: "",
    data: new Uint8Array(),
    language: "",
    unknown: undefined,
  };
  const zero = { line: 0, character: 0 };
  const epoch = { seconds: 0, nanos: 0 };
  for (
    const [bytes, message] of [
      [[], all],
      [[10, 0], { ...all, vertexes: [vertex] }],
      [[10, 2, 66, 0], {
        ...all,
        vertexes: [{
          ...vertex,
          group: { id: "", name: "", weak: false, unknown: undefined },
        }],
      }],
      [[10, 2, 42, 0], { ...all, vertexes: [{ ...vertex, started: epoch }] }],
      [[18, 0], { ...all, statuses: [status] }],
      [[26, 0], { ...all, logs: [log] }],
      [[34, 0], { ...all, warnings: [warning] }],
      [[34, 2, 50, 0], { ...all, warnings: [{ ...warning, info }] }],
      [[34, 6, 58, 4, 10, 0, 18, 0], {
        ...all,
        warnings: [{ ...warning, ranges: [{ start: zero, end: zero }] }],
      }],
      // One byte of a text is not left out.
      [[26, 3, 34, 1, 0], {
        ...all,
        logs: [{ ...log, data: Uint8Array.of(0) }],
      }],
      [[34, 3, 26, 1, 0], {
        ...all,
        warnings: [{ ...warning, short: Uint8Array.of(0) }],
      }],
      [[34, 5, 50, 3, 18, 1, 0], {
        ...all,
        warnings: [{ ...warning, info: { ...info, data: Uint8Array.of(0) } }],
      }],
    ] as [number[], SolveStatus][]
  ) {
    assertEquals(decodeTrace(Uint8Array.from(bytes)), message, String(bytes));
    assertEquals(fromBase64(encodeTrace(message)), Uint8Array.from(bytes));
  }
  // A range of nothing stands at the beginning.
  assertEquals(
    decodeTrace(Uint8Array.of(34, 2, 58, 0))!.warnings[0]!.ranges,
    [{ start: zero, end: zero }],
  );
});

Deno.test("every message may hold fields that are not known, and others behind it", () => {
  // Field 30, a number.
  const unknown = (value: number) => Uint8Array.of(0xf0, 1, value);
  const [vertex] = FULL.vertexes;
  const [status] = FULL.statuses;
  const [log] = FULL.logs;
  const [warning] = FULL.warnings;
  const group = { id: "g", name: "group", unknown: unknown(1) };
  const info = { ...warning!.info!, unknown: unknown(2) };
  const full: SolveStatus = {
    vertexes: [
      { ...vertex!, group: { ...group, weak: true }, unknown: unknown(3) },
      { ...vertex!, group: { ...group, weak: false }, unknown: unknown(4) },
      { ...vertex!, cached: false, group: undefined, unknown: unknown(5) },
    ],
    statuses: [
      { ...status!, started: TIME, completed: TIME, unknown: unknown(6) },
      { ...status!, unknown: unknown(7) },
    ],
    logs: [{ ...log!, unknown: unknown(8) }, { ...log!, unknown: unknown(9) }],
    warnings: [1, 2].map((level) => ({
      ...warning!,
      level,
      info,
      ranges: [...warning!.ranges, ...warning!.ranges],
      unknown: unknown(level),
    })),
    unknown: unknown(10),
  };
  assertEquals(decodeTrace(encodeTrace(full)), full);
  // What moments and places hold besides is passed over.
  const extra = [0xf0, 1, 7];
  const moment = [10, 12, 42, 10, ...extra, 8, 5, ...extra, 16, 6];
  assertEquals(
    decodeTrace(Uint8Array.from(moment))!.vertexes[0]!.started,
    { seconds: 5, nanos: 6 },
  );
  const position = [...extra, 8, 3, ...extra, 16, 4];
  const range = [...extra, 10, 10, ...position, ...extra, 18, 10, ...position];
  const place = { line: 3, character: 4 };
  const two = [58, range.length, ...range];
  const message = [34, 2 * two.length, ...two, ...two];
  assertEquals(
    decodeTrace(Uint8Array.from(message))!.warnings[0]!.ranges,
    [{ start: place, end: place }, { start: place, end: place }],
  );
  // What is passed over is not read, whatever it looks like.
  const lookalike = [0xf2, 1, 2, 10, 0];
  const other = [
    ...[10, 10, ...position, ...lookalike],
    ...[18, 10, ...position, ...lookalike],
  ];
  assertEquals(
    decodeTrace(
      Uint8Array.from([34, other.length + 2, 58, other.length, ...other]),
    )!.warnings[0]!.ranges,
    [{ start: place, end: place }],
  );
});

Deno.test("lengths and numbers of any size are written as BuildKit reads them", () => {
  const { all, log, status } = NOTHING;
  for (
    const length of [
      ...[0, 1, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128],
      ...[129, 130, 255, 256, 257, 8191, 8192, 16_370, 16_377, 16_378, 16_379],
      ...[16_380, 16_381, 16_382, 16_383, 16_384, 16_385, 2 ** 21, 2 ** 21 - 6],
    ]
  ) {
    const data = new Uint8Array(length).fill(7);
    const message = { ...all, logs: [{ ...log, data }] };
    assertEquals(decodeTrace(encodeTrace(message)), message, `${length}`);
  }
  for (
    const [value, bytes] of [
      [1, [1]],
      [127, [127]],
      [128, [128, 1]],
      [16_383, [255, 127]],
      [16_384, [128, 128, 1]],
      [2 ** 31 - 1, [255, 255, 255, 255, 7]],
      [2 ** 31, [128, 128, 128, 128, 8]],
      [2 ** 32, [128, 128, 128, 128, 16]],
      [2 ** 53 - 1, [255, 255, 255, 255, 255, 255, 255, 15]],
      [-1, [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]],
      [-128, [128, 255, 255, 255, 255, 255, 255, 255, 255, 1]],
      [-(2 ** 63), [128, 128, 128, 128, 128, 128, 128, 128, 128, 1]],
    ] as const
  ) {
    const message = { ...all, statuses: [{ ...status, current: value }] };
    const encoded = encodeTrace(message);
    assertEquals(
      fromBase64(encoded),
      Uint8Array.of(18, bytes.length + 1, 32, ...bytes),
      `${value}`,
    );
    assertEquals(decodeTrace(encoded), message, `${value}`);
  }
});

Deno.test("decodeTrace() takes no message that ends within a field, of whatever kind", () => {
  const varint = (value: number) =>
    value < 0x80 ? [value] : [value & 0x7f | 0x80, value >> 7];
  const field = (number: number, kind: number, value: number[]) => [
    ...varint(number << 3 | kind),
    ...(kind === 2 ? varint(value.length) : []),
    ...value,
  ];
  const eight = [1, 2, 3, 4, 5, 6, 7, 8];
  const unknown = [
    field(30, 0, [0x81, 0x82, 0x03]),
    field(30, 1, eight),
    field(30, 2, eight),
    field(30, 5, [1, 2, 3, 4]),
  ];
  const digest = [...encoder.encode("sha256:a")];
  for (const extra of unknown) {
    // Of the message itself, and of a vertex, a status, a log and a warning in it.
    for (
      const message of [
        extra,
        ...[1, 2, 3, 4].map((part) =>
          field(part, 2, [...field(1, 2, digest), ...extra])
        ),
      ]
    ) {
      assert(decodeTrace(Uint8Array.from(message)) !== undefined);
      for (let length = 1; length < message.length; length++) {
        const cut = Uint8Array.from(message.slice(0, length));
        assertEquals(decodeTrace(cut), undefined, `${message} to ${length}`);
      }
      // The inner message is cut, and the outer one goes on.
      const [tag, size, ...rest] = message;
      if (message === extra) continue;
      for (let length = 1; length < size!; length++) {
        const inner = rest.slice(0, length);
        const good = length === field(1, 2, digest).length;
        const decoded = decodeTrace(
          Uint8Array.from([tag!, length, ...inner, tag!, 0]),
        );
        assertEquals(decoded !== undefined, good, `${message} at ${length}`);
      }
    }
  }
});

import { fromBinary } from "@bufbuild/protobuf";
import { fromBase64, toBase64 } from "../../lib/progress/bytes.ts";
import type {
  SolveStatus,
  Timestamp,
} from "../../lib/progress/solve_status.ts";
import { decodeTrace } from "../../lib/progress/trace.ts";
import { encodeTrace } from "../../lib/progress/trace_encode.ts";
import { StatusResponseSchema } from "../../lib/proto/gen/trace_pb.ts";
import { assert, assertEquals } from "../support/assert.ts";
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

Deno.test("base64 on a Deno that has none of its own, and the platform's where it has", () => {
  const names = [[Uint8Array, "fromBase64"], [
    Uint8Array.prototype,
    "toBase64",
  ]] as const;
  const own = names.map(([holder, name]) =>
    Object.getOwnPropertyDescriptor(holder, name)
  );
  const put = (values: readonly (PropertyDescriptor | undefined)[]) => {
    for (const [at, [holder, name]] of names.entries()) {
      Object.defineProperty(
        holder,
        name,
        values[at] ?? { value: undefined, configurable: true, writable: true },
      );
    }
  };
  const value = (value: unknown) => ({
    value,
    configurable: true,
    writable: true,
  });
  try {
    put([undefined, undefined]);
    for (const length of [0, 1, 2, 3, 300, 0x5001]) {
      const bytes = new Uint8Array(length).map((_, index) => index * 7);
      const text = btoa(String.fromCharCode(...bytes));
      assertEquals(toBase64(bytes), text);
      assertEquals(fromBase64(text), bytes);
    }
    assertEquals(fromBase64("*"), undefined);
    put([value(() => Uint8Array.of(1)), value(() => "the platform's")]);
    assertEquals(fromBase64("AAAA"), Uint8Array.of(1));
    assertEquals(toBase64(new Uint8Array(3)), "the platform's");
  } finally {
    put(own);
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

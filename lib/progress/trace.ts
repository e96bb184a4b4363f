import type {
  ProgressGroup,
  SolveStatus,
  Timestamp,
  Vertex,
  VertexLog,
  VertexStatus,
  VertexWarning,
} from "./solve_status.ts";
import { fromBase64 } from "./bytes.ts";
import { readWarning } from "./trace_warning.ts";
import {
  BYTES,
  ProtobufError,
  ProtobufReader,
  tagOf,
  VARINT,
} from "../proto/wire_reader.ts";

export type * from "./solve_status.ts";

const NONE: readonly never[] = Object.freeze([]);
const EMPTY: Uint8Array<ArrayBuffer> = new Uint8Array();

/**
 * Decodes `aux` of a `moby.buildkit.trace` message.
 *
 * The bytes of logs are views of one buffer that nothing else uses. Fields that
 * are not known, or whose wire type is not the expected one, are kept in
 * `unknown`.
 *
 * @param aux Base64 text, or the message's bytes.
 * @returns Undefined if it can't be decoded; this never throws.
 */
export function decodeTrace(
  aux: string | Uint8Array<ArrayBuffer>,
): SolveStatus | undefined {
  const bytes = typeof aux === "string" ? fromBase64(aux) : aux;
  if (!(bytes instanceof Uint8Array)) return undefined;
  try {
    return readStatus(new ProtobufReader(bytes));
  } catch (error) {
    if (error instanceof ProtobufError) return undefined;
    throw error;
  }
}

function readStatus(reader: ProtobufReader): SolveStatus {
  let vertexes: Vertex[] | undefined;
  let statuses: VertexStatus[] | undefined;
  let logs: VertexLog[] | undefined;
  let warnings: VertexWarning[] | undefined;
  let unknown: Uint8Array<ArrayBuffer> | undefined;
  while (reader.at < reader.end) {
    const start = reader.at;
    const tag = reader.uint32();
    switch (tag) {
      case tagOf(1, BYTES):
        (vertexes ??= []).push(readVertex(reader));
        break;
      case tagOf(2, BYTES):
        (statuses ??= []).push(readVertexStatus(reader));
        break;
      case tagOf(3, BYTES):
        (logs ??= []).push(readLog(reader));
        break;
      case tagOf(4, BYTES):
        (warnings ??= []).push(readWarning(reader));
        break;
      default:
        unknown = reader.keep(unknown, tag, start);
    }
  }
  return {
    vertexes: vertexes ?? NONE,
    statuses: statuses ?? NONE,
    logs: logs ?? NONE,
    warnings: warnings ?? NONE,
    unknown,
  };
}

function readVertex(reader: ProtobufReader): Vertex {
  const outer = reader.enter();
  let digest = "";
  let inputs: string[] | undefined;
  let name = "";
  let cached = false;
  let started: Timestamp | undefined;
  let completed: Timestamp | undefined;
  let error = "";
  let group: ProgressGroup | undefined;
  let unknown: Uint8Array<ArrayBuffer> | undefined;
  while (reader.at < reader.end) {
    const start = reader.at;
    const tag = reader.uint32();
    switch (tag) {
      case tagOf(1, BYTES):
        digest = reader.text();
        break;
      case tagOf(2, BYTES):
        (inputs ??= []).push(reader.text());
        break;
      case tagOf(3, BYTES):
        name = reader.text();
        break;
      case tagOf(4, VARINT):
        cached = reader.int64() !== 0;
        break;
      case tagOf(5, BYTES):
        started = readTimestamp(reader);
        break;
      case tagOf(6, BYTES):
        completed = readTimestamp(reader);
        break;
      case tagOf(7, BYTES):
        error = reader.text();
        break;
      case tagOf(8, BYTES):
        group = readGroup(reader);
        break;
      default:
        unknown = reader.keep(unknown, tag, start);
    }
  }
  reader.leave(outer);
  return {
    digest,
    inputs: inputs ?? NONE,
    name,
    cached,
    started,
    completed,
    error,
    group,
    unknown,
  };
}

function readGroup(reader: ProtobufReader): ProgressGroup {
  const outer = reader.enter();
  let id = "";
  let name = "";
  let weak = false;
  let unknown: Uint8Array<ArrayBuffer> | undefined;
  while (reader.at < reader.end) {
    const start = reader.at;
    const tag = reader.uint32();
    if (tag === tagOf(1, BYTES)) id = reader.text();
    else if (tag === tagOf(2, BYTES)) name = reader.text();
    else if (tag === tagOf(3, VARINT)) weak = reader.int64() !== 0;
    else unknown = reader.keep(unknown, tag, start);
  }
  reader.leave(outer);
  return { id, name, weak, unknown };
}

function readVertexStatus(reader: ProtobufReader): VertexStatus {
  const outer = reader.enter();
  let id = "";
  let vertex = "";
  let name = "";
  let current = 0;
  let total = 0;
  let timestamp: Timestamp | undefined;
  let started: Timestamp | undefined;
  let completed: Timestamp | undefined;
  let unknown: Uint8Array<ArrayBuffer> | undefined;
  while (reader.at < reader.end) {
    const start = reader.at;
    const tag = reader.uint32();
    switch (tag) {
      case tagOf(1, BYTES):
        id = reader.text();
        break;
      case tagOf(2, BYTES):
        vertex = reader.digest();
        break;
      case tagOf(3, BYTES):
        name = reader.text();
        break;
      case tagOf(4, VARINT):
        current = reader.int64();
        break;
      case tagOf(5, VARINT):
        total = reader.int64();
        break;
      case tagOf(6, BYTES):
        timestamp = readTimestamp(reader);
        break;
      case tagOf(7, BYTES):
        started = readTimestamp(reader);
        break;
      case tagOf(8, BYTES):
        completed = readTimestamp(reader);
        break;
      default:
        unknown = reader.keep(unknown, tag, start);
    }
  }
  reader.leave(outer);
  return {
    id,
    vertex,
    name,
    current,
    total,
    timestamp,
    started,
    completed,
    unknown,
  };
}

function readLog(reader: ProtobufReader): VertexLog {
  const outer = reader.enter();
  let vertex = "";
  let timestamp: Timestamp | undefined;
  let stream = 0;
  let data = EMPTY;
  let unknown: Uint8Array<ArrayBuffer> | undefined;
  while (reader.at < reader.end) {
    const start = reader.at;
    const tag = reader.uint32();
    if (tag === tagOf(1, BYTES)) vertex = reader.digest();
    else if (tag === tagOf(2, BYTES)) timestamp = readTimestamp(reader);
    else if (tag === tagOf(3, VARINT)) stream = reader.int64();
    else if (tag === tagOf(4, BYTES)) data = reader.bytes();
    else unknown = reader.keep(unknown, tag, start);
  }
  reader.leave(outer);
  return { vertex, timestamp, stream, data, unknown };
}

function readTimestamp(reader: ProtobufReader): Timestamp {
  const outer = reader.enter();
  let seconds = 0;
  let nanos = 0;
  while (reader.at < reader.end) {
    const tag = reader.uint32();
    if (tag === tagOf(1, VARINT)) seconds = reader.int64();
    else if (tag === tagOf(2, VARINT)) nanos = reader.int64() | 0;
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { seconds, nanos };
}

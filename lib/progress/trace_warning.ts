import type {
  SourceInfo,
  SourcePosition,
  SourceRange,
  VertexWarning,
} from "./solve_status.ts";
import {
  BYTES,
  type ProtobufReader,
  tagOf,
  VARINT,
} from "../proto/wire_reader.ts";

const NONE: readonly never[] = Object.freeze([]);
const EMPTY: Uint8Array<ArrayBuffer> = new Uint8Array();
const START: SourcePosition = { line: 0, character: 0 };

/** Reads the warning that comes next. */
export function readWarning(reader: ProtobufReader): VertexWarning {
  const outer = reader.enter();
  let vertex = "";
  let level = 0;
  let short = EMPTY;
  let detail: Uint8Array<ArrayBuffer>[] | undefined;
  let url = "";
  let info: SourceInfo | undefined;
  let ranges: SourceRange[] | undefined;
  let unknown: Uint8Array<ArrayBuffer> | undefined;
  while (reader.at < reader.end) {
    const start = reader.at;
    const tag = reader.uint32();
    if (tag === tagOf(1, BYTES)) vertex = reader.digest();
    else if (tag === tagOf(2, VARINT)) level = reader.int64();
    else if (tag === tagOf(3, BYTES)) short = reader.bytes();
    else if (tag === tagOf(4, BYTES)) (detail ??= []).push(reader.bytes());
    else if (tag === tagOf(5, BYTES)) url = reader.text();
    else if (tag === tagOf(6, BYTES)) info = readSourceInfo(reader);
    else if (tag === tagOf(7, BYTES)) (ranges ??= []).push(readRange(reader));
    else unknown = reader.keep(unknown, tag, start);
  }
  reader.leave(outer);
  return {
    vertex,
    level,
    short,
    detail: detail ?? NONE,
    url,
    info,
    ranges: ranges ?? NONE,
    unknown,
  };
}

function readSourceInfo(reader: ProtobufReader): SourceInfo {
  const outer = reader.enter();
  let filename = "";
  let data = EMPTY;
  let language = "";
  let unknown: Uint8Array<ArrayBuffer> | undefined;
  while (reader.at < reader.end) {
    const start = reader.at;
    const tag = reader.uint32();
    if (tag === tagOf(1, BYTES)) filename = reader.text();
    else if (tag === tagOf(2, BYTES)) data = reader.bytes();
    else if (tag === tagOf(4, BYTES)) language = reader.text();
    else unknown = reader.keep(unknown, tag, start);
  }
  reader.leave(outer);
  return { filename, data, language, unknown };
}

function readRange(reader: ProtobufReader): SourceRange {
  const outer = reader.enter();
  let start = START;
  let end = START;
  while (reader.at < reader.end) {
    const tag = reader.uint32();
    if (tag === tagOf(1, BYTES)) start = readPosition(reader);
    else if (tag === tagOf(2, BYTES)) end = readPosition(reader);
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { start, end };
}

function readPosition(reader: ProtobufReader): SourcePosition {
  const outer = reader.enter();
  let line = 0;
  let character = 0;
  while (reader.at < reader.end) {
    const tag = reader.uint32();
    if (tag === tagOf(1, VARINT)) line = reader.int64() | 0;
    else if (tag === tagOf(2, VARINT)) character = reader.int64() | 0;
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { line, character };
}

import type {
  SolveStatus,
  SourceInfo,
  SourceRange,
  Timestamp,
  Vertex,
  VertexLog,
  VertexStatus,
  VertexWarning,
} from "./solve_status.ts";
import { toBase64 } from "./bytes.ts";
import { BYTES, VARINT } from "./protobuf_reader.ts";

/**
 * Encodes a status as `aux` of a `moby.buildkit.trace` message; used for
 * messages that were changed after {@linkcode decodeTrace}. The fields stand in
 * the order of their numbers; unknown fields of newer engines come last.
 */
export function encodeTrace(status: SolveStatus): string {
  const writer = new ProtobufWriter();
  for (const vertex of status.vertexes) {
    writer.message(1, () => writeVertex(writer, vertex));
  }
  for (const one of status.statuses) {
    writer.message(2, () => writeVertexStatus(writer, one));
  }
  for (const log of status.logs) {
    writer.message(3, () => writeLog(writer, log));
  }
  for (const warning of status.warnings) {
    writer.message(4, () => writeWarning(writer, warning));
  }
  writer.unknown(status.unknown);
  return toBase64(writer.result());
}

function writeVertex(writer: ProtobufWriter, vertex: Vertex): void {
  writer.text(1, vertex.digest);
  for (const input of vertex.inputs) writer.item(2, encoder.encode(input));
  writer.text(3, vertex.name);
  writer.number(4, vertex.cached ? 1 : 0);
  writer.time(5, vertex.started);
  writer.time(6, vertex.completed);
  writer.text(7, vertex.error);
  const { group } = vertex;
  if (group !== undefined) {
    writer.message(8, () => {
      writer.text(1, group.id);
      writer.text(2, group.name);
      writer.number(3, group.weak ? 1 : 0);
      writer.unknown(group.unknown);
    });
  }
  writer.unknown(vertex.unknown);
}

function writeVertexStatus(writer: ProtobufWriter, status: VertexStatus): void {
  writer.text(1, status.id);
  writer.text(2, status.vertex);
  writer.text(3, status.name);
  writer.number(4, status.current);
  writer.number(5, status.total);
  writer.time(6, status.timestamp);
  writer.time(7, status.started);
  writer.time(8, status.completed);
  writer.unknown(status.unknown);
}

function writeLog(writer: ProtobufWriter, log: VertexLog): void {
  writer.text(1, log.vertex);
  writer.time(2, log.timestamp);
  writer.number(3, log.stream);
  if (log.data.length > 0) writer.item(4, log.data);
  writer.unknown(log.unknown);
}

function writeWarning(writer: ProtobufWriter, warning: VertexWarning): void {
  writer.text(1, warning.vertex);
  writer.number(2, warning.level);
  if (warning.short.length > 0) writer.item(3, warning.short);
  for (const detail of warning.detail) writer.item(4, detail);
  writer.text(5, warning.url);
  const { info } = warning;
  if (info !== undefined) {
    writer.message(6, () => writeSourceInfo(writer, info));
  }
  for (const range of warning.ranges) {
    writer.message(7, () => writeRange(writer, range));
  }
  writer.unknown(warning.unknown);
}

function writeSourceInfo(writer: ProtobufWriter, info: SourceInfo): void {
  writer.text(1, info.filename);
  if (info.data.length > 0) writer.item(2, info.data);
  writer.text(4, info.language);
  writer.unknown(info.unknown);
}

function writeRange(writer: ProtobufWriter, range: SourceRange): void {
  for (const [field, position] of [[1, range.start], [2, range.end]] as const) {
    writer.message(field, () => {
      writer.number(1, position.line);
      writer.number(2, position.character);
    });
  }
}

const encoder = new TextEncoder();

/**
 * Writes the wire format of protobuf; fields whose value is zero are left out.
 */
class ProtobufWriter {
  #bytes = new Uint8Array();
  #at = 0;

  result(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  text(field: number, text: string): void {
    if (text !== "") this.item(field, encoder.encode(text));
  }

  /** Writes an item of a list, even if it is empty. */
  item(field: number, bytes: Uint8Array): void {
    this.#varint(field << 3 | BYTES);
    this.#varint(bytes.length);
    this.#raw(bytes);
  }

  number(field: number, value: number): void {
    if (value === 0) return;
    this.#varint(field << 3 | VARINT);
    this.#varint(value);
  }

  time(field: number, time: Timestamp | undefined): void {
    if (time === undefined) return;
    this.message(field, () => {
      this.number(1, time.seconds);
      this.number(2, time.nanos);
    });
  }

  unknown(bytes: Uint8Array | undefined): void {
    if (bytes !== undefined) this.#raw(bytes);
  }

  /**
   * Writes an embedded message. Its length is known only afterwards, so the
   * content is then moved to make room for the length.
   */
  message(field: number, write: () => void): void {
    this.#varint(field << 3 | BYTES);
    const start = this.#at;
    write();
    const length = this.#at - start;
    const lengthSize = length < 0x80
      ? 1
      : Math.ceil((32 - Math.clz32(length)) / 7);
    this.#room(lengthSize);
    this.#bytes.copyWithin(start + lengthSize, start, this.#at);
    this.#at = start;
    this.#varint(length);
    this.#at += length;
  }

  #varint(value: number): void {
    this.#room(10);
    if (Math.sign(value) === -1) return this.#negative(value);
    while (value >= 0x80) {
      this.#bytes[this.#at++] = value % 0x80 | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.#bytes[this.#at++] = value;
  }

  /** A negative number is written as its 64-bit two's complement. */
  #negative(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(Math.trunc(value)));
    while (rest >= 0x80n) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#at++] = Number(rest);
  }

  #raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #room(size: number): void {
    const needed = this.#at + size;
    if (needed <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    bytes.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = bytes;
  }
}

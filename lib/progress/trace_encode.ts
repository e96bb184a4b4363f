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
import { ProtobufWriter } from "../proto/wire_writer.ts";

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
  writeUnknown(writer, status.unknown);
  return toBase64(writer.result());
}

function writeVertex(writer: ProtobufWriter, vertex: Vertex): void {
  writer.text(1, vertex.digest);
  for (const input of vertex.inputs) writer.item(2, encoder.encode(input));
  writer.text(3, vertex.name);
  writer.number(4, vertex.cached ? 1 : 0);
  writeTime(writer, 5, vertex.started);
  writeTime(writer, 6, vertex.completed);
  writer.text(7, vertex.error);
  const { group } = vertex;
  if (group !== undefined) {
    writer.message(8, () => {
      writer.text(1, group.id);
      writer.text(2, group.name);
      writer.number(3, group.weak ? 1 : 0);
      writeUnknown(writer, group.unknown);
    });
  }
  writeUnknown(writer, vertex.unknown);
}

function writeVertexStatus(writer: ProtobufWriter, status: VertexStatus): void {
  writer.text(1, status.id);
  writer.text(2, status.vertex);
  writer.text(3, status.name);
  writer.number(4, status.current);
  writer.number(5, status.total);
  writeTime(writer, 6, status.timestamp);
  writeTime(writer, 7, status.started);
  writeTime(writer, 8, status.completed);
  writeUnknown(writer, status.unknown);
}

function writeLog(writer: ProtobufWriter, log: VertexLog): void {
  writer.text(1, log.vertex);
  writeTime(writer, 2, log.timestamp);
  writer.number(3, log.stream);
  if (log.data.length > 0) writer.item(4, log.data);
  writeUnknown(writer, log.unknown);
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
  writeUnknown(writer, warning.unknown);
}

function writeSourceInfo(writer: ProtobufWriter, info: SourceInfo): void {
  writer.text(1, info.filename);
  if (info.data.length > 0) writer.item(2, info.data);
  writer.text(4, info.language);
  writeUnknown(writer, info.unknown);
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

function writeTime(
  writer: ProtobufWriter,
  field: number,
  time: Timestamp | undefined,
): void {
  if (time === undefined) return;
  writer.message(field, () => {
    writer.number(1, time.seconds);
    writer.number(2, time.nanos);
  });
}

function writeUnknown(
  writer: ProtobufWriter,
  fields: Uint8Array | undefined,
): void {
  if (fields !== undefined) writer.raw(fields);
}

import type {
  BuildEvent,
  LogEvent,
  StatusEvent,
  VertexEvent,
  WarningEvent,
} from "../progress/event.ts";
import { RECORD } from "../progress/record.ts";
import { toBase64 } from "../progress/bytes.ts";
import type { SourcePosition, Timestamp } from "../progress/solve_status.ts";
import { ByteBuffer } from "./byte_buffer.ts";
import type { Display } from "./display.ts";

/** More than this is written at once, in bytes. */
const MAX_WAITING_BYTES = 64 * 1024;

const encoder = new TextEncoder();

/**
 * Prints a build as lines of JSON in the format of
 * `docker buildx build --progress=rawjson`: each line is one status of
 * BuildKit. Events that BuildKit does not have, such as those about secrets,
 * are left out.
 */
export class RawJsonDisplay implements Display {
  readonly intervalMs = 0;
  readonly #out = new ByteBuffer();

  update(events: readonly BuildEvent[]): boolean {
    const line = formatRawJson(events);
    if (line !== "") this.#out.text(`${line}\n`);
    return this.#out.length >= MAX_WAITING_BYTES;
  }

  render(): Uint8Array {
    return this.#out.take();
  }

  end(): Uint8Array {
    return this.#out.take();
  }
}

/**
 * Events as one JSON text without a line end; empty if none of them is in the
 * format.
 */
export function formatRawJson(events: readonly BuildEvent[]): string {
  const vertexes: unknown[] = [];
  const statuses: unknown[] = [];
  const logs: unknown[] = [];
  const warnings: unknown[] = [];
  for (const event of events) {
    if (event.type === "vertex") vertexes.push(vertexJson(event));
    else if (event.type === "status") statuses.push(statusJson(event));
    else if (event.type === "log") logs.push(logJson(event));
    else if (event.type === "warning") warnings.push(warningJson(event));
  }
  const status = {
    vertexes: filled(vertexes),
    statuses: filled(statuses),
    logs: filled(logs),
    warnings: filled(warnings),
  };
  const text = JSON.stringify(status);
  return text === "{}" ? "" : text;
}

/**
 * Replaces an empty list by undefined, which JSON leaves out, as Go leaves out
 * empty fields.
 */
function filled<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function vertexJson(event: VertexEvent): unknown {
  const record = event[RECORD];
  const { group } = event;
  return {
    digest: event.digest || undefined,
    inputs: filled(event.inputs),
    name: event.name || undefined,
    started: formatTime(record?.started, event.started),
    completed: formatTime(record?.completed, event.completed),
    cached: event.cached || undefined,
    error: event.error,
    progressGroup: group && {
      id: group.id || undefined,
      name: group.name || undefined,
      weak: group.weak || undefined,
    },
  };
}

function statusJson(event: StatusEvent): unknown {
  const record = event[RECORD];
  return {
    id: event.id,
    vertex: event.vertex || undefined,
    name: event.name || undefined,
    total: event.total,
    current: event.current,
    timestamp: formatTime(record?.timestamp, event.time),
    started: formatTime(record?.started, event.started),
    completed: formatTime(record?.completed, event.completed),
  };
}

function logJson(event: LogEvent): unknown {
  return {
    vertex: event.vertex || undefined,
    stream: event.stream === "stderr" ? 2 : 1,
    data: toBase64(event.bytes),
    timestamp: formatTime(event[RECORD]?.timestamp, event.time),
  };
}

function warningJson(event: WarningEvent): unknown {
  const record = event[RECORD];
  const info = record?.info;
  return {
    vertex: event.vertex,
    level: event.level || undefined,
    short: textJson(event.short),
    detail: filled(event.detail.map(textJson)),
    url: event.url,
    sourceInfo: event.source && {
      filename: event.source.file || undefined,
      data: event.source.text === undefined
        ? undefined
        : textJson(event.source.text),
      language: info?.language || undefined,
    },
    range: filled(
      (event.source?.ranges ?? record?.ranges ?? []).map(({ start, end }) => ({
        start: positionJson(start),
        end: positionJson(end),
      })),
    ),
  };
}

function textJson(text: string): string {
  return toBase64(encoder.encode(text));
}

function positionJson({ line, character }: SourcePosition): unknown {
  return { line: line || undefined, character: character || undefined };
}

/** A time in RFC 3339 with as many digits as are needed, up to nanoseconds. */
function formatTime(
  exact: Timestamp | undefined,
  ms: number | undefined,
): string | undefined {
  if (exact === undefined && ms === undefined) return undefined;
  const seconds = exact?.seconds ?? Math.floor(ms! / 1000);
  const nanos = exact?.nanos ?? Math.round((ms! - seconds * 1000) * 1e6);
  const date = new Date(seconds * 1000);
  // A time out of the range of dates is an engine's mistake: print Go's zero
  // time.
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999) {
    return "0001-01-01T00:00:00Z";
  }
  const digits = String(Math.max(0, nanos)).padStart(9, "0").replace(/0+$/, "");
  const whole = date.toISOString().slice(0, 19);
  return digits === "" ? `${whole}Z` : `${whole}.${digits}Z`;
}

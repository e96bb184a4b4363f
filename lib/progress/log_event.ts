import type { LogEvent } from "./event.ts";
import type { VertexLog } from "./solve_status.ts";
import { concatBytes } from "../streams/bytes.ts";
import { millisOf, RECORD } from "./record.ts";

/**
 * The first bytes of characters whose rest is in a later piece of output, by
 * step and stream. Each build has one carry.
 */
export class TextCarry {
  readonly #open = new Map<string, Uint8Array<ArrayBuffer>>();

  /** Removes and returns the bytes that the previous piece left. */
  take(key: string): Uint8Array<ArrayBuffer> | undefined {
    const bytes = this.#open.get(key);
    if (bytes !== undefined) this.#open.delete(key);
    return bytes;
  }

  /** Keeps the first bytes of a character. */
  keep(key: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.#open.set(key, bytes);
  }
}

/** Makes the event of a log record. */
export function logEventOf(log: VertexLog, carry: TextCarry): LogEvent {
  return new TraceLogEvent(log, carry);
}

/** A log event that decodes its text only when the text is read. */
class TraceLogEvent implements LogEvent {
  readonly type = "log";
  readonly vertex: string;
  readonly stream: "stdout" | "stderr";
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly time: number;
  readonly [RECORD]: VertexLog;
  readonly #before: Uint8Array<ArrayBuffer> | undefined;
  readonly #open: number;

  constructor(log: VertexLog, carry: TextCarry) {
    const { data, vertex } = log;
    this.vertex = vertex;
    this.stream = log.stream === 2 ? "stderr" : "stdout";
    this.bytes = data;
    this.time = log.timestamp === undefined ? 0 : millisOf(log.timestamp);
    this[RECORD] = log;
    const key = `${log.stream} ${vertex}`;
    const before = carry.take(key);
    const whole = before === undefined ? data : concatBytes(before, data);
    this.#open = openLength(whole);
    if (this.#open > 0) {
      carry.keep(key, whole.slice(whole.length - this.#open));
    }
    // The earlier bytes belong to this text, unless the character is still
    // incomplete: then they were kept once more.
    if (before !== undefined) this.#before = before;
  }

  get text(): string {
    const before = this.#before;
    const whole = before === undefined
      ? this.bytes
      : concatBytes(before, this.bytes);
    return decodeText(whole.subarray(0, whole.length - this.#open));
  }

  toJSON(): Omit<LogEvent, "bytes" | typeof RECORD> {
    const { type, vertex, stream, text, time } = this;
    return { type, vertex, stream, text, time };
  }
}

/**
 * Keeps a byte order mark, because the bytes may be from the middle of a text.
 */
const logDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

function decodeText(bytes: Uint8Array): string {
  return logDecoder.decode(bytes);
}

/**
 * How many bytes at the end are the start of an incomplete character: 0 to 3.
 */
function openLength(bytes: Uint8Array): number {
  const at = bytes.findLastIndex((byte) => byte < 0x80 || byte >= 0xc0);
  const first = bytes[at]!; // where there is none, no size is above one
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  const there = bytes.length - at;
  return size > there ? there : 0;
}

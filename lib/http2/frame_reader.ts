import { connectionError, ErrorCode } from "./error.ts";
import {
  DEFAULT_MAX_FRAME_SIZE,
  FRAME_HEADER_BYTES,
  FrameFlag,
  FrameType,
  readUint31,
} from "./frame.ts";

/** One received frame; its payload is `bytes` from `start` to `end`. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /**
   * Whether the bytes are in the reader's own buffer, which changes after the
   * call; otherwise they are part of a chunk that does not change.
   */
  readonly borrowed: boolean;
}

/**
 * Splits a stream of bytes into frames, whatever chunks it comes in.
 *
 * A frame within one chunk is passed on without a copy; a frame that is split
 * between chunks is copied into a buffer of one frame's size.
 */
export class FrameReader {
  readonly #sink: (frame: Frame) => void;
  readonly #partial: Uint8Array = new Uint8Array(
    FRAME_HEADER_BYTES + DEFAULT_MAX_FRAME_SIZE,
  );
  #held = 0;

  /**
   * @param sink Called with each complete frame, in order, during
   * {@linkcode push}.
   */
  constructor(sink: (frame: Frame) => void) {
    this.#sink = sink;
  }

  /**
   * Takes the bytes of `chunk` from index `at` on.
   *
   * @throws {Http2Error} FRAME_SIZE_ERROR as soon as a header announces more
   * than 16 384 bytes (RFC 9113 section 4.2).
   */
  push(chunk: Uint8Array, at: number): void {
    if (this.#held > 0) {
      at = this.#fill(chunk, at, FRAME_HEADER_BYTES);
      if (this.#held < FRAME_HEADER_BYTES) return;
      const partial = this.#partial;
      const whole = FRAME_HEADER_BYTES + payloadLength(partial, 0);
      at = this.#fill(chunk, at, whole);
      if (this.#held < whole) return;
      this.#held = 0;
      this.#dispatch(partial, 0, whole, true);
    }
    const size = chunk.length;
    while (size - at >= FRAME_HEADER_BYTES) {
      const next = at + FRAME_HEADER_BYTES + payloadLength(chunk, at);
      if (next > size) break;
      this.#dispatch(chunk, at, next, false);
      at = next;
    }
    this.#fill(chunk, at, FRAME_HEADER_BYTES + DEFAULT_MAX_FRAME_SIZE);
  }

  #dispatch(
    bytes: Uint8Array,
    at: number,
    end: number,
    borrowed: boolean,
  ): void {
    this.#sink({
      type: bytes[at + 3]!,
      flags: bytes[at + 4]!,
      streamId: readUint31(bytes, at + 5),
      bytes,
      start: at + FRAME_HEADER_BYTES,
      end,
      borrowed,
    });
  }

  /**
   * Copies bytes of `chunk` into the buffer until it holds `wanted`; returns
   * the index after them.
   */
  #fill(chunk: Uint8Array, at: number, wanted: number): number {
    const room = Math.min(wanted - this.#held, chunk.length - at);
    const count = Math.max(0, room);
    this.#partial.set(chunk.subarray(at, at + count), this.#held);
    this.#held += count;
    return at + count;
  }
}

function payloadLength(bytes: Uint8Array, at: number): number {
  const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
  if (length > DEFAULT_MAX_FRAME_SIZE) {
    throw connectionError(
      ErrorCode.FRAME_SIZE_ERROR,
      `Frame of ${length} bytes is longer than ${DEFAULT_MAX_FRAME_SIZE}`,
    );
  }
  return length;
}

/**
 * Whether a type needs a stream (`true`) or must not have one (`false`); types
 * that allow both are absent.
 */
const ON_STREAM = new Map<number, boolean>([
  [FrameType.DATA, true],
  [FrameType.HEADERS, true],
  [FrameType.PRIORITY, true],
  [FrameType.RST_STREAM, true],
  [FrameType.SETTINGS, false],
  [FrameType.PING, false],
  [FrameType.GOAWAY, false],
  [FrameType.CONTINUATION, true],
]);

/** Types whose payload always has the same length, in bytes. */
const FIXED_BYTES = new Map<number, number>([
  [FrameType.PRIORITY, 5],
  [FrameType.RST_STREAM, 4],
  [FrameType.PING, 8],
  [FrameType.WINDOW_UPDATE, 4],
]);

/** The last stream's id and the error code, which every GOAWAY has. */
const LEAST_GOAWAY_BYTES = 8;

/**
 * Checks a frame by its header alone (RFC 9113 section 6); unknown types are
 * accepted.
 *
 * @throws {Http2Error} PROTOCOL_ERROR or FRAME_SIZE_ERROR.
 */
export function checkFrameHeader(frame: Frame): void {
  const { type, streamId } = frame;
  const length = frame.end - frame.start;
  const onStream = ON_STREAM.get(type);
  if (onStream !== undefined && onStream !== (streamId !== 0)) {
    fail(
      ErrorCode.PROTOCOL_ERROR,
      `frame of type ${type} ${onStream ? "without" : "with"} a stream`,
    );
  }
  const bytes = FIXED_BYTES.get(type) ?? length;
  if (
    length !== bytes ||
    (type === FrameType.GOAWAY && length < LEAST_GOAWAY_BYTES)
  ) {
    fail(
      ErrorCode.FRAME_SIZE_ERROR,
      `frame of type ${type} with ${length} bytes`,
    );
  }
}

/**
 * Start and end of a frame's content, without the padding and the padding's
 * length if the flag PADDED is set (RFC 9113 section 6.1).
 *
 * @throws {Http2Error} FRAME_SIZE_ERROR if the padding's length is missing,
 * PROTOCOL_ERROR if the padding is as long as the whole payload.
 */
export function unpad(frame: Frame): [start: number, end: number] {
  const { bytes, start, end } = frame;
  if ((frame.flags & FrameFlag.PADDED) === 0) return [start, end];
  if (start === end) {
    fail(ErrorCode.FRAME_SIZE_ERROR, "padded without a padding length");
  }
  const padding = bytes[start]!;
  if (padding >= end - start) {
    fail(ErrorCode.PROTOCOL_ERROR, "padding longer than the frame");
  }
  return [start + 1, end - padding];
}

function fail(code: number, what: string): never {
  throw connectionError(code, `Frame is wrong: ${what}`);
}

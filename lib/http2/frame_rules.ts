import { connectionError, ErrorCode } from "./error.ts";
import { Flag, FrameType } from "./frame.ts";
import type { Frame } from "./frame_reader.ts";

/** Whether a type belongs to a stream (`true`), to the connection (`false`), or to either. */
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

/** Types whose payload has one length only. */
const FIXED_BYTES = new Map<number, number>([
  [FrameType.PRIORITY, 5],
  [FrameType.RST_STREAM, 4],
  [FrameType.PING, 8],
  [FrameType.WINDOW_UPDATE, 4],
]);

/** Last stream id and error code. */
const LEAST_GOAWAY_BYTES = 8;

/**
 * Checks what a frame's header alone can be wrong in (RFC 9113 section 6);
 * unknown types pass.
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
 * Where a frame's content begins and ends, without the padding and its length
 * if the frame is flagged PADDED (RFC 9113 section 6.1).
 *
 * @throws {Http2Error} FRAME_SIZE_ERROR without a padding length,
 * PROTOCOL_ERROR if the padding is as long as the whole payload.
 */
export function unpad(frame: Frame): [start: number, end: number] {
  const { bytes, start, end } = frame;
  if ((frame.flags & Flag.PADDED) === 0) return [start, end];
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

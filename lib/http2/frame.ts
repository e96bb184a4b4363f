/**
 * Reads and writes HTTP/2 frames as bytes: the 9-byte header, and the small
 * frames that both sides send (RFC 9113 sections 4.1 and 6). Without state and
 * I/O.
 *
 * @module
 */

/** Frame types (RFC 9113 section 6). Any other number is an extension. */
export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const;

/** Frame flags; RFC 9113 section 6 says which types have them. */
export const FrameFlag = {
  ACK: 0x1,
  END_STREAM: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const;

/** Identifiers of settings (RFC 9113 section 6.5.2). */
export const Setting = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
} as const;

/** Length of a frame header, in bytes. */
export const FRAME_HEADER_BYTES = 9;

/**
 * The longest payload that every endpoint must accept, in bytes; it is also the
 * limit of this side, which sends no other one.
 */
export const DEFAULT_MAX_FRAME_SIZE = 16_384;

/** The largest value that MAX_FRAME_SIZE may have. */
export const LARGEST_MAX_FRAME_SIZE = 16_777_215;

/** The first bytes that a client sends (RFC 9113 section 3.4). */
export const CLIENT_PREFACE: Uint8Array = new TextEncoder().encode(
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
);

/** Reads 32 bits, big-endian and unsigned. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) |
    bytes[at + 3]!) >>> 0;
}

/**
 * Reads a stream id or a window increment: 31 bits, after a reserved one that
 * is ignored.
 */
export function readUint31(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) & 0x7fffffff;
}

/** Writes 32 bits, big-endian. */
function writeUint32(
  bytes: Uint8Array,
  at: number,
  value: number,
): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Writes only the 24-bit payload length of a frame. */
export function writeLength(
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
}

/** Writes the header of a frame with `length` bytes of payload. */
export function writeFrameHeader(
  bytes: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  writeLength(bytes, at, length);
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  writeUint32(bytes, at + 5, streamId);
}

/** A complete frame with a copy of `payload`. */
export function encodeFrame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array,
): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  writeFrameHeader(frame, 0, payload.length, type, flags, streamId);
  frame.set(payload, FRAME_HEADER_BYTES);
  return frame;
}

/** A SETTINGS frame of `[identifier, value]` pairs. */
export function encodeSettings(
  settings: readonly (readonly [id: number, value: number])[],
): Uint8Array {
  const payload = new Uint8Array(settings.length * 6);
  settings.forEach(([id, value], index) => {
    payload[index * 6] = id >>> 8;
    payload[index * 6 + 1] = id;
    writeUint32(payload, index * 6 + 2, value);
  });
  return encodeFrame(FrameType.SETTINGS, 0, 0, payload);
}

/** A PING frame; what it holds does not matter here. */
export function encodePing(): Uint8Array {
  return encodeFrame(FrameType.PING, 0, 0, new Uint8Array(8));
}

/** The acknowledgement of a SETTINGS frame. */
export function encodeSettingsAck(): Uint8Array {
  return encodeFrame(FrameType.SETTINGS, FrameFlag.ACK, 0, new Uint8Array());
}

/**
 * The answer to a PING, with the same 8 bytes, which are in `opaque` from index
 * `at`.
 */
export function encodePingAck(opaque: Uint8Array, at: number): Uint8Array {
  return encodeFrame(
    FrameType.PING,
    FrameFlag.ACK,
    0,
    opaque.subarray(at, at + 8),
  );
}

/** A WINDOW_UPDATE of `increment` bytes; `streamId` 0 means the connection. */
export function encodeWindowUpdate(
  streamId: number,
  increment: number,
): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + 4);
  writeFrameHeader(frame, 0, 4, FrameType.WINDOW_UPDATE, 0, streamId);
  writeUint32(frame, FRAME_HEADER_BYTES, increment);
  return frame;
}

/** A RST_STREAM with one of the error codes. */
export function encodeRstStream(streamId: number, code: number): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + 4);
  writeFrameHeader(frame, 0, 4, FrameType.RST_STREAM, 0, streamId);
  writeUint32(frame, FRAME_HEADER_BYTES, code);
  return frame;
}

/** A GOAWAY; `detail` is a short ASCII text for the peer's log. */
export function encodeGoaway(
  lastStreamId: number,
  code: number,
  detail: string,
): Uint8Array {
  const text = new TextEncoder().encode(detail);
  const payload = new Uint8Array(8 + text.length);
  writeUint32(payload, 0, lastStreamId);
  writeUint32(payload, 4, code);
  payload.set(text, 8);
  return encodeFrame(FrameType.GOAWAY, 0, 0, payload);
}

import { ErrorCode, Http2Error } from "./error.ts";
import {
  DEFAULT_MAX_FRAME_SIZE,
  LARGEST_MAX_FRAME_SIZE,
  readUint32,
  Setting,
} from "./frame.ts";
import { LARGEST_WINDOW } from "./limits.ts";

/** Length of one setting, in bytes. */
const SETTING_BYTES = 6;

/**
 * The peer's settings that change how this side sends; those that the frame
 * does not have are absent.
 */
export interface PeerSettings {
  /** Initial window of each stream, in bytes. */
  initialWindow?: number;
  /**
   * The smallest header table size in this frame for the table that this side
   * may use, in bytes.
   */
  headerTableSize?: number;
  /** How many streams this side may have open at once. */
  maxConcurrentStreams?: number;
  /**
   * The longest header list that the peer accepts: its bytes, and 32 for each
   * field.
   */
  maxHeaderListSize?: number;
}

/**
 * Reads the payload of a SETTINGS frame (RFC 9113 section 6.5).
 *
 * MAX_FRAME_SIZE is only checked: this side never sends frames longer than its
 * smallest value.
 *
 * @param maxEnablePush The largest ENABLE_PUSH that this peer may set.
 * @throws {Http2Error} FRAME_SIZE_ERROR, FLOW_CONTROL_ERROR or PROTOCOL_ERROR.
 */
export function readSettings(
  bytes: Uint8Array,
  start: number,
  end: number,
  maxEnablePush: number,
): PeerSettings {
  if ((end - start) % SETTING_BYTES !== 0) {
    fail(ErrorCode.FRAME_SIZE_ERROR, "cut inside a setting");
  }
  const settings: PeerSettings = {};
  for (let at = start; at < end; at += SETTING_BYTES) {
    const id = (bytes[at]! << 8) | bytes[at + 1]!;
    const value = readUint32(bytes, at + 2);
    switch (id) {
      case Setting.HEADER_TABLE_SIZE:
        settings.headerTableSize = Math.min(
          value,
          settings.headerTableSize ?? value,
        );
        break;
      case Setting.ENABLE_PUSH:
        if (value > maxEnablePush) {
          fail(ErrorCode.PROTOCOL_ERROR, `ENABLE_PUSH above ${maxEnablePush}`);
        }
        break;
      case Setting.MAX_CONCURRENT_STREAMS:
        settings.maxConcurrentStreams = value;
        break;
      case Setting.MAX_HEADER_LIST_SIZE:
        settings.maxHeaderListSize = value;
        break;
      case Setting.INITIAL_WINDOW_SIZE:
        if (value > LARGEST_WINDOW) {
          fail(ErrorCode.FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE too large");
        }
        settings.initialWindow = value;
        break;
      case Setting.MAX_FRAME_SIZE:
        if (value < DEFAULT_MAX_FRAME_SIZE || value > LARGEST_MAX_FRAME_SIZE) {
          fail(ErrorCode.PROTOCOL_ERROR, "MAX_FRAME_SIZE out of range");
        }
        break;
    }
  }
  return settings;
}

function fail(code: number, what: string): never {
  throw new Http2Error(`SETTINGS are wrong: ${what}`, { code });
}

import { connectionError, ErrorCode } from "./error.ts";
import { FrameFlag } from "./frame.ts";
import { type Frame, unpad } from "./frame_reader.ts";
import { type DecodedHeaders, HpackDecoder } from "./hpack_decode.ts";
import type { HeaderLimits } from "./role.ts";

/** Length of the stream dependency and weight, which are skipped. */
const PRIORITY_BYTES = 5;

/**
 * Fragments shorter than this are counted, since they cost more work than their
 * bytes.
 */
const SHORT_FRAGMENT_BYTES = 1024;

/** A complete header block, decoded. */
export interface ReceivedHeaders extends DecodedHeaders {
  readonly streamId: number;
  /** Whether its HEADERS frame had END_STREAM. */
  readonly endStream: boolean;
}

/**
 * Joins HEADERS and CONTINUATION frames to header blocks and decodes them (RFC
 * 9113 section 4.3). The bytes and short frames of a block are limited, so that
 * a peer can't use up memory or time by endless CONTINUATION frames.
 */
export class HeaderReader {
  readonly #limits: HeaderLimits;
  readonly #hpack: HpackDecoder;
  #streamId = 0;
  #endStream = false;
  #fragments: Uint8Array[] = [];
  #bytes = 0;
  #short = 0;

  /** @param limits The limits of one block and its list. */
  constructor(limits: HeaderLimits) {
    this.#limits = limits;
    this.#hpack = new HpackDecoder(limits.maxListSize);
  }

  /** Whether a block is not complete yet: only CONTINUATION may follow. */
  get midBlock(): boolean {
    return this.#streamId !== 0;
  }

  /**
   * Takes a HEADERS frame; returns the headers if the block is complete.
   *
   * @throws {Http2Error} COMPRESSION_ERROR, or the error of a wrong frame.
   */
  headers(frame: Frame): ReceivedHeaders | null {
    const { flags, streamId } = frame;
    if (streamId % 2 === 0) {
      throw connectionError(
        ErrorCode.PROTOCOL_ERROR,
        "HEADERS on an even stream",
      );
    }
    const [content, end] = unpad(frame);
    const start = content +
      ((flags & FrameFlag.PRIORITY) === 0 ? 0 : PRIORITY_BYTES);
    if (start > end) {
      throw connectionError(
        ErrorCode.FRAME_SIZE_ERROR,
        "HEADERS without its priority",
      );
    }
    this.#streamId = streamId;
    this.#endStream = (flags & FrameFlag.END_STREAM) !== 0;
    return this.#append(frame, start, end);
  }

  /**
   * Takes a CONTINUATION frame; returns the headers if the block is complete.
   *
   * @throws {Http2Error} Also ENHANCE_YOUR_CALM past the limits.
   */
  continuation(frame: Frame): ReceivedHeaders | null {
    if (frame.streamId !== this.#streamId) {
      throw connectionError(
        ErrorCode.PROTOCOL_ERROR,
        "CONTINUATION of no header block",
      );
    }
    return this.#append(frame, frame.start, frame.end);
  }

  #append(frame: Frame, start: number, end: number): ReceivedHeaders | null {
    const fragment = frame.bytes.subarray(start, end);
    this.#bytes += fragment.length;
    if (fragment.length < SHORT_FRAGMENT_BYTES) this.#short++;
    if (
      this.#bytes > this.#limits.maxBlockBytes ||
      this.#short > this.#limits.maxShortFragments
    ) {
      throw connectionError(
        ErrorCode.ENHANCE_YOUR_CALM,
        "Header block is too long",
      );
    }
    if ((frame.flags & FrameFlag.END_HEADERS) === 0) {
      this.#fragments.push(fragment.slice());
      return null;
    }
    const block = this.#fragments.length === 0
      ? fragment
      : this.#join(fragment);
    const streamId = this.#streamId;
    this.#streamId = 0;
    this.#fragments = [];
    this.#bytes = 0;
    this.#short = 0;
    const decoded = this.#hpack.decode(block);
    return { streamId, endStream: this.#endStream, ...decoded };
  }

  #join(last: Uint8Array): Uint8Array {
    const whole = new Uint8Array(this.#bytes);
    let at = 0;
    for (const fragment of [...this.#fragments, last]) {
      whole.set(fragment, at);
      at += fragment.length;
    }
    return whole;
  }
}

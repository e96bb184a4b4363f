import { ErrorCode, Http2Error } from "./error.ts";
import { MAX_CONTINUATIONS, MAX_HEADER_BLOCK_BYTES } from "./limits.ts";

/**
 * The header block that is arriving, from HEADERS to END_HEADERS.
 *
 * Its bytes and its frames are counted, so that CONTINUATION without end
 * can't fill the memory or the time.
 */
export class HeaderBlock {
  #streamId = 0;
  #endStream = false;
  #fragments: Uint8Array[] = [];
  #bytes = 0;

  /** The stream it belongs to, or 0 while none is arriving. */
  get streamId(): number {
    return this.#streamId;
  }

  /** Whether its HEADERS frame had END_STREAM. */
  get endStream(): boolean {
    return this.#endStream;
  }

  /** Begins with the fragment of a HEADERS frame. */
  begin(streamId: number, endStream: boolean, fragment: Uint8Array): void {
    this.#streamId = streamId;
    this.#endStream = endStream;
    this.#fragments = [];
    this.#bytes = 0;
    this.append(fragment);
  }

  /**
   * Adds a copy of a fragment.
   *
   * @throws {Http2Error} ENHANCE_YOUR_CALM past the limits.
   */
  append(fragment: Uint8Array): void {
    this.#bytes += fragment.length;
    if (
      this.#bytes > MAX_HEADER_BLOCK_BYTES ||
      this.#fragments.length > MAX_CONTINUATIONS
    ) {
      throw new Http2Error("Header block is too long", {
        code: ErrorCode.ENHANCE_YOUR_CALM,
      });
    }
    this.#fragments.push(fragment.slice());
  }

  /** Ends it and gives its bytes. */
  finish(): Uint8Array {
    this.#streamId = 0;
    const fragments = this.#fragments;
    this.#fragments = [];
    if (fragments.length === 1) return fragments[0]!;
    const whole = new Uint8Array(this.#bytes);
    let at = 0;
    for (const fragment of fragments) {
      whole.set(fragment, at);
      at += fragment.length;
    }
    return whole;
  }
}

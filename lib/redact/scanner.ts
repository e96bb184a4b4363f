/**
 * Masks a stream of bytes.
 *
 * @module
 */

import type { Matcher } from "./automaton.ts";
import { MASK, SpanUnion } from "./spans.ts";

const MASK_BYTES = new TextEncoder().encode(MASK);
const NOTHING = new Uint8Array(0);

/**
 * Masks one stream of bytes, chunk by chunk, whatever the chunks are.
 *
 * Use one for each step and stream of a build: two outputs that interleave
 * would hide a secret from each other.
 */
export interface Scanner {
  /**
   * Takes the next chunk and gives the bytes that are decided by now.
   *
   * Bytes that may be the beginning of a secret are held back, and only those.
   * What is given back may be `chunk` itself or a view of it; what is held back
   * is a copy.
   */
  push(chunk: Uint8Array): Uint8Array;
  /**
   * Ends the stream: gives what was held back. The beginning of a secret comes
   * out as it is. The scanner may be used for another stream after this.
   */
  flush(): Uint8Array;
  /** How many bytes are held back. */
  readonly pending: number;
}

/** The scanner of a redactor without values. */
export class IdleScanner implements Scanner {
  /** Returns `chunk` as it is. */
  push(chunk: Uint8Array): Uint8Array {
    return chunk;
  }

  /** Returns no bytes. */
  flush(): Uint8Array {
    return NOTHING;
  }

  /** Always 0. */
  get pending(): number {
    return 0;
  }
}

/** A scanner with a matcher of its own. */
export class MaskingScanner implements Scanner {
  #matcher: Matcher;
  #spans = new SpanUnion();
  /** Offset up to which the stream was given out or masked. */
  #cut = 0;
  /** The bytes from `#cut` on that came before the chunk at hand. */
  #held = NOTHING;
  #heldFrom = 0;
  #heldTo = 0;

  /**
   * Starts a stream.
   *
   * @param matcher A new one, for this scanner only.
   */
  constructor(matcher: Matcher) {
    this.#matcher = matcher;
  }

  get pending(): number {
    return this.#heldTo - this.#heldFrom;
  }

  push(chunk: Uint8Array): Uint8Array {
    const matcher = this.#matcher;
    matcher.spans(chunk, this.#spans.add);
    const limit = matcher.undecided;
    if (
      this.pending === 0 && this.#spans.list.length === 0 &&
      limit === matcher.offset
    ) {
      this.#cut = limit;
      return chunk;
    }
    return this.#give(chunk, limit);
  }

  flush(): Uint8Array {
    this.#matcher.finish(this.#spans.add);
    const out = this.#give(NOTHING, this.#matcher.offset);
    this.#matcher.reset();
    this.#spans.clear();
    this.#cut = 0;
    return out;
  }

  /** Gives everything before `limit` and the spans that begin there, and holds the rest. */
  #give(chunk: Uint8Array, limit: number): Uint8Array {
    const spans = this.#spans;
    const { list } = spans;
    const pieces: Uint8Array[] = [];
    let taken = 0;
    // A span that begins at `limit` or before is certain: what precedes it is
    // decided, and a longer match could only make it longer. So is one that lies
    // beside a mask that was given.
    const certain = Math.max(limit, this.#cut);
    for (; taken < list.length && list[taken]! <= certain; taken += 2) {
      const start = list[taken]!;
      const end = list[taken + 1]!;
      this.#take(pieces, chunk, start);
      if (start > spans.edge) pieces.push(MASK_BYTES);
      this.#take(undefined, chunk, end);
      spans.edge = end;
    }
    list.splice(0, taken);
    this.#take(pieces, chunk, limit);
    this.#hold(
      chunk,
      Math.max(0, this.#cut - (this.#matcher.offset - chunk.length)),
    );
    return join(pieces);
  }

  /** Moves `#cut` to `to`, and the bytes on the way into `pieces`. */
  #take(pieces: Uint8Array[] | undefined, chunk: Uint8Array, to: number): void {
    if (to <= this.#cut) return;
    const chunkStart = this.#matcher.offset - chunk.length;
    if (this.#cut < chunkStart) {
      const length = Math.min(to, chunkStart) - this.#cut;
      pieces?.push(this.#held.slice(this.#heldFrom, this.#heldFrom + length));
      this.#heldFrom += length;
      this.#cut += length;
    }
    if (to > this.#cut) {
      pieces?.push(chunk.subarray(this.#cut - chunkStart, to - chunkStart));
      this.#cut = to;
    }
  }

  /** Appends the chunk from `from` on to what is held; moves the held bytes only to make room. */
  #hold(chunk: Uint8Array, from: number): void {
    const added = chunk.length - from;
    if (this.#heldFrom === this.#heldTo) this.#heldFrom = this.#heldTo = 0;
    if (added === 0) return;
    if (this.#heldTo + added > this.#held.length) {
      const kept = this.#held.subarray(this.#heldFrom, this.#heldTo);
      const room = new Uint8Array(2 * (kept.length + added));
      room.set(kept);
      this.#held = room;
      this.#heldFrom = 0;
      this.#heldTo = kept.length;
    }
    this.#held.set(from === 0 ? chunk : chunk.subarray(from), this.#heldTo);
    this.#heldTo += added;
  }
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 0) return NOTHING;
  if (pieces.length === 1 && pieces[0] !== MASK_BYTES) return pieces[0]!;
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

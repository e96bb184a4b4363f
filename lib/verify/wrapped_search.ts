import type { Match, Matcher } from "../redact/automaton.ts";
import { isLineEnd } from "../redact/blocks.ts";

/**
 * The shortest line that counts as a line of a wrapped text, in letters of
 * base64. Programs write lines of 60 to 76 letters; ordinary text hardly ever
 * has so many in a row before a line end, so that little is searched twice.
 */
const MIN_LINE_BYTES = 32;

/** How many bytes are joined before they are searched. */
const BUFFER_BYTES = 16 * 1024;

/** The letters of base64 in both alphabets; those of hex are among them. */
const ALPHABET = new Uint8Array(256);
for (
  const letter of new TextEncoder().encode(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_",
  )
) ALPHABET[letter] = 1;

/** Line ends, and the blanks with which a line may begin. */
const BREAK = new Uint8Array(256);
for (const byte of [0x0a, 0x0d, 0x20, 0x09]) BREAK[byte] = 1;

/**
 * Looks for encoded values across the line ends of wrapped text, as `base64`,
 * `openssl` and `xxd -p` write it. If more than the value is encoded, the lines
 * may break at any place in it. Only the text near line ends is joined and
 * searched here; the bytes as they are must be searched as well.
 */
export class WrappedSearch {
  readonly #matcher: Matcher;
  readonly #reach: number;
  /** The last bytes before the current chunk. */
  readonly #tail: Uint8Array;
  #kept = 0;
  /** Offset of the current chunk in the content. */
  #base = 0;
  /** Whether the text so far may continue after a line end. */
  #isOpen = false;
  /** Whether the next letter is the first of a line. */
  #isBreak = false;
  /** Joined letters that were not searched yet. */
  #buffer: Uint8Array | undefined;
  #length = 0;
  /**
   * The beginnings of the joined pieces, two numbers for each: offset in the
   * joined text, offset in the content.
   */
  #pieces: number[] = [];

  /**
   * @param matcher Searches the joined text for encoded values.
   * @param reach How many bytes of a pattern may be before a line end.
   */
  constructor(matcher: Matcher, reach: number) {
    this.#matcher = matcher;
    this.#reach = Math.max(reach, MIN_LINE_BYTES);
    this.#tail = new Uint8Array(this.#reach);
  }

  /** Searches the next bytes. */
  push(chunk: Uint8Array, onMatch: (match: Match) => void): void {
    let at = 0;
    /**
     * Where the first letters of this chunk begin; negative if they begin in
     * the tail.
     */
    let start = 0;
    if (this.#isOpen) at = this.#follow(chunk, 0, onMatch);
    else start = -this.#lettersKept();
    if (start === 0) at += MIN_LINE_BYTES - 1;
    while (at < chunk.length) {
      if (start >= 0) {
        // It is enough to look at every 32nd byte: a long enough run of letters
        // covers one of them.
        if (ALPHABET[chunk[at]!] === 0) {
          at += MIN_LINE_BYTES;
          continue;
        }
        start = at;
        while (start > 0 && ALPHABET[chunk[start - 1]!] === 1) start--;
      }
      let end = at;
      while (end < chunk.length && ALPHABET[chunk[end]!] === 1) end++;
      const isLine = end - start >= MIN_LINE_BYTES && end < chunk.length &&
        isLineEnd(chunk[end]!);
      if (isLine) {
        this.#open(chunk, start, end);
        end = this.#follow(chunk, end, onMatch);
      }
      at = end + MIN_LINE_BYTES;
      start = 0;
    }
    this.#keep(chunk);
    this.#base += chunk.length;
  }

  /** Ends the content; the next one may begin. */
  end(onMatch: (match: Match) => void): void {
    this.#close(onMatch);
    this.#kept = 0;
    this.#base = 0;
  }

  /**
   * Begins a joined text with the end of a line, as much of it as a pattern may
   * have.
   */
  #open(chunk: Uint8Array, start: number, end: number): void {
    const from = Math.max(start, end - this.#reach);
    const buffer = this.#buffer ??= new Uint8Array(BUFFER_BYTES + this.#reach);
    const before = Math.max(0, -from);
    buffer.set(this.#tail.subarray(this.#kept - before, this.#kept));
    buffer.set(chunk.subarray(from + before, end), before);
    this.#length = end - from;
    this.#pieces.push(0, this.#base + from);
    this.#isOpen = true;
  }

  /**
   * Joins lines until a byte that does not belong to them.
   *
   * @returns The index at which to continue.
   */
  #follow(
    chunk: Uint8Array,
    from: number,
    onMatch: (match: Match) => void,
  ): number {
    const buffer = this.#buffer!;
    let length = this.#length;
    let at = from;
    while (at < chunk.length) {
      if (this.#isBreak) {
        while (at < chunk.length && BREAK[chunk[at]!] === 1) at++;
        if (at === chunk.length) break;
        this.#isBreak = false;
        this.#pieces.push(this.#matcher.offset + length, this.#base + at);
      }
      const limit = Math.min(chunk.length, at + buffer.length - length);
      while (at < limit && ALPHABET[chunk[at]!] === 1) {
        buffer[length++] = chunk[at++]!;
      }
      if (length === buffer.length) {
        this.#length = length;
        this.#search(onMatch);
        length = 0;
      } else if (at < chunk.length) {
        if (!isLineEnd(chunk[at]!)) break;
        this.#isBreak = true;
      }
    }
    this.#length = length;
    if (at < chunk.length) this.#close(onMatch);
    return at;
  }

  #close(onMatch: (match: Match) => void): void {
    if (!this.#isOpen) return;
    // Text without a line end was already searched elsewhere.
    if (this.#pieces.length > 2) this.#search(onMatch);
    this.#matcher.reset();
    this.#pieces.length = 0;
    this.#length = 0;
    this.#isOpen = this.#isBreak = false;
  }

  #search(onMatch: (match: Match) => void): void {
    const text = this.#buffer!.subarray(0, this.#length);
    this.#matcher.scan(text, (match) => {
      const start = this.#offsetOf(match.start);
      const end = this.#offsetOf(match.end - 1) + 1;
      const breaks = end - start - (match.end - match.start);
      const { pattern } = match;
      // A complete match within one line was already found elsewhere; a single
      // block may belong to others.
      if (breaks === 0 && match.end - match.start === pattern.length) return;
      const length = pattern.length + breaks;
      onMatch({ ...match, start, end, pattern: { ...pattern, length } });
    });
    this.#length = 0;
    const { offset } = this.#matcher;
    let gone = 0;
    while (
      gone + 2 < this.#pieces.length &&
      this.#pieces[gone + 2]! < offset - this.#reach
    ) gone += 2;
    this.#pieces.splice(0, gone);
  }

  /** The offset in the content of a byte of the joined text. */
  #offsetOf(joined: number): number {
    let at = this.#pieces.length - 2;
    while (this.#pieces[at]! > joined) at -= 2;
    return this.#pieces[at + 1]! + joined - this.#pieces[at]!;
  }

  /** How many letters are at the end of the bytes before the chunk. */
  #lettersKept(): number {
    let at = this.#kept;
    while (at > 0 && ALPHABET[this.#tail[at - 1]!] === 1) at--;
    return this.#kept - at;
  }

  #keep(chunk: Uint8Array): void {
    const { length } = this.#tail;
    if (chunk.length >= length) {
      this.#tail.set(chunk.subarray(chunk.length - length));
      this.#kept = length;
      return;
    }
    const rest = Math.min(this.#kept, length - chunk.length);
    this.#tail.copyWithin(0, this.#kept - rest, this.#kept);
    this.#tail.set(chunk, rest);
    this.#kept = rest + chunk.length;
  }
}

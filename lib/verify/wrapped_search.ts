import type { Match, Matcher } from "../redact/automaton.ts";
import { isLineEnd } from "../redact/blocks.ts";

/**
 * The shortest line, in bytes of the alphabet, that is taken for one of a wrapped
 * text. Programs write 60 to 76; a line of words hardly ever ends with so many
 * letters, so that nearly nothing is looked at twice.
 */
const MIN_LINE_BYTES = 32;

/** Bytes that are joined before they are looked through. */
const BUFFER_BYTES = 16 * 1024;

/** Letters of base64 in both alphabets, and so of hex. */
const ALPHABET = new Uint8Array(256);
for (
  const letter of new TextEncoder().encode(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_",
  )
) ALPHABET[letter] = 1;

/** Line ends, and the blanks that a line may begin with. */
const BREAK = new Uint8Array(256);
for (const byte of [0x0a, 0x0d, 0x20, 0x09]) BREAK[byte] = 1;

/**
 * Looks for encoded values across the line ends of a wrapped text, as `base64`,
 * `openssl` and `xxd -p` write it: of a longer text than the value, its lines may
 * be cut anywhere. Only what stands beside a line end is joined and looked at;
 * the rest is the matter of who looks through the bytes as they are.
 */
export class WrappedSearch {
  readonly #matcher: Matcher;
  readonly #reach: number;
  /** The last bytes before the chunk at hand. */
  readonly #tail: Uint8Array;
  #kept = 0;
  /** Offset of the chunk at hand. */
  #base = 0;
  /** Whether the text so far may go on behind a line end. */
  #isOpen = false;
  /** Whether the next letter is the first of a line. */
  #isBreak = false;
  /** Joined letters that were not looked through yet. */
  #buffer: Uint8Array | undefined;
  #length = 0;
  /** Where the pieces begin, flat: offset in the joined text, offset in the content. */
  #pieces: number[] = [];

  /**
   * @param matcher Looks through joined text, for encodings of that alphabet.
   * @param reach How many bytes of a pattern may stand before a line end.
   */
  constructor(matcher: Matcher, reach: number) {
    this.#matcher = matcher;
    this.#reach = Math.max(reach, MIN_LINE_BYTES);
    this.#tail = new Uint8Array(this.#reach);
  }

  /** Takes the next bytes. */
  push(chunk: Uint8Array, onMatch: (match: Match) => void): void {
    let at = 0;
    /** Where the letters begin that the chunk begins with, in the tail. */
    let start = 0;
    if (this.#isOpen) at = this.#follow(chunk, 0, onMatch);
    else start = -this.#lettersKept();
    if (start === 0) at += MIN_LINE_BYTES - 1;
    while (at < chunk.length) {
      if (start >= 0) {
        // Of so many letters in a row one is at each such distance.
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

  /** Ends the content; another may begin. */
  end(onMatch: (match: Match) => void): void {
    this.#close(onMatch);
    this.#kept = 0;
    this.#base = 0;
  }

  /** Begins with a line, as much of its end as may be of a pattern. */
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
   * Joins lines up to the first byte that is none of them.
   *
   * @returns Where to go on.
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
    // What no line end is in was looked through already.
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
      // In one line it was found already; but a block may lie beside others.
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

  /** Where a joined byte stands in the content. */
  #offsetOf(joined: number): number {
    let at = this.#pieces.length - 2;
    while (this.#pieces[at]! > joined) at -= 2;
    return this.#pieces[at + 1]! + joined - this.#pieces[at]!;
  }

  /** How many letters the bytes before the chunk end with. */
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

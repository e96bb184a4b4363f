import { ErrorCode, Http2Error } from "./error.ts";

/**
 * The length in bits of each byte's code, then of EOS, as base-36 digits (RFC
 * 7541 appendix B). The code is canonical, so it follows from the lengths:
 * codes count up in the order of (length, byte).
 */
const CODE_LENGTHS =
  "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca" +
  "d67777777777777777777777878djde6f56565666577666567655677777fbeds" +
  "kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn" +
  "qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq" +
  "u";

const EOS = 256;
const SHORTEST = 5;
const LONGEST = 30;

/** The symbols in the order of their codes. */
const SYMBOLS = new Uint16Array(257);
/**
 * For each length, the first code after the last one of that length, in the top
 * bits of a 32-bit number.
 */
const LIMIT = new Float64Array(LONGEST + 1);
/** For each length, the index in SYMBOLS of its first code, minus that code. */
const OFFSET = new Int32Array(LONGEST + 1);

{
  let code = 0;
  let count = 0;
  for (let length = SHORTEST; length <= LONGEST; length++) {
    OFFSET[length] = count - code;
    for (let symbol = 0; symbol <= EOS; symbol++) {
      if (parseInt(CODE_LENGTHS[symbol]!, 36) !== length) continue;
      SYMBOLS[count++] = symbol;
      code++;
    }
    LIMIT[length] = code * 2 ** (32 - length);
    code *= 2;
  }
}

/**
 * How many bytes `length` bytes of Huffman code can become at most: the
 * shortest code has 5 bits.
 */
export function maxDecodedBytes(length: number): number {
  return Math.floor(length * 8 / SHORTEST);
}

/**
 * Decodes the Huffman code in `bytes` from `start` to `end` into `out`, which
 * must have room for {@linkcode maxDecodedBytes}; returns the number of bytes.
 *
 * @throws {Http2Error} COMPRESSION_ERROR if the code has an EOS, or the padding
 * is longer than 7 bits or has a 0 (RFC 7541 section 5.2).
 */
export function decodeHuffman(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
): number {
  let written = 0;
  let at = start;
  // The next `held` bits of the code are at the top of the 32-bit number
  // `bits`.
  let bits = 0;
  let held = 0;
  for (;;) {
    while (held <= 24 && at < end) {
      bits = (bits | (bytes[at++]! << (24 - held))) >>> 0;
      held += 8;
    }
    let window = bits;
    let available = held;
    if (held < LONGEST && at < end) {
      // 25 to 31 bits are held: only a part of the next byte fits.
      window = (window | (bytes[at]! >>> (held - 24))) >>> 0;
      available = 32;
    }
    let length = SHORTEST;
    while (length <= LONGEST && window >= LIMIT[length]!) length++;
    if (length > available) break;
    const symbol = SYMBOLS[(window >>> (32 - length)) + OFFSET[length]!]!;
    if (symbol === EOS) throw malformed("EOS in a string");
    out[written++] = symbol;
    if (length > held) {
      // The code ends within that byte: keep the byte's other bits.
      const used = length - held;
      bits = (bytes[at++]! << (24 + used)) >>> 0;
      held = 8 - used;
    } else {
      bits = (bits << length) >>> 0;
      held -= length;
    }
  }
  if (held > 7 || bits !== ((0xff << (8 - held)) & 0xff) * 2 ** 24) {
    throw malformed("wrong padding");
  }
  return written;
}

function malformed(what: string): Http2Error {
  return new Http2Error(`Huffman code is malformed: ${what}`, {
    code: ErrorCode.COMPRESSION_ERROR,
  });
}

const decoder = new TextDecoder();

/**
 * Reads the number in a field of a tar's header: octal digits, or for large
 * numbers the bytes themselves (GNU's base 256); undefined if it is not a
 * number.
 */
export function tarNumber(field: Uint8Array): number | undefined {
  if ((field[0]! & 0x80) === 0) {
    const text = decoder.decode(field).replace(/^[ \0]+|[ \0]+$/g, "")
      .replace(/\0[^]*/, "");
    return text === ""
      ? 0
      : /^[0-7]+$/.test(text)
      ? Number.parseInt(text, 8)
      : undefined;
  }
  if ((field[0]! & 0x40) !== 0) return undefined; // less than nothing
  const size = field.reduce(
    (sum, byte, at) => sum * 256 + (at === 0 ? byte & 0x7f : byte),
    0,
  );
  return Number.isSafeInteger(size) ? size : undefined;
}

/**
 * Reads a number in an extended header, which is decimal and not negative;
 * undefined if it is not such a number.
 */
export function paxNumber(text: string): number | undefined {
  const size = /^[+-]?\d+$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(size) && size >= 0 ? size : undefined;
}

/**
 * Reads the records `LENGTH NAME=VALUE\n` of POSIX; undefined if the bytes are
 * not such records.
 */
export function paxRecords(bytes: Uint8Array): Map<string, string> | undefined {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const blank = bytes.indexOf(0x20, at);
    const length = paxNumber(
      decoder.decode(bytes.subarray(at, Math.max(at, blank))),
    );
    if (length === undefined) return undefined;
    const end = at + length;
    if (bytes[end - 1] !== 0x0a) return undefined;
    const record = decoder.decode(bytes.subarray(blank + 1, end - 1));
    const cut = record.indexOf("=");
    if (cut <= 0) return undefined;
    records.set(record.slice(0, cut), record.slice(cut + 1));
    at = end;
  }
  return records;
}

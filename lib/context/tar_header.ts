import type { ContextEntry } from "./entry.ts";

/**
 * Length of a tar's blocks, in bytes: headers and contents begin at multiples
 * of it.
 */
export const BLOCK_BYTES = 512;

/**
 * The largest number of eleven octal digits; lengths and seconds since 1970
 * have as many.
 */
const MAX_OCTAL = 8 ** 11 - 1;

/** The type flags of a tar; sockets have none. */
const TYPES = {
  "file": "0",
  "symlink": "2",
  "char-device": "3",
  "block-device": "4",
  "directory": "5",
  "fifo": "6",
} as const;

const encoder = new TextEncoder();

/**
 * The header of an entry: one ustar block. What ustar can't hold is put before
 * it as PAX records (POSIX.1-2001): paths that are long or not ASCII, lengths
 * from 8 GiB on, times before 1970 and fractions of a second. Owner and group
 * are root, by number.
 *
 * @param mtimeMs Time of the last change, in milliseconds since 1970.
 */
export function tarHeader(
  entry: ContextEntry,
  mtimeMs: number,
): Uint8Array<ArrayBuffer> {
  const isLink = entry.hardlink !== undefined;
  const type = isLink ? "1" : TYPES[entry.type as keyof typeof TYPES];
  const path = entry.type === "directory" ? `${entry.path}/` : entry.path;
  const target = entry.hardlink ?? entry.target ?? "";
  // Links have no content in a tar, although their entry has a length.
  const size = isLink || entry.type !== "file" ? 0 : entry.size;
  const seconds = Math.floor(mtimeMs / 1000);
  const split = splitPath(path);
  let records = "";
  if (split === undefined) records += record("path", path);
  if (!fits(target)) records += record("linkpath", target);
  if (size > MAX_OCTAL) records += record("size", String(size));
  if (mtimeMs !== seconds * 1000 || seconds < 0 || seconds > MAX_OCTAL) {
    records += record("mtime", decimalSeconds(mtimeMs));
  }
  const block = new Uint8Array(BLOCK_BYTES);
  fill(block, {
    name: split?.name ?? shortened(path),
    prefix: split?.prefix ?? "",
    target: fits(target) ? target : shortened(target),
    mode: entry.mode,
    size: size > MAX_OCTAL ? 0 : size,
    seconds: Math.min(Math.max(seconds, 0), MAX_OCTAL),
    type,
    major: entry.major,
    minor: entry.minor,
  });
  return records === "" ? block : extended(records, block);
}

/** The two blocks of zeros that end a tar. */
export function tarEnd(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(2 * BLOCK_BYTES);
}

/** The zeros that fill the last block of so many bytes. */
export function tarPadding(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array((BLOCK_BYTES - size % BLOCK_BYTES) % BLOCK_BYTES);
}

interface Fields {
  readonly name: string;
  readonly prefix: string;
  readonly target: string;
  readonly mode: number;
  readonly size: number;
  readonly seconds: number;
  readonly type: string;
  readonly major: number;
  readonly minor: number;
}

function fill(block: Uint8Array, fields: Fields): void {
  const put = (text: string, at: number) =>
    void encoder.encodeInto(text, block.subarray(at));
  put(fields.name, 0);
  put(octal(fields.mode, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(fields.size, 11), 124);
  put(octal(fields.seconds, 11), 136);
  put("        ", 148);
  put(fields.type, 156);
  put(fields.target, 157);
  put("ustar\x0000", 257);
  if (fields.type === "3" || fields.type === "4") {
    put(octal(fields.major, 7), 329);
    put(octal(fields.minor, 7), 337);
  }
  put(fields.prefix, 345);
  let sum = 0;
  for (const byte of block) sum += byte;
  put(`${octal(sum, 6)}\0 `, 148);
}

/**
 * Puts the PAX records, as an entry of their own, before the header that they
 * belong to.
 */
function extended(
  records: string,
  block: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const bytes = encoder.encode(records);
  const padded = Math.ceil(bytes.length / BLOCK_BYTES) * BLOCK_BYTES;
  const header = new Uint8Array(2 * BLOCK_BYTES + padded);
  fill(header.subarray(0, BLOCK_BYTES), {
    name: "PaxHeaders/entry",
    prefix: "",
    target: "",
    mode: 0o644,
    size: bytes.length,
    seconds: 0,
    type: "x",
    major: 0,
    minor: 0,
  });
  header.set(bytes, BLOCK_BYTES);
  header.set(block, BLOCK_BYTES + padded);
  return header;
}

/** A PAX record `LENGTH KEY=VALUE\n`; the length includes its own digits. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = encoder.encode(rest).length;
  let length = bytes + String(bytes).length;
  if (String(length).length > String(bytes).length) length++;
  return `${length}${rest}`;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** A time in seconds with its fraction, exact to the millisecond. */
function decimalSeconds(ms: number): string {
  const whole = Math.round(ms);
  const sign = whole < 0 ? "-" : "";
  const parts = String(Math.abs(whole)).padStart(4, "0");
  const fraction = parts.slice(-3).replace(/0+$/, "");
  return `${sign}${parts.slice(0, -3)}${fraction === "" ? "" : "."}${fraction}`;
}

function isAscii(text: string): boolean {
  return /^\p{ASCII}*$/u.test(text);
}

function fits(text: string): boolean {
  return text.length <= 100 && isAscii(text);
}

/** Splits a path into ustar's two fields; undefined if they can't hold it. */
function splitPath(
  path: string,
): { name: string; prefix: string } | undefined {
  if (!isAscii(path)) return undefined;
  if (path.length <= 100) return { name: path, prefix: "" };
  // A folder's path ends in a slash; it must not be split there.
  const at = path.lastIndexOf("/", Math.min(155, path.length - 2));
  if (at <= 0 || path.length - at - 1 > 100) return undefined;
  return { name: path.slice(at + 1), prefix: path.slice(0, at) };
}

/** A path for ustar's own field, which only readers without PAX use. */
function shortened(path: string): string {
  return path.replace(/\P{ASCII}/gu, "_").slice(-100);
}

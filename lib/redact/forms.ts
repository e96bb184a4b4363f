/**
 * From a secret value to every byte pattern that shows it. Escapes are not among
 * them: where a pattern is plain, each of its characters is known in all its
 * escapes, too (`escapes.ts`).
 *
 * This is a net, not a wall: a program that prints a secret reversed,
 * compressed, encrypted, one character a line or in an encoding not listed
 * here or in `escapes.ts` prints it unmasked. So does one that prints the base64 of a longer text
 * that holds the value, in lines: what stands across the end of a line is not
 * masked (verify finds it, `lib/verify/wrapped_search.ts`).
 *
 * @module
 */

import { isLineEnd } from "./blocks.ts";
import { tokensOf } from "./tokens.ts";
import { encodeBase64At, encodeHexDigits, toUrlAlphabet } from "./encodings.ts";

/**
 * The form in which a secret's value is written where it was found.
 *
 * - `plain`: as it is
 * - `line`: one line of it, as it is
 * - `field`: a part of a line that looks like a token
 * - `base64`, `base64url`, `hex`: encoded
 * - `percent`, `json`, `html`, `quoted-printable`: with escapes of that kind
 * - `escape`: with other escapes of shells and programming languages, or within
 *   quotes of a shell
 * - `mixed`: with escapes of several of these kinds
 */
export type Form =
  | "plain"
  | "line"
  | "base64"
  | "base64url"
  | "hex"
  | "percent"
  | "json"
  | "html"
  | "escape"
  | "quoted-printable"
  | "mixed"
  | "field";

/**
 * A pattern: bytes that must not be printed, and the value that they come from.
 */
export interface FormPattern {
  /** The bytes to look for. They are a secret: never print them. */
  readonly bytes: Uint8Array;
  /** The form in which they show the value. */
  readonly form: Form;
  /** Index of the value among those given. */
  readonly value: number;
  /**
   * Set if they show only a part of the value: a line, or a line of its base64.
   */
  readonly part?: true;
}

/**
 * Shortest value masked, in bytes, line ends round it not counted: a
 * shorter one would mask ordinary text everywhere. No derived pattern is
 * shorter either.
 */
const MIN_VALUE_BYTES = 4;

/**
 * Shortest line of a multi-line value that is masked by itself whatever it is
 * made of, in bytes. Shorter ones of {@link MIN_VALUE_BYTES} and more are where
 * they are no mere word or number.
 */
export const MIN_LINE_BYTES = 8;

/**
 * Longest value, in bytes, whose single lines and line-wrapped base64 are
 * looked for as well; longer ones are looked for as one piece only, which
 * bounds the memory. BuildKit refuses secrets over 500 KiB
 * (`session/secrets/secrets.go`, `MaxSecretSize`).
 */
const MAX_LINED_BYTES: number = 512 * 1024;

/** Line widths of base64: 76 is MIME's and coreutils', 64 is PEM's and OpenSSL's. */
const WRAP_WIDTHS = [76, 64] as const;

/** A line with fewer different bytes is a ruler or an indent, not a secret. */
const MIN_LINE_DISTINCT = 4;

/** Patterns up to this length are compared with each other to drop doubles. */
const MAX_COMPARED_BYTES = 4096;

const LF = 0x0a;
const encoder = new TextEncoder();

/**
 * Lists every pattern of one value, most direct form first; none if the value
 * is shorter than {@link MIN_VALUE_BYTES}.
 *
 * - Line ends at either end of a value do not count: shells strip them, and
 *   masking them would glue two lines of a log together.
 * - A text of many lines counts with LF and with CRLF line ends (terminals
 *   write CRLF), and each of its lines counts by itself, without the blanks
 *   round it, if it has {@link MIN_LINE_BYTES}, or 4 and is no mere word or
 *   number; `-----BEGIN …-----` and `-----END …-----` lines, rulers and indents
 *   do not.
 * - A part of a line that looks like a token counts by itself (`tokens.ts`).
 * - base64 is given in the three alignments a value can have in a longer
 *   stream, in the standard and the URL-safe alphabet, and by each line of its
 *   wrapped form (76 and 64 columns).
 *
 * A generator, because the forms of a value of 3 MiB are 40 MiB together:
 * one at a time is in memory.
 *
 * @param index Number to give as {@link FormPattern.value}.
 */
export function* listPatterns(
  value: Uint8Array,
  index = 0,
): Generator<FormPattern> {
  const seen = new Set<string>();
  for (const [form, bytes, part] of listForms(value)) {
    if (bytes.length < MIN_VALUE_BYTES) continue;
    if (bytes.length <= MAX_COMPARED_BYTES) {
      const key = String.fromCharCode(...bytes);
      if (seen.has(key)) continue;
      seen.add(key);
    }
    yield { bytes, form, value: index, ...(part ? { part } : {}) };
  }
}

/**
 * Whether a value is too short to be masked.
 *
 * The caller tells its user so, once, by the name of the secret.
 */
export function isTooShort(value: Uint8Array): boolean {
  return trimLineEnds(value).length < MIN_VALUE_BYTES;
}

/** Makes the pattern of one form; `true` for a part of the value only. */
type FormEntry = [form: Form, bytes: Uint8Array, part?: true];

function* listForms(value: Uint8Array): Generator<FormEntry> {
  const trimmed = trimLineEnds(value);
  if (trimmed.length < MIN_VALUE_BYTES) return;
  const text = decodeText(trimmed);
  const lined = trimmed.length <= MAX_LINED_BYTES;
  for (const variant of listLineEndings(trimmed, text)) {
    yield ["plain", variant];
    yield* listBase64(variant, lined);
    yield ["hex", encodeHexDigits(variant, "lower")];
    yield ["hex", encodeHexDigits(variant, "upper")];
  }
  if (text === undefined || !lined) return;
  yield* listLines(text);
  for (const token of tokensOf(text)) {
    yield ["field", encoder.encode(token), true];
  }
}

function* listBase64(
  value: Uint8Array,
  lined: boolean,
): Generator<FormEntry> {
  for (const offset of [0, 1, 2] as const) {
    const standard = encodeBase64At(value, offset);
    yield ["base64", standard];
    const url = toUrlAlphabet(standard);
    if (url) yield ["base64url", url];
    if (offset > 0 || !lined) continue;
    for (const width of WRAP_WIDTHS) {
      if (standard.length <= width) continue;
      for (let at = 0; at < standard.length; at += width) {
        const line = standard.subarray(at, at + width);
        if (line.length >= MIN_LINE_BYTES) yield ["base64", line, true];
      }
    }
  }
}

function* listLines(text: string): Generator<FormEntry> {
  for (const line of linesOf(text)) {
    if (!isMereWord(line)) yield ["line", encoder.encode(line), true];
  }
}

/** The lines of a text of many that may be secret each by itself. */
function* linesOf(text: string): Generator<string> {
  const lines = text.split(/[\r\n]+/);
  if (lines.length === 1) return;
  for (const raw of lines) {
    const line = raw.trim();
    if (/^-{4,5} ?(BEGIN|END) [^-]*-{4,5}$/.test(line)) continue;
    const bytes = encoder.encode(line);
    const isLong = bytes.length >= MIN_LINE_BYTES;
    if (bytes.length < MIN_VALUE_BYTES) continue;
    if (isLong && new Set(bytes).size < MIN_LINE_DISTINCT) continue;
    yield line;
  }
}

/**
 * Whether a short line is a word or a number, which would be masked in any
 * text.
 */
function isMereWord(line: string): boolean {
  return encoder.encode(line).length < MIN_LINE_BYTES &&
    /^[^\p{L}\p{N}]*(\p{L}*|\p{N}*)[^\p{L}\p{N}]*$/u.test(line);
}

/**
 * The end of a line that opens or closes a section of a settings file; or a
 * line that repeats one sign.
 */
const STRUCTURE_REGEXP = /[:=()[\]{}<>]["',;]*$|^(.)\1*$/u;

/**
 * Whether a value has lines of 4 bytes and more that are masked with others
 * only: words, numbers, and signs. Keys, with a `:` or a bracket behind, and
 * rulers are not counted.
 *
 * The caller tells its user so, once, by the name of the secret.
 */
export function hasUnmaskedLines(value: Uint8Array): boolean {
  const trimmed = trimLineEnds(value);
  if (trimmed.length > MAX_LINED_BYTES) return false;
  const text = decodeText(trimmed);
  if (text === undefined) return false;
  for (const line of linesOf(text)) {
    if (isMereWord(line) && !STRUCTURE_REGEXP.test(line)) return true;
  }
  return false;
}

/** The value as it is and, for a text of many lines, with the other line ends. */
function* listLineEndings(
  value: Uint8Array,
  text: string | undefined,
): Generator<Uint8Array> {
  yield value;
  if (text === undefined || !value.includes(LF)) return;
  const lf = text.replaceAll("\r\n", "\n");
  if (lf.length !== text.length) yield encoder.encode(lf);
  const crlf = lf.replaceAll("\n", "\r\n");
  if (crlf !== text) yield encoder.encode(crlf);
}

function trimLineEnds(value: Uint8Array): Uint8Array {
  let start = 0;
  let end = value.length;
  while (end > start && isLineEnd(value[end - 1]!)) end--;
  while (start < end && isLineEnd(value[start]!)) start++;
  return value.subarray(start, end);
}

/** The text that `bytes` hold, or `undefined` if they are binary. */
function decodeText(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      bytes,
    );
  } catch {
    return undefined; // the question was whether it is text: it is not
  }
}

/**
 * Masks the secrets of a build in everything that leaves it.
 *
 * Redaction is a net, not a wall. It finds a secret as it is, in base64 and hex
 * (`forms.ts`), and with any escapes in it (`escapes.ts`); a build step that wants to print a secret otherwise
 * can. Do not give secrets to code that you do not trust.
 *
 * @module
 */

import type { Matcher } from "./automaton.ts";
import { CompiledPatterns } from "./compiled.ts";
import {
  type FormPattern,
  hasUnmaskedLines,
  isTooShort,
  listPatterns,
  MIN_LINE_BYTES,
} from "./forms.ts";
import { JoinedMatcher } from "./matchers.ts";
import { IdleScanner, MaskingScanner, type Scanner } from "./scanner.ts";
import { findSpans, MASK } from "./spans.ts";

export type { Match, Matcher, PatternInfo, SpanSink } from "./automaton.ts";
export type { Form } from "./forms.ts";
export type { Scanner } from "./scanner.ts";

const encoder = new TextEncoder();
const MASK_BYTES = encoder.encode(MASK);

/**
 * Masks secret values with `***`, in every form of `listPatterns()`, with escapes
 * or without.
 *
 * Every occurrence is masked to its full length; occurrences that overlap or
 * touch become one `***`. What holds no secret passes as it is, the same object;
 * but for a text of escapes that is made to be slow, which is masked by the line
 * (`allowance.ts`).
 * Nothing here prints a value: there is none in `Deno.inspect()` nor in errors.
 */
export interface Redactor {
  /** Whether there is nothing to mask. Then each method gives back its argument. */
  readonly empty: boolean;
  /**
   * Indexes of the values that are not masked, because they have fewer than 4
   * bytes and would mask everything. Warn of them once.
   */
  readonly skipped: readonly number[];
  /**
   * Indexes of the values of many lines of which some are masked together with
   * others only, because they are mere words or numbers of 4 to 7 bytes. Warn of
   * them once.
   */
  readonly partial: readonly number[];
  /** Masks a whole string. Lone surrogates are left as they are. */
  text(text: string): string;
  /** Masks whole bytes; gives back the same array if there is nothing to mask. */
  bytes(bytes: Uint8Array): Uint8Array;
  /** Starts masking one stream of bytes; one for each step and output. */
  scanner(): Scanner;
  /** A scanner as a transform stream. */
  stream(): TransformStream<Uint8Array, Uint8Array>;
  /** Starts a search that reports where which form of which value is. */
  matcher(): Matcher;
}

/**
 * Compiles a redactor for the secret values of one build.
 *
 * The values are read here and not kept; their forms are kept in memory, as
 * the tables of an automaton, until the redactor is garbage.
 */
export function createRedactor(values: readonly Uint8Array[]): Redactor {
  return compiled(values, CompiledPatterns.of(() => listAllPatterns(values)));
}

/**
 * The same in slices: a server compiles the values of strangers, and goes on
 * answering meanwhile. Lines of fewer than {@link MIN_LINE_BYTES} bytes are
 * masked with the lines round them only: what is masked here is everybody's text.
 *
 * @param signal Ends it when nobody waits for it any more.
 */
export async function createRedactorInSlices(
  values: readonly Uint8Array[],
  signal?: AbortSignal,
): Promise<Redactor> {
  const patterns = () => longPatterns(listAllPatterns(values));
  return compiled(values, await CompiledPatterns.inSlices(patterns, signal));
}

/**
 * One redactor of the values of several, each compiled before: nothing is
 * compiled again, and those given remain as they are.
 *
 * A value's index in `skipped` and in a match counts through all of them, in
 * their order. Each reads the text: masking costs what it costs with each of
 * them, together. Empty ones cost nothing.
 */
export function combineRedactors(redactors: readonly Redactor[]): Redactor {
  const skipped: number[] = [];
  const partial: number[] = [];
  const parts: CompiledPart[] = [];
  let first = 0;
  for (const redactor of redactors) {
    if (!(redactor instanceof CompiledRedactor)) {
      throw new TypeError(
        "Cannot combine redactors that were not created here",
      );
    }
    skipped.push(...redactor.skipped.map((index) => index + first));
    partial.push(...redactor.partial.map((index) => index + first));
    parts.push(
      ...redactor.parts.map((part) => ({
        ...part,
        firstValue: part.firstValue + first,
      })),
    );
    first += redactor.values;
  }
  return new CompiledRedactor(first, skipped, partial, parts);
}

/** Patterns that were compiled together. */
interface CompiledPart {
  readonly patterns: CompiledPatterns;
  readonly firstValue: number;
}

function compiled(
  values: readonly Uint8Array[],
  patterns: CompiledPatterns,
): Redactor {
  return new CompiledRedactor(
    values.length,
    values.flatMap((value, index) => isTooShort(value) ? [index] : []),
    values.flatMap((value, index) => hasUnmaskedLines(value) ? [index] : []),
    patterns.empty ? [] : [{ patterns, firstValue: 0 }],
  );
}

class CompiledRedactor implements Redactor {
  readonly skipped: readonly number[];
  readonly partial: readonly number[];
  /** How many values the redactor has. */
  readonly values: number;
  readonly #parts: readonly CompiledPart[];
  /** The matcher for whole texts; it is reset after each text. */
  readonly #matcher: Matcher;

  constructor(
    values: number,
    skipped: readonly number[],
    partial: readonly number[],
    parts: readonly CompiledPart[],
  ) {
    this.values = values;
    this.skipped = skipped;
    this.partial = partial;
    this.#parts = parts;
    this.#matcher = this.matcher();
  }

  /** The parts of a redactor; for `combineRedactors()`. */
  get parts(): readonly CompiledPart[] {
    return this.#parts;
  }

  get empty(): boolean {
    return this.#parts.length === 0;
  }

  text(text: string): string {
    if (this.empty) return text;
    const bytes = encoder.encode(text);
    const spans = findSpans(this.#matcher, bytes);
    if (spans.length === 0) return text;
    const ascii = bytes.length === text.length;
    return maskText(text, ascii ? spans : toStringOffsets(text, spans));
  }

  bytes(bytes: Uint8Array): Uint8Array {
    if (this.empty) return bytes;
    const spans = findSpans(this.#matcher, bytes);
    return spans.length === 0 ? bytes : maskBytes(bytes, spans);
  }

  scanner(): Scanner {
    return this.empty ? new IdleScanner() : new MaskingScanner(this.matcher());
  }

  stream(): TransformStream<Uint8Array, Uint8Array> {
    if (this.empty) return new TransformStream();
    const scanner = this.scanner();
    return new TransformStream({
      transform(chunk, controller) {
        const decided = scanner.push(chunk);
        if (decided.length > 0) controller.enqueue(decided);
      },
      flush(controller) {
        const rest = scanner.flush();
        if (rest.length > 0) controller.enqueue(rest);
      },
    });
  }

  matcher(): Matcher {
    return new JoinedMatcher(
      this.#parts.flatMap(({ patterns, firstValue }) =>
        patterns.matchers(firstValue)
      ),
    );
  }
}

function* longPatterns(
  patterns: Iterable<FormPattern>,
): Generator<FormPattern> {
  for (const pattern of patterns) {
    const isShort = pattern.form === "line" &&
      pattern.bytes.length < MIN_LINE_BYTES;
    if (!isShort) yield pattern;
  }
}

function* listAllPatterns(
  values: readonly Uint8Array[],
): Generator<FormPattern> {
  for (const [index, value] of values.entries()) {
    yield* listPatterns(value, index);
  }
}

function maskText(text: string, spans: readonly number[]): string {
  let out = "";
  let at = 0;
  for (let i = 0; i < spans.length; i += 2) {
    out += text.slice(at, spans[i]!) + MASK;
    at = spans[i + 1]!;
  }
  return out + text.slice(at);
}

function maskBytes(bytes: Uint8Array, spans: readonly number[]): Uint8Array {
  let length = bytes.length;
  for (let i = 0; i < spans.length; i += 2) {
    length += MASK.length - (spans[i + 1]! - spans[i]!);
  }
  const out = new Uint8Array(length);
  let to = 0;
  let from = 0;
  for (let i = 0; i < spans.length; i += 2) {
    out.set(bytes.subarray(from, spans[i]!), to);
    to += spans[i]! - from;
    out.set(MASK_BYTES, to);
    to += MASK.length;
    from = spans[i + 1]!;
  }
  out.set(bytes.subarray(from), to);
  return out;
}

/**
 * Turns offsets in the UTF-8 form of `text` into offsets in `text`.
 *
 * A span that begins or ends inside a character (of a binary value) takes the
 * whole character. A lone surrogate counts 3 bytes, as `TextEncoder` gives
 * U+FFFD for it.
 */
function toStringOffsets(text: string, spans: readonly number[]): number[] {
  const offsets: number[] = [];
  let byte = 0;
  let unit = 0;
  for (let i = 0; i < spans.length; i++) {
    const isEnd = i % 2 === 1;
    let before = unit;
    while (byte < spans[i]!) {
      before = unit;
      const code = text.codePointAt(unit)!;
      byte += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      unit += code < 0x10000 ? 1 : 2;
    }
    offsets.push(byte > spans[i]! && !isEnd ? before : unit);
  }
  return offsets;
}

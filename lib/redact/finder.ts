/**
 * Finds secrets in what is stored, to prove that there are none: where a mask
 * that covers too much does no harm, a find that is none fails a build.
 *
 * @module
 */

import { Automaton, type Matcher } from "./automaton.ts";
import { isTooShort, listPatterns, type Pattern } from "./forms.ts";

/** Shortest pattern of an encoding; a shorter one would be found by chance in any image. */
const MIN_ENCODED_BYTES = 8;

/** Less of a key behind its first line is too little to tell it from others. */
const MIN_OWN_CHARACTERS = 32;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Looks for the values of secrets in all their forms. */
export interface Finder {
  /** Whether there is nothing to look for. */
  readonly empty: boolean;
  /** Indexes of the values that are not looked for: they have fewer than 4 bytes. */
  readonly skipped: readonly number[];
  /** Starts a search. */
  matcher(): Matcher;
}

/**
 * Compiles a finder.
 *
 * Of a key in PEM only what is its own is looked for: its `BEGIN` and `END` and
 * its first line are those of other keys, too.
 */
export function createFinder(values: readonly Uint8Array[]): Finder {
  const automaton = new Automaton(patternsOf(values));
  return {
    empty: automaton.empty,
    skipped: values.flatMap((value, index) => isTooShort(value) ? [index] : []),
    matcher: () => automaton.matcher(),
  };
}

function* patternsOf(values: readonly Uint8Array[]): Generator<Pattern> {
  for (const [index, value] of values.entries()) {
    for (const pattern of listPatterns(ownPart(value), index)) {
      if (
        pattern.form !== "plain" && pattern.bytes.length < MIN_ENCODED_BYTES
      ) continue;
      yield pattern;
    }
  }
}

/** A key without what it has in common with others; any other value as it is. */
function ownPart(value: Uint8Array): Uint8Array {
  const text = decoder.decode(value);
  const begin = /^\s*-----BEGIN [^\n]*-----\r?\n/.exec(text);
  if (begin === null) return value;
  const end = text.indexOf("-----END");
  const body = text.slice(begin[0].length, end === -1 ? undefined : end);
  const own = body.slice(body.indexOf("\n") + 1).trim();
  // A short key has no line to spare.
  return encoder.encode(own.length >= MIN_OWN_CHARACTERS ? own : body.trim());
}

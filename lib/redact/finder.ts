/**
 * Finds secrets in what is stored, to prove that there are none: where a mask
 * that covers too much does no harm, a find that is none fails a build.
 *
 * @module
 */

import { Automaton, type Matcher } from "./automaton.ts";
import { CompiledPatterns } from "./compiled.ts";
import { JoinedMatcher } from "./matchers.ts";
import {
  type Form,
  isTooShort,
  listPatterns,
  MAX_LINED_BYTES,
  type Pattern,
} from "./forms.ts";

/** Shortest pattern of an encoding; a shorter one would be found by chance in any image. */
const MIN_ENCODED_BYTES = 8;

/** Less of a key behind its first line is too little to tell it from others. */
const MIN_OWN_CHARACTERS = 32;

/** A block of PEM: what it is, and its lines. */
const PEM_REGEXP = /-----BEGIN ([^\n-]*)-----\r?\n([^]*?)-----END [^\n]*-----/g;

/** The first line of an OpenSSH key without a passphrase: that of all keys of a kind. */
const OPENSSH_REGEXP = /^b3BlbnNzaC1rZXktdjEA/;

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
  /**
   * Looks for base64 and hex alone, in text whose line ends were taken out;
   * its `reach` tells how many bytes of a pattern may stand before one.
   */
  readonly unwrapped: Automaton;
}

/**
 * Compiles a finder.
 *
 * Of private keys in PEM only what is their own is looked for: their `BEGIN` and
 * `END` and their first line are those of other keys, too, and certificates
 * beside them are public.
 */
export function createFinder(values: readonly Uint8Array[]): Finder {
  const patterns = CompiledPatterns.of(() => patternsOf(values));
  let unwrapped: Automaton | undefined;
  return {
    empty: patterns.empty,
    skipped: values.flatMap((value, index) => isTooShort(value) ? [index] : []),
    matcher: () => new JoinedMatcher(patterns.matchers(0)),
    get unwrapped() {
      return unwrapped ??= new Automaton(wrappablePatternsOf(values));
    },
  };
}

/** The forms that programs write in lines of one length. */
const WRAPPABLE: ReadonlySet<Form> = new Set(["base64", "base64url", "hex"]);

function* wrappablePatternsOf(
  values: readonly Uint8Array[],
): Generator<Pattern> {
  for (const pattern of patternsOf(values)) {
    if (WRAPPABLE.has(pattern.form) && !pattern.part) yield pattern;
  }
}

function* patternsOf(values: readonly Uint8Array[]): Generator<Pattern> {
  for (const [index, value] of values.entries()) {
    for (const part of ownParts(value)) {
      for (const pattern of listPatterns(part, index)) {
        if (!isCommon(pattern)) yield pattern;
      }
      for (const bytes of tokensOf(part)) {
        yield { bytes, form: "field", value: index, part: true };
      }
    }
  }
}

/** What a token is made of, and how much of it stands without a sign between. */
const TOKEN_REGEXP = /^[\w+-][\w.~+/-]*={0,2}$/;
const TOKEN_RUN_REGEXP = /\w{16}/;

/** A longer line is none of a file of settings, in characters. */
const MAX_SETTING_LENGTH = 4096;

/** What may stand round a value in a line: quotes, blanks, commas, brackets. */
const AROUND_REGEXP = /^[\s"'\x60]+|[\s"'\x60,;)\]}]+$/g;

/**
 * What stands behind the first `=` or `:` of each line, where it has letters and
 * digits as a token has: of `//registry/:_authToken=npm_…` an image may hold the
 * token alone. Words, paths, hosts and versions are none.
 */
function* tokensOf(value: Uint8Array): Generator<Uint8Array> {
  if (value.length > MAX_LINED_BYTES) return;
  for (const line of decoder.decode(value).split(/[\r\n]+/)) {
    if (line.length > MAX_SETTING_LENGTH) continue;
    for (const sign of ["=", ":"]) {
      const cut = line.indexOf(sign);
      if (cut === -1) continue;
      const token = line.slice(cut + 1).replace(AROUND_REGEXP, "");
      if (
        [TOKEN_REGEXP, TOKEN_RUN_REGEXP, /[a-z]/i, /\d/].every((regexp) =>
          regexp.test(token)
        )
      ) yield encoder.encode(token);
    }
  }
}

/** Whether others than this secret's owner may write such a thing. */
function isCommon({ form, bytes }: Pattern): boolean {
  return (form !== "plain" && bytes.length < MIN_ENCODED_BYTES) ||
    (form === "line" && OPENSSH_REGEXP.test(decoder.decode(bytes)));
}

/** Private keys without what they have in common with others; any other value as it is. */
function* ownParts(value: Uint8Array): Generator<Uint8Array> {
  const text = decoder.decode(value);
  const blocks = [...text.matchAll(PEM_REGEXP)];
  if (blocks.length === 0 || text.replaceAll(PEM_REGEXP, "").trim() !== "") {
    yield value;
    return;
  }
  const keys = blocks.filter(([, kind = ""]) => kind.includes("PRIVATE"));
  for (const [, , body = ""] of keys.length > 0 ? keys : blocks) {
    const own = body.slice(body.indexOf("\n") + 1).trim();
    // A short key has no line to spare.
    yield encoder.encode(
      own.length >= MIN_OWN_CHARACTERS ? own : body.trim(),
    );
  }
}

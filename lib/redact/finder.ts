/**
 * Finds secrets in stored data, to prove that there are none. A mask may cover
 * too much without harm; here a wrong find would fail a build, so the rules are
 * stricter.
 *
 * @module
 */

import { Automaton, type Matcher } from "./automaton.ts";
import { CompiledPatterns } from "./compiled.ts";
import { JoinedMatcher } from "./matchers.ts";
import {
  type Form,
  type FormPattern,
  isTooShort,
  listPatterns,
  MIN_LINE_BYTES,
} from "./forms.ts";

/**
 * The shortest pattern of an encoding, in bytes; a shorter one would be found
 * by chance in any image.
 */
const MIN_ENCODED_BYTES = 8;

/** Less of a key behind its first line is too little to tell it from others. */
const MIN_OWN_CHARACTERS = 32;

/** The forms of a line, or of a part of it. */
const LINE_FORMS: ReadonlySet<Form> = new Set(["line", "field"]);

/**
 * The first line of an OpenSSH key without a passphrase; it is the same in all
 * keys of a type.
 */
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
): Generator<FormPattern> {
  for (const pattern of patternsOf(values)) {
    if (WRAPPABLE.has(pattern.form) && !pattern.part) yield pattern;
  }
}

function* patternsOf(values: readonly Uint8Array[]): Generator<FormPattern> {
  for (const [index, value] of values.entries()) {
    for (const part of ownParts(value)) {
      for (const pattern of listPatterns(part, index)) {
        if (!isCommon(pattern)) yield pattern;
      }
    }
  }
}

/**
 * Whether this pattern may also be in texts of others, so that it does not
 * prove a leak.
 */
function isCommon({ form, bytes }: FormPattern): boolean {
  return (form !== "plain" && bytes.length < MIN_ENCODED_BYTES) ||
    (form === "line" && bytes.length < MIN_LINE_BYTES) ||
    (LINE_FORMS.has(form) && OPENSSH_REGEXP.test(decoder.decode(bytes)));
}

/**
 * Private keys without the parts that all keys have in common; other values as
 * they are.
 */
function* ownParts(value: Uint8Array): Generator<Uint8Array> {
  const text = decoder.decode(value);
  const blocks = pemBlocks(text);
  if (blocks.length === 0) {
    yield value;
    return;
  }
  const keys = blocks.filter(({ label }) => label.includes("PRIVATE"));
  for (const { body } of keys.length > 0 ? keys : blocks) {
    const own = body.slice(body.indexOf("\n") + 1).trim();
    // A short key has no line to spare.
    yield encoder.encode(
      own.length >= MIN_OWN_CHARACTERS ? own : body.trim(),
    );
  }
}

/** A PEM block. */
interface PemBlock {
  /** What the line that begins it says behind `BEGIN`. */
  readonly label: string;
  /** The lines between the first and the last. */
  readonly body: string;
}

const BEGIN = "-----BEGIN ";
const END = "-----END ";
const RULER = "-----";

/**
 * The PEM blocks that a text is made of; none if there is anything else in it.
 * The text is read once, from start to end.
 */
function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  let from = 0;
  while (true) {
    const begin = text.indexOf(BEGIN, from);
    const before = begin === -1 ? text.slice(from) : text.slice(from, begin);
    if (before.trim() !== "") return [];
    if (begin === -1) return blocks;
    const body = text.indexOf("\n", begin) + 1;
    const end = text.indexOf(END, body);
    const label = text.slice(begin + BEGIN.length, body).trimEnd();
    const lineEnd = text.indexOf("\n", end);
    const tail = text.slice(end, lineEnd === -1 ? text.length : lineEnd)
      .trimEnd();
    // Of a line that is not there, what was cut out is no ruler either.
    if (!label.endsWith(RULER) || !tail.endsWith(RULER)) return [];
    blocks.push({ label, body: text.slice(body, end) });
    from = end + tail.length;
  }
}

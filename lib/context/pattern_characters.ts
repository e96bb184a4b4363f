/** A set of characters in a pattern, by code points. */
export class CharacterSet {
  /** For each ASCII character: 1 if it is in the set. */
  readonly #ascii: Uint8Array;
  readonly #holds: (code: number) => boolean;

  /** @param holds Whether a code point is in the set. */
  constructor(holds: (code: number) => boolean) {
    this.#holds = holds;
    this.#ascii = Uint8Array.from(
      { length: 0x80 },
      (_, code) => holds(code) ? 1 : 0,
    );
  }

  /** Whether a code point is in the set. */
  has(code: number): boolean {
    return code < this.#ascii.length
      ? this.#ascii[code] === 1
      : this.#holds(code);
  }
}

/** `[^/]`: the characters that `*` and `?` match, newlines included. */
export const NO_SLASH: CharacterSet = new CharacterSet((code) => code !== 0x2f);

/**
 * `.`: the characters that `**` matches; newlines are not included, as in Go's
 * regexps.
 */
export const NO_NEWLINE: CharacterSet = new CharacterSet((code) =>
  code !== 0x0a
);

/** The characters from `first` to `last`, both included. */
export function rangeSet(first: number, last: number): CharacterSet {
  return new CharacterSet((code) => code >= first && code <= last);
}

/** The characters that are in any of these sets. */
export function unionSet(sets: readonly CharacterSet[]): CharacterSet {
  return new CharacterSet((code) => sets.some((set) => set.has(code)));
}

/** The characters that are not in a set. */
export function otherSet(set: CharacterSet): CharacterSet {
  return new CharacterSet((code) => !set.has(code));
}

/** The named classes of Go's regexps; they hold ASCII characters only. */
const POSIX: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  ascii: /\p{ASCII}/u,
  blank: /[\t ]/,
  cntrl: /(?=\p{ASCII})\p{Cc}/u,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[\t-\r ]/,
  upper: /[A-Z]/,
  word: /[0-9A-Za-z_]/,
  xdigit: /[0-9A-Fa-f]/,
};
const PERL: Readonly<Record<string, RegExp>> = {
  d: /[0-9]/,
  s: /[\t\n\f\r ]/,
  w: /[0-9A-Za-z_]/,
};

/**
 * The set of `[:name:]` or `[:^name:]`.
 *
 * @param name The text between the colons.
 */
export function posixSet(name: string): CharacterSet | undefined {
  return name.startsWith("^")
    ? invert(lookUp(POSIX, name.slice(1)))
    : lookUp(POSIX, name);
}

/** The set of `\d`, `\s`, `\w` or their opposites, by the letter. */
export function perlSet(letter: string): CharacterSet | undefined {
  return lookUp(PERL, letter) ?? invert(lookUp(PERL, letter.toLowerCase()));
}

/**
 * The set of `\pL`, `\p{Greek}` and so on: a category or script of Unicode, by
 * its name.
 */
export function categorySet(name: string): CharacterSet | undefined {
  if (name === "Any") return new CharacterSet(() => true);
  for (const property of ["gc", "sc"]) {
    // Go knows categories by their short names only.
    if (property === "gc" && !/^[A-Z][a-z]?$/.test(name)) continue;
    try {
      return setOf(new RegExp(`\\p{${property}=${name}}`, "u"));
    } catch {
      continue; // there is none of this name
    }
  }
  return undefined;
}

function lookUp(
  table: Readonly<Record<string, RegExp>>,
  name: string,
): CharacterSet | undefined {
  if (!Object.hasOwn(table, name)) return undefined;
  return setOf(table[name]!);
}

function setOf(regexp: RegExp): CharacterSet {
  return new CharacterSet((code) => regexp.test(String.fromCodePoint(code)));
}

function invert(set: CharacterSet | undefined): CharacterSet | undefined {
  return set === undefined ? undefined : otherSet(set);
}

import {
  categorySet,
  type CharacterSet,
  NO_NEWLINE,
  NO_SLASH,
  otherSet,
  perlSet,
  posixSet,
  rangeSet,
  unionSet,
} from "./pattern_characters.ts";

/** One element of an expression, which is a sequence of them. */
export type ExpressionNode =
  | { readonly kind: "character"; readonly code: number }
  | { readonly kind: "one" | "many"; readonly set: CharacterSet }
  /** `(.*\/)?`: any number of whole folders. */
  | { readonly kind: "folders" }
  /** `{2,3}`: one element, repeated. */
  | {
    readonly kind: "times";
    readonly node: ExpressionNode;
    readonly least: number;
    /** Infinity for no limit. */
    readonly most: number;
  }
  /** A position in the text, which takes no character. */
  | { readonly kind: "start" | "end" | "boundary" | "no-boundary" };

/**
 * The text that {@linkcode readSyntax} writes for a `**` with something after
 * it.
 */
export const FOLDERS = "(.*/)?";

const OCTAL_REGEXP = /^(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/;
const HEX_REGEXP = /^x[0-9A-Fa-f]{2}/;
const CODE_REGEXP = /^x\{([0-9A-Fa-f]+)\}/;
const TIMES_REGEXP = /^\{(0|[1-9]\d*)(?:(,)(0|[1-9]\d*)?)?\}/;
const CATEGORY_REGEXP = /^(?:\{(\^?)([^}]*)\}|(.))/u;
const WORD_REGEXP = /^[0-9A-Za-z\u0080-\u{10ffff}]/u;
const CONTROLS: Readonly<Record<string, number>> = {
  a: 0x07,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
  v: 0x0b,
};
const PLACES = {
  A: "start",
  b: "boundary",
  B: "no-boundary",
  z: "end",
} as const;

/** How often Go allows an element to be repeated. */
const MAX_TIMES = 1000;

/**
 * The largest program that Go allows, in instructions (`maxSize` of
 * `regexp/syntax`).
 */
const MAX_SIZE = 3_355_443;

/**
 * Parses an expression as Go's `regexp` does, as far as it can come from a
 * pattern: there is no group but {@linkcode FOLDERS}, and no repetition but `*`
 * after a set and numbers in braces.
 *
 * @returns Alternatives, of which one must match somewhere in the text.
 * @throws {SyntaxError} If Go would refuse it.
 */
export function parseExpression(source: string): ExpressionNode[][] {
  return new ExpressionParser(source).parse();
}

class ExpressionParser {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  parse(): ExpressionNode[][] {
    let nodes: ExpressionNode[] = [];
    const alternatives = [nodes];
    while (this.#at < this.#source.length) {
      const next = this.#source[this.#at];
      const times = next === "{" ? this.#times() : undefined;
      if (times !== undefined) {
        const node = repeat(nodes.pop(), ...times);
        nodes.push(node);
      } else if (next === "|") {
        this.#at++;
        nodes = [];
        alternatives.push(nodes);
      } else if (next === "^" || next === "$") {
        this.#at++;
        nodes.push({ kind: next === "^" ? "start" : "end" });
      } else if (this.#take(FOLDERS)) nodes.push({ kind: "folders" });
      else if (next === ".") {
        this.#at++;
        nodes.push(this.#repeated(NO_NEWLINE));
      } else if (this.#take("[^/]")) nodes.push(this.#repeated(NO_SLASH));
      else if (next === "[") nodes.push(this.#repeated(this.#class()));
      else if (this.#take("\\Q")) nodes.push(...this.#quoted());
      else if (next === "\\") nodes.push(this.#escape());
      else nodes.push({ kind: "character", code: this.#character() });
    }
    const size = alternatives.flat().reduce(
      (sum, node) => sum + sizeOf(node),
      0,
    );
    if (size + alternatives.length - 1 > MAX_SIZE) throw malformed();
    return alternatives;
  }

  /**
   * The least and the greatest number of a repetition; undefined if the brace
   * is an ordinary character.
   */
  #times(): [number, number] | undefined {
    const found = TIMES_REGEXP.exec(this.#source.slice(this.#at));
    if (found === null) return undefined;
    const [text, first, comma, last] = found;
    this.#at += text.length;
    const least = Number(first);
    const most = comma === undefined ? least : Number(last ?? Infinity);
    const isTooMany = least > MAX_TIMES || (last && most > MAX_TIMES);
    if (isTooMany || most < least) throw malformed();
    return [least, most];
  }

  #take(text: string): boolean {
    const found = this.#source.startsWith(text, this.#at);
    if (found) this.#at += text.length;
    return found;
  }

  #repeated(set: CharacterSet): ExpressionNode {
    return { kind: this.#take("*") ? "many" : "one", set };
  }

  #character(): number {
    const code = this.#source.codePointAt(this.#at);
    if (code === undefined) throw malformed();
    this.#at += String.fromCodePoint(code).length;
    return code;
  }

  /** After `\Q` all characters are ordinary ones, up to `\E` or the end. */
  #quoted(): ExpressionNode[] {
    const [text = ""] = this.#source.slice(this.#at).split("\\E");
    this.#at += text.length;
    this.#take("\\E");
    return Array.from(
      text,
      (one) => ({ kind: "character", code: one.codePointAt(0)! }),
    );
  }

  #escape(): ExpressionNode {
    const letter = this.#source[this.#at + 1];
    if (letter === "A" || letter === "b" || letter === "B" || letter === "z") {
      this.#at += 2;
      return { kind: PLACES[letter] };
    }
    const set = this.#escapedSet();
    return set === undefined
      ? { kind: "character", code: this.#escapedCharacter() }
      : { kind: "one", set };
  }

  /** Reads `\d` and similar sets, or `\pL` and similar ones. */
  #escapedSet(): CharacterSet | undefined {
    if (this.#take("\\p") || this.#take("\\P")) {
      let isOther = this.#source[this.#at - 1] === "P";
      const found = CATEGORY_REGEXP.exec(this.#source.slice(this.#at));
      const set = categorySet(found?.[2] ?? found?.[3] ?? "");
      if (found === null || set === undefined) throw malformed();
      if (found[1] === "^") isOther = !isOther;
      this.#at += found[0].length;
      return isOther ? otherSet(set) : set;
    }
    if (this.#source[this.#at] !== "\\") return undefined;
    const set = perlSet(this.#source[this.#at + 1] ?? "");
    if (set !== undefined) this.#at += 2;
    return set;
  }

  #escapedCharacter(): number {
    this.#at++;
    const rest = this.#source.slice(this.#at, this.#at + 3);
    const octal = OCTAL_REGEXP.exec(rest)?.[0];
    if (octal !== undefined) {
      this.#at += octal.length;
      return Number.parseInt(octal, 8);
    }
    if (HEX_REGEXP.test(rest)) {
      this.#at += 3;
      return Number.parseInt(rest.slice(1), 16);
    }
    const code = CODE_REGEXP.exec(this.#source.slice(this.#at));
    if (code !== null) {
      const value = Number.parseInt(code[1]!, 16);
      if (value > 0x10ffff) throw malformed();
      this.#at += code[0].length;
      return value;
    }
    const letter = rest[0] ?? "";
    if (Object.hasOwn(CONTROLS, letter)) {
      this.#at++;
      return CONTROLS[letter]!;
    }
    // Go refuses a backslash before other letters and digits, and before
    // characters that are not ASCII.
    if (letter === "" || WORD_REGEXP.test(rest)) throw malformed();
    return this.#character();
  }

  #class(): CharacterSet {
    this.#at++;
    const isOther = this.#take("^");
    const sets: CharacterSet[] = [];
    for (let first = true; first || !this.#take("]"); first = false) {
      sets.push(
        this.#posix() ?? this.#escapedSet() ?? this.#range(),
      );
    }
    const set = unionSet(sets);
    return isOther ? otherSet(set) : set;
  }

  #posix(): CharacterSet | undefined {
    if (!this.#source.startsWith("[:", this.#at)) return undefined;
    const end = this.#source.indexOf(":]", this.#at + 2);
    if (end === -1) return undefined;
    const set = posixSet(this.#source.slice(this.#at + 2, end));
    if (set === undefined) throw malformed();
    this.#at = end + 2;
    return set;
  }

  #range(): CharacterSet {
    const first = this.#classCharacter();
    let last = first;
    const next = this.#source.slice(this.#at, this.#at + 2);
    if (next.length === 2 && next[0] === "-" && next[1] !== "]") {
      this.#at++;
      last = this.#classCharacter();
    }
    if (last < first) throw malformed();
    return rangeSet(first, last);
  }

  #classCharacter(): number {
    return this.#source[this.#at] === "\\"
      ? this.#escapedCharacter()
      : this.#character();
  }
}

/** Repeats an element. Go refuses to repeat a repetition, or nothing. */
function repeat(
  node: ExpressionNode | undefined,
  least: number,
  most: number,
): ExpressionNode {
  const isRepeated = node?.kind === "many" || node?.kind === "times" ||
    node?.kind === "folders";
  if (node === undefined || isRepeated) throw malformed();
  return { kind: "times", node, least, most };
}

/**
 * How many instructions Go expects for an element, before it makes them
 * (`calcSize`).
 */
function sizeOf(node: ExpressionNode): number {
  switch (node.kind) {
    case "many":
      return 3;
    case "folders":
      return 7;
    case "times": {
      const { least, most } = node;
      const size = sizeOf(node.node);
      if (most !== Infinity) return Math.max(1, most * size + most - least);
      return least === 0 ? 2 + size : 1 + least * size;
    }
    default:
      return 1;
  }
}

function malformed(): SyntaxError {
  return new SyntaxError("syntax error in pattern");
}

import { FOLDERS } from "./pattern_expression.ts";

/**
 * Characters that have a meaning in an expression and none in a pattern. moby's
 * list also has `{`, `|` and `}`, but its bitmap loses them (by a shift past
 * the eighth bit), so that a pattern with wildcards can have alternatives and
 * numbers of repetition.
 */
const ESCAPED = ".+()$";

/**
 * Whether Go's `filepath.Match` accepts a pattern: brackets must be closed and
 * not empty, ranges need both ends, and a backslash needs a character after it.
 */
export function isWellFormed(pattern: string): boolean {
  let at = 0;
  let letter: string | undefined;
  while ((letter = pattern[at++]) !== undefined) {
    if (letter === "\\") {
      if (at++ === pattern.length) return false;
    } else if (letter === "[") {
      const end = endOfClass(pattern, at);
      if (end === undefined) return false;
      at = end;
    }
  }
  return true;
}

/**
 * The index after the class that begins at this index (after its `[`);
 * undefined if it is malformed.
 */
function endOfClass(pattern: string, from: number): number | undefined {
  let at = pattern[from] === "^" ? from + 1 : from;
  for (let count = 0;; count++) {
    if (count > 0 && pattern[at] === "]") return at + 1;
    let end = endOfMember(pattern, at);
    if (end !== undefined && pattern[end] === "-") {
      end = endOfMember(pattern, end + 1);
    }
    if (end === undefined) return undefined;
    at = end;
  }
}

/**
 * The index after one character of a class; another character must follow it.
 */
function endOfMember(pattern: string, from: number): number | undefined {
  if (pattern[from] === "-" || pattern[from] === "]") return undefined;
  const at = pattern[from] === "\\" ? from + 1 : from;
  const code = pattern.codePointAt(at);
  if (code === undefined) return undefined;
  const end = at + String.fromCodePoint(code).length;
  return end < pattern.length ? end : undefined;
}

/** The way in which a pattern is matched. */
export type PatternKind = "exact" | "prefix" | "suffix" | "expression";

/** A pattern as moby's patternmatcher understands it. */
export interface PatternSyntax {
  /**
   * The way in which it is matched. Only `expression` uses the expression; the
   * others compare texts.
   */
  readonly kind: PatternKind;
  /** A regexp in Go's syntax that matches the same paths. */
  readonly expression: string;
}

/**
 * Finds out how a well-formed pattern is matched, and converts it to an
 * expression, character by character as moby's patternmatcher (0.6) does.
 * Unusual patterns, such as a `*` in brackets, get their meaning only by this
 * conversion.
 */
export function readSyntax(pattern: string): PatternSyntax {
  // moby reads with Go's text/scanner, which skips a byte order mark.
  const letters = [...pattern.replace(/^\ufeff/, "")];
  let kind: PatternKind = "exact";
  let expression = "^";
  for (let at = 0; at < letters.length; at++) {
    const isFirst = at === 0;
    const letter = letters[at]!;
    if (letter === "*" && letters[at + 1] === "*") {
      at += letters[at + 2] === "/" ? 2 : 1;
      if (at < letters.length - 1) {
        expression += FOLDERS;
        kind = "expression";
      } else if (kind === "exact") {
        kind = "prefix";
      } else {
        expression += ".*";
        kind = "expression";
      }
      if (isFirst) kind = "suffix";
    } else if (letter === "*" || letter === "?") {
      expression += letter === "*" ? "[^/]*" : "[^/]";
      kind = "expression";
    } else if (letter === "\\") {
      expression += `\\${letters[++at] ?? ""}`;
      kind = "expression";
    } else if (letter === "[" || letter === "]") {
      expression += letter;
      kind = "expression";
    } else {
      expression += ESCAPED.includes(letter) ? `\\${letter}` : letter;
    }
  }
  return { kind, expression: `${expression}$` };
}

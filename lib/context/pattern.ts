import type { ContextError } from "../errors.ts";
import { contextError } from "./context_error.ts";
import { NO_NEWLINE, NO_SLASH } from "./pattern_characters.ts";
import { type ExpressionNode, parseExpression } from "./pattern_expression.ts";
import { MAX_STEPS, PatternProgram } from "./pattern_program.ts";
import { isWellFormed, readSyntax } from "./pattern_syntax.ts";
import type { PausedWork } from "./pauses.ts";

/**
 * How many wildcards a pattern may have to be matched by V8's regular
 * expressions. With more of them, a path made by an attacker could take years.
 */
const MAX_WILDCARDS = 2;

/** The compiled form of a pattern. */
interface Matcher {
  readonly test: (path: string) => boolean | PausedWork<boolean>;
  /**
   * How many wildcards the pattern has if it is a regular expression, otherwise
   * 0; the cost of a match depends on it.
   */
  readonly wildcards: number;
}

/** One pattern, ready to be matched. */
export class Pattern {
  /**
   * Whether it is an exception (`!`): what it matches is kept although another
   * pattern excludes it.
   */
  readonly isException: boolean;
  /** The pattern, without the `!` of an exception. */
  readonly text: string;
  /** The compiled form; made when it is first needed. */
  #matcher: Matcher | undefined;
  readonly #parts: readonly string[];

  /**
   * @param given The pattern, trimmed and clean; an exception begins with `!`.
   * @throws {ContextError} If it is malformed.
   */
  constructor(given: string) {
    if (given === "!") {
      throw contextError(
        'illegal exclusion pattern: "!" (in the ignore file, an exception names what is wanted after all)',
      );
    }
    this.isException = given.startsWith("!");
    this.text = this.isException ? given.slice(1) : given;
    if (!isWellFormed(this.text)) throw malformed(given);
    this.#parts = this.text.split("/");
  }

  /**
   * Whether the pattern matches a path itself; a match with a folder above does
   * not count. Returns work with pauses if it may take long.
   *
   * @throws {ContextError} If the pattern can't be compiled.
   */
  match(path: string): boolean | PausedWork<boolean> {
    return (this.#matcher ??= this.#compile()).test(path);
  }

  /**
   * The cost of matching a path of this length: how many characters are looked
   * at, those between pauses not included.
   */
  costOf(length: number): number {
    return this.#matcher?.wildcards === MAX_WILDCARDS
      ? length * length
      : length;
  }

  /**
   * The folder that the pattern is about, as fsutil understands it: the text
   * without one `/**` and then one `/*` at its end.
   */
  get stem(): string {
    return this.text.replace(/\/\*\*$/, "").replace(/\/\*$/, "");
  }

  /**
   * Whether the pattern may match something below a folder that it does not
   * match; true if that is not certain.
   */
  canMatchBelow(folder: string): boolean {
    // The part after `|` is not tied to the beginning of the path.
    if (this.text.includes("|")) return true;
    const above = folder.split("/");
    for (const [index, name] of above.entries()) {
      const part = this.#parts[index];
      if (part === undefined) return false;
      // Brackets may match a slash, and `**` any number of them; the other
      // characters have a meaning in an expression, or may be dropped.
      if (/[\\[\]^{}\ufeff]|\*\*/.test(part)) return true;
      const [start = ""] = part.split(/[*?]/);
      if (start === part ? part !== name : !name.startsWith(start)) {
        return false;
      }
    }
    return this.#parts.length > above.length;
  }

  #compile(): Matcher {
    const { kind, expression } = readSyntax(this.text);
    const text = this.text;
    const simple = (test: Matcher["test"]) => ({ test, wildcards: 0 });
    if (kind === "exact") return simple((path) => path === text);
    if (kind === "prefix") {
      const start = text.slice(0, -2);
      return simple((path) => path.startsWith(start));
    }
    if (kind === "suffix") {
      const end = text.slice(2);
      const whole = end.startsWith("/") ? end.slice(1) : undefined;
      return simple((path) => path.endsWith(end) || path === whole);
    }
    let alternatives: ExpressionNode[][];
    try {
      alternatives = parseExpression(expression);
    } catch (error) {
      if (error instanceof SyntaxError) throw malformed(this.text);
      throw error;
    }
    const [nodes, other] = alternatives;
    const isAlone = other === undefined && isAnchored(nodes!);
    const short = isAlone ? toRegExp(nodes!) : undefined;
    // Comparing the end first is quick, and rules out most paths.
    const end = isAlone ? endOf(nodes!) : "";
    if (short !== undefined) {
      const { regexp, wildcards } = short;
      const test = (path: string) => path.endsWith(end) && regexp.test(path);
      return { test, wildcards };
    }
    const program = this.#program(alternatives);
    return simple((path) => path.endsWith(end) && program.run(path));
  }

  #program(alternatives: readonly ExpressionNode[][]): PatternProgram {
    try {
      return new PatternProgram(alternatives);
    } catch (cause) {
      throw contextError(
        `pattern ${
          quoted(this.text)
        } (of an ignore file, or of a COPY) repeats more than ${MAX_STEPS} characters by its numbers in braces: use a wildcard`,
        { cause },
      );
    }
  }
}

/** A pattern for a message: as JSON, and shortened if it is long. */
function quoted(pattern: string): string {
  const most = 200;
  const cut = pattern.length > most ? `${pattern.slice(0, most)}…` : pattern;
  return JSON.stringify(cut);
}

function malformed(pattern: string): ContextError {
  return contextError(
    `syntax error in pattern ${
      quoted(pattern)
    } (of an ignore file, or of a COPY): "[" needs a "]" with characters in between, "\\" something behind it, and numbers in braces don't repeat too much`,
  );
}

/**
 * Whether the expression covers a whole path. That is not so for every pattern:
 * after `\Q` the `$` at the end is an ordinary character.
 */
function isAnchored(nodes: readonly ExpressionNode[]): boolean {
  return nodes[0]?.kind === "start" && nodes.at(-1)?.kind === "end";
}

/** The characters that every match of an anchored expression ends with. */
function endOf(nodes: readonly ExpressionNode[]): string {
  let end = "";
  for (let at = nodes.length - 2;; at--) {
    const node = nodes[at]!;
    if (node.kind !== "character") return end;
    end = String.fromCodePoint(node.code) + end;
  }
}

/**
 * Converts common patterns to a regular expression; undefined for patterns that
 * need a program.
 */
function toRegExp(
  nodes: readonly ExpressionNode[],
): { regexp: RegExp; wildcards: number } | undefined {
  let source = "";
  let wildcards = 0;
  for (const node of nodes) {
    switch (node.kind) {
      case "start":
        source += "^";
        break;
      case "end":
        source += "$";
        break;
      case "character":
        source += `\\u{${node.code.toString(16)}}`;
        break;
      case "folders":
        source += "(?:[^\\n]*/)?";
        wildcards++;
        break;
      case "one":
      case "many":
        if (node.set === NO_SLASH) source += "[^/]";
        else if (node.set === NO_NEWLINE) source += "[^\\n]";
        else return undefined;
        if (node.kind === "one") break;
        source += "*";
        wildcards++;
        break;
      default:
        return undefined;
    }
  }
  return wildcards > MAX_WILDCARDS
    ? undefined
    : { regexp: new RegExp(source, "u"), wildcards };
}

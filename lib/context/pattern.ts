import type { ContextError } from "../errors.ts";
import { contextError } from "./context_error.ts";
import { NO_NEWLINE, NO_SLASH } from "./pattern_characters.ts";
import { type ExpressionNode, parseExpression } from "./pattern_expression.ts";
import { MAX_STEPS, PatternProgram } from "./pattern_program.ts";
import { isWellFormed, readSyntax } from "./pattern_syntax.ts";
import type { PausedWork } from "./pauses.ts";

/**
 * With so many wildcards at most, V8's own matcher is fast for every path; with
 * more of them, a hostile path takes it years.
 */
const MAX_WILDCARDS = 2;

/** What tells whether a path matches. */
interface Matcher {
  readonly test: (path: string) => boolean | PausedWork<boolean>;
  /** How often a path's length it may take, in characters looked at; more for longer paths. */
  readonly wildcards: number;
}

/** One pattern, ready to be matched. */
export class Pattern {
  /** Whether what it matches is wanted after all. */
  readonly isException: boolean;
  /** Its text, without the `!` of an exception. */
  readonly text: string;
  /** How a path is matched; made when it is first needed. */
  #matcher: Matcher | undefined;
  readonly #parts: readonly string[];

  /**
   * @param given The pattern, trimmed and clean, with the `!` of an exception.
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
   * Whether the pattern matches a path; not whether it matches a folder above.
   * Work with pauses where that may take long.
   *
   * @throws {ContextError} If it can't be matched with anything.
   */
  match(path: string): boolean | PausedWork<boolean> {
    return (this.#matcher ??= this.#compile()).test(path);
  }

  /** How many characters may be looked at to match a path of this length, pauses apart. */
  costOf(length: number): number {
    return this.#matcher?.wildcards === MAX_WILDCARDS
      ? length * length
      : length;
  }

  /**
   * What fsutil takes for the folder that the pattern is about: the text
   * without one `/**` and one `/*` at its end.
   */
  get stem(): string {
    return this.text.replace(/\/\*\*$/, "").replace(/\/\*$/, "");
  }

  /** Whether it may match something below a folder that it does not match; true where that is not known. */
  canMatchBelow(folder: string): boolean {
    // The other side of it begins anywhere.
    if (this.text.includes("|")) return true;
    const above = folder.split("/");
    for (const [index, name] of above.entries()) {
      const part = this.#parts[index];
      if (part === undefined) return false;
      // Brackets may match a slash, and `**` any number of them; other
      // characters mean something in an expression, or nothing at all.
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
    // Most paths end otherwise, and that is soon seen.
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

/** For a message: as JSON, and cut where it is long. */
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

/** Whether it is about a whole path: a `\Q` makes the end's sign a character. */
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

/** For the patterns that people write; undefined for those that take a program. */
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

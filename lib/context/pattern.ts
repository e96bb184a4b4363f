import { ContextError } from "../errors.ts";
import { NO_NEWLINE, NO_SLASH } from "./pattern_characters.ts";
import { type ExpressionNode, parseExpression } from "./pattern_expression.ts";
import { PatternProgram } from "./pattern_program.ts";
import { isWellFormed, readSyntax } from "./pattern_syntax.ts";

/**
 * With so many wildcards at most, V8's own matcher is fast for every path; with
 * more of them, a hostile path takes it years.
 */
const MAX_WILDCARDS = 2;

/** One pattern, ready to be matched. */
export class Pattern {
  /** Whether what it matches is wanted after all. */
  readonly isException: boolean;
  /** Its text, without the `!` of an exception. */
  readonly text: string;
  /** How a path is matched; made when it is first needed. */
  #test: ((path: string) => boolean) | undefined;
  readonly #parts: readonly string[];

  /**
   * @param given The pattern, trimmed and clean, with the `!` of an exception.
   * @throws {ContextError} If it is malformed.
   */
  constructor(given: string) {
    if (given === "!") {
      throw new ContextError(
        'Cannot build: illegal exclusion pattern: "!" (in the ignore file, an exception names what is wanted after all)',
      );
    }
    this.isException = given.startsWith("!");
    this.text = this.isException ? given.slice(1) : given;
    if (!isWellFormed(this.text)) throw malformed(given);
    this.#parts = this.text.split("/");
  }

  /**
   * Whether the pattern matches a path; not whether it matches a folder above.
   *
   * @throws {ContextError} If it can't be matched with anything.
   */
  matches(path: string): boolean {
    return (this.#test ??= this.#compile())(path);
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
      const [start = ""] = part.split(/[*?]/, 1);
      if (start === part ? part !== name : !name.startsWith(start)) {
        return false;
      }
    }
    return this.#parts.length > above.length;
  }

  #compile(): (path: string) => boolean {
    const { kind, expression } = readSyntax(this.text);
    const text = this.text;
    if (kind === "exact") return (path) => path === text;
    if (kind === "prefix") {
      const start = text.slice(0, -2);
      return (path) => path.startsWith(start);
    }
    if (kind === "suffix") {
      const end = text.slice(2);
      const whole = end.startsWith("/") ? end.slice(1) : undefined;
      return (path) => path.endsWith(end) || path === whole;
    }
    let alternatives: ExpressionNode[][];
    try {
      alternatives = parseExpression(expression);
    } catch (error) {
      if (error instanceof SyntaxError) throw malformed(this.text);
      throw error;
    }
    const [nodes, other] = alternatives;
    if (other !== undefined || !isAnchored(nodes!)) {
      const program = new PatternProgram(alternatives);
      return (path) => program.test(path);
    }
    const end = endOf(nodes!);
    const full = toRegExp(nodes!) ?? new PatternProgram(alternatives);
    // Most paths end otherwise, and that is soon seen.
    return (path) => path.endsWith(end) && full.test(path);
  }
}

function malformed(pattern: string): ContextError {
  return new ContextError(
    `Cannot build: syntax error in pattern ${
      JSON.stringify(pattern)
    } (of an ignore file, or of a COPY): "[" needs a "]" with characters in between, "\\" something behind it`,
  );
}

/** Whether it is about a whole path: a `\Q` makes the end's sign a character. */
function isAnchored(nodes: readonly ExpressionNode[]): boolean {
  return nodes[0]?.kind === "start" && nodes.at(-1)?.kind === "end";
}

/** The characters that every match ends with. */
function endOf(nodes: readonly ExpressionNode[]): string {
  let end = "";
  for (let at = nodes.length - 2; at >= 0; at--) {
    const node = nodes[at]!;
    if (node.kind !== "character") break;
    end = String.fromCodePoint(node.code) + end;
  }
  return end;
}

/** For the patterns that people write; undefined for those that take a program. */
function toRegExp(nodes: readonly ExpressionNode[]): RegExp | undefined {
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
  return wildcards > MAX_WILDCARDS ? undefined : new RegExp(source, "u");
}

import {
  type CharacterSet,
  NO_NEWLINE,
  rangeSet,
} from "./pattern_characters.ts";
import type { ExpressionNode } from "./pattern_expression.ts";

/** A step of a program. What takes a character goes on to the next step. */
type Step =
  | { readonly take: CharacterSet }
  | { readonly goTo: readonly number[] }
  | { readonly place: "start" | "end" | "boundary" | "no-boundary" };

const SLASH = rangeSet(0x2f, 0x2f);

/**
 * An expression that is tried in all its ways at once, so that a pattern of a
 * hundred stars takes no longer than its length times that of the path.
 */
export class PatternProgram {
  readonly #steps: Step[] = [];
  /** The character at which each step was last come to. */
  readonly #seen: Int32Array;

  /** @param nodes What must match from the beginning of a path to its end. */
  constructor(nodes: readonly ExpressionNode[]) {
    for (const node of nodes) this.#add(node);
    this.#seen = new Int32Array(this.#steps.length + 1);
  }

  /** Whether the expression matches. */
  test(path: string): boolean {
    const end = this.#steps.length;
    this.#seen.fill(-1);
    let at = 0;
    let before: number | undefined;
    let now: number[] = [];
    let next = path.codePointAt(0);
    this.#reach(0, at, before, next, now);
    while (next !== undefined && now.length > 0) {
      at += next > 0xffff ? 2 : 1;
      const taken = now.filter((step) => {
        const { take } = this.#steps[step] as { take: CharacterSet };
        return take.has(next!);
      });
      before = next;
      next = path.codePointAt(at);
      now = [];
      for (const step of taken) this.#reach(step + 1, at, before, next, now);
    }
    // The last character's mark at the end: the whole path was taken.
    return next === undefined && this.#seen[end] === at;
  }

  #add(node: ExpressionNode): void {
    const steps = this.#steps;
    const from = steps.length;
    switch (node.kind) {
      case "character":
        steps.push({ take: rangeSet(node.code, node.code) });
        break;
      case "one":
        steps.push({ take: node.set });
        break;
      case "many":
        steps.push({ goTo: [from + 1, from + 3] }, { take: node.set });
        steps.push({ goTo: [from] });
        break;
      case "folders":
        steps.push({ goTo: [from + 1, from + 5] });
        this.#add({ kind: "many", set: NO_NEWLINE });
        steps.push({ take: SLASH });
        break;
      default:
        steps.push({ place: node.kind });
    }
  }

  /** Goes on from a step to all that take a character; each once. */
  #reach(
    from: number,
    at: number,
    before: number | undefined,
    next: number | undefined,
    into: number[],
  ): void {
    const waiting = [from];
    for (let step = waiting.pop(); step !== undefined; step = waiting.pop()) {
      if (this.#seen[step] === at) continue;
      this.#seen[step] = at;
      const what = this.#steps[step];
      if (what === undefined) continue;
      if ("take" in what) into.push(step);
      else if ("goTo" in what) waiting.push(...what.goTo);
      else if (isPlace(what.place, before, next)) waiting.push(step + 1);
    }
  }
}

function isPlace(
  place: "start" | "end" | "boundary" | "no-boundary",
  before: number | undefined,
  next: number | undefined,
): boolean {
  if (place === "start") return before === undefined;
  if (place === "end") return next === undefined;
  return (isWord(before) !== isWord(next)) === (place === "boundary");
}

/** Only ASCII makes words, as in Go. */
function isWord(code: number | undefined): boolean {
  return code !== undefined && code < 0x80 &&
    /\w/.test(String.fromCharCode(code));
}

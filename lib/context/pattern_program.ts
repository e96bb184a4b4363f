import {
  type CharacterSet,
  NO_NEWLINE,
  rangeSet,
} from "./pattern_characters.ts";
import type { ExpressionNode } from "./pattern_expression.ts";

/** A step of a program. What takes a character goes on to the next step. */
type Step =
  | { readonly take: CharacterSet }
  /** Where to go on, counted from here. */
  | { readonly goTo: readonly number[] }
  | { readonly place: "start" | "end" | "boundary" | "no-boundary" };

const SLASH = rangeSet(0x2f, 0x2f);

/** Behind the last step of any program. */
const MATCH: Step = { goTo: [] };

/**
 * An expression that is tried in all its ways at once, so that a pattern of a
 * hundred stars takes no longer than its length times that of the path.
 */
export class PatternProgram {
  readonly #steps: Step[] = [];
  /** The character at which each step was last come to. */
  readonly #seen: Int32Array;
  #isMatch = false;

  /** Where each alternative begins. */
  readonly #starts: number[] = [];

  /** @param alternatives Of which one must match somewhere in a path. */
  constructor(alternatives: readonly (readonly ExpressionNode[])[]) {
    for (const nodes of alternatives) {
      this.#starts.push(this.#steps.length);
      for (const node of nodes) this.#add(node);
      this.#steps.push(MATCH);
    }
    this.#seen = new Int32Array(this.#steps.length);
  }

  /** Whether the expression matches. */
  test(path: string): boolean {
    this.#seen.fill(-1);
    this.#isMatch = false;
    let at = 0;
    let before: number | undefined;
    let now: number[] = [];
    let next = path.codePointAt(0);
    for (const start of this.#starts) this.#reach(start, at, before, next, now);
    while (next !== undefined && !this.#isMatch) {
      at += next > 0xffff ? 2 : 1;
      const taken = now.filter((step) => {
        const { take } = this.#steps[step] as { take: CharacterSet };
        return take.has(next!);
      });
      before = next;
      next = path.codePointAt(at);
      now = [];
      for (const step of taken) this.#reach(step + 1, at, before, next, now);
      // It may begin here as well; most begin with "start", and end at once.
      for (const start of this.#starts) {
        this.#reach(start, at, before, next, now);
      }
    }
    return this.#isMatch;
  }

  #add(node: ExpressionNode): void {
    const steps = this.#steps;
    switch (node.kind) {
      case "character":
        steps.push({ take: rangeSet(node.code, node.code) });
        break;
      case "one":
        steps.push({ take: node.set });
        break;
      case "many":
        steps.push({ goTo: [1, 3] }, { take: node.set }, { goTo: [-2] });
        break;
      case "folders":
        steps.push({ goTo: [1, 5] });
        this.#add({ kind: "many", set: NO_NEWLINE });
        steps.push({ take: SLASH });
        break;
      case "times":
        this.#repeat(node.node, node.least, node.most);
        break;
      default:
        steps.push({ place: node.kind });
    }
  }

  /** What is repeated is one step: nothing that is longer can be. */
  #repeat(node: ExpressionNode, least: number, most: number): void {
    const steps = this.#steps;
    const from = steps.length;
    this.#add(node);
    const [step] = steps.splice(from);
    for (let count = 0; count < least; count++) steps.push(step!);
    if (most === Infinity) {
      steps.push({ goTo: [1, 3] }, step!, { goTo: [-2] });
      return;
    }
    const maybe: Step = { goTo: [1, 2] };
    for (let count = least; count < most; count++) steps.push(maybe, step!);
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
      const what = this.#steps[step]!;
      if (what === MATCH) this.#isMatch = true;
      else if ("take" in what) into.push(step);
      else if ("goTo" in what) {
        for (const offset of what.goTo) waiting.push(step + offset);
      } else if (isPlace(what.place, before, next)) waiting.push(step + 1);
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

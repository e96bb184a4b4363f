import {
  type CharacterSet,
  NO_NEWLINE,
  rangeSet,
} from "./pattern_characters.ts";
import type { ExpressionNode } from "./pattern_expression.ts";
import type { PausedWork } from "./pauses.ts";

/** A step of a program. What takes a character goes on to the next step. */
type Step =
  | { readonly take: CharacterSet }
  /** Where to go on, counted from here. */
  | { readonly goTo: readonly number[] }
  | { readonly place: "start" | "end" | "boundary" | "no-boundary" };

const SLASH = rangeSet(0x2f, 0x2f);

/** Behind the last step of any program. */
const MATCH: Step = { goTo: [] };

/** How many steps are looked at between two pauses: about a millisecond. */
const STEPS_A_PAUSE = 50_000;

/**
 * The most steps of a program. No pattern without numbers in braces comes to
 * so many, since no line of an ignore file is long enough.
 */
export const MAX_STEPS: number = 256 * 1024;

/**
 * An expression that is tried in all its ways at once, so that a pattern of a
 * hundred stars takes no longer than its length times that of the path.
 */
export class PatternProgram {
  readonly #steps: Step[] = [];
  /** Where each alternative begins. */
  readonly #starts: number[] = [];
  /** To be used by the next run, so that not each makes its own. */
  #spare: Int32Array<ArrayBuffer> | undefined;

  /**
   * @param alternatives Of which one must match somewhere in a path.
   * @throws {RangeError} If they take more than {@linkcode MAX_STEPS}.
   */
  constructor(alternatives: readonly (readonly ExpressionNode[])[]) {
    for (const nodes of alternatives) {
      this.#starts.push(this.#steps.length);
      for (const node of nodes) this.#add(node);
      this.#steps.push(MATCH);
    }
  }

  /** Whether the expression matches; takes no longer than steps times characters. */
  *run(path: string): PausedWork<boolean> {
    const steps = this.#steps;
    const run: Run = {
      seen: (this.#spare ?? new Int32Array(steps.length)).fill(-1),
      before: undefined,
      next: path.codePointAt(0),
      at: 0,
      work: 0,
      isMatch: false,
    };
    this.#spare = undefined;
    let now: number[] = [];
    for (const start of this.#starts) this.#reach(start, run, now);
    while (run.next !== undefined && !run.isMatch) {
      const { next } = run;
      run.at += next > 0xffff ? 2 : 1;
      run.work += now.length;
      const taken = now.filter((step) =>
        (steps[step] as { take: CharacterSet }).take.has(next)
      );
      run.before = next;
      run.next = path.codePointAt(run.at);
      now = [];
      for (const step of taken) this.#reach(step + 1, run, now);
      // It may begin here as well; most begin with "start", and end at once.
      for (const start of this.#starts) this.#reach(start, run, now);
      if (run.work < STEPS_A_PAUSE) continue;
      run.work = 0;
      yield;
    }
    this.#spare = run.seen;
    return run.isMatch;
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
    const more = most === Infinity ? least + 3 : 2 * most - least;
    if (from + more > MAX_STEPS) throw new RangeError("a pattern is too long");
    for (let count = 0; count < least; count++) steps.push(step!);
    if (most === Infinity) {
      steps.push({ goTo: [1, 3] }, step!, { goTo: [-2] });
      return;
    }
    const maybe: Step = { goTo: [1, 2] };
    for (let count = least; count < most; count++) steps.push(maybe, step!);
  }

  /** Goes on from a step to all that take a character; each once. */
  #reach(from: number, run: Run, into: number[]): void {
    const { seen, at, before, next } = run;
    const waiting = [from];
    for (let step = waiting.pop(); step !== undefined; step = waiting.pop()) {
      if (seen[step] === at) continue;
      seen[step] = at;
      run.work++;
      const what = this.#steps[step]!;
      if (what === MATCH) run.isMatch = true;
      else if ("take" in what) into.push(step);
      else if ("goTo" in what) {
        for (const offset of what.goTo) waiting.push(step + offset);
      } else if (isPlace(what.place, before, next)) waiting.push(step + 1);
    }
  }
}

/** How far a path is matched. */
interface Run {
  /** The character at which each step was last come to. */
  readonly seen: Int32Array<ArrayBuffer>;
  /** The characters on both sides of the place where it is. */
  before: number | undefined;
  next: number | undefined;
  at: number;
  /** Steps since the last pause. */
  work: number;
  isMatch: boolean;
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

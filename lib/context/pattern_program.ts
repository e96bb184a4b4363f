import {
  type CharacterSet,
  NO_NEWLINE,
  rangeSet,
} from "./pattern_characters.ts";
import type { ExpressionNode } from "./pattern_expression.ts";
import type { PausedWork } from "./pauses.ts";

/**
 * One step of a program. A step that takes a character continues with the next
 * step.
 */
type Step =
  | { readonly take: CharacterSet }
  /** Where to continue, relative to this step. */
  | { readonly goTo: readonly number[] }
  | { readonly place: "start" | "end" | "boundary" | "no-boundary" };

const SLASH = rangeSet(0x2f, 0x2f);

/** The last step of each alternative: the expression matches. */
const MATCH: Step = { goTo: [] };

/**
 * How many steps are run between two pauses; this takes about a millisecond.
 */
const STEPS_A_PAUSE = 50_000;

/**
 * The most steps that a program may have. Only numbers in braces can need more:
 * the lines of an ignore file are too short for that many.
 */
export const MAX_STEPS: number = 256 * 1024;

/**
 * An expression as a program that follows all possible matches at the same
 * time. Its time is at most the pattern's length times the path's length, even
 * with a hundred stars.
 */
export class PatternProgram {
  readonly #steps: Step[] = [];
  /** Index of the first step of each alternative. */
  readonly #starts: number[] = [];
  /** An array that the next run can use, so that not every run makes one. */
  #spare: Int32Array<ArrayBuffer> | undefined;

  /**
   * @param alternatives One of them must match somewhere in a path.
   * @throws {RangeError} If they need more than {@linkcode MAX_STEPS} steps.
   */
  constructor(alternatives: readonly (readonly ExpressionNode[])[]) {
    for (const nodes of alternatives) {
      this.#starts.push(this.#steps.length);
      for (const node of nodes) this.#add(node);
      this.#steps.push(MATCH);
    }
  }

  /**
   * Whether the expression matches a path; takes at most steps times
   * characters.
   */
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
      // A match may also begin at this character; most expressions begin with
      // "start" and fail at once.
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

  /**
   * Repeats an element; it is always one step long, because longer ones can't
   * be repeated.
   */
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

  /**
   * Collects all steps that take a character and can be reached from a step;
   * each one once.
   */
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

/** The state of one run. */
interface Run {
  /** For each step, the index of the character at which it was last reached. */
  readonly seen: Int32Array<ArrayBuffer>;
  /** The characters before and after the current position. */
  before: number | undefined;
  next: number | undefined;
  at: number;
  /** How many steps were run since the last pause. */
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

/** Words have ASCII characters only, as in Go. */
function isWord(code: number | undefined): boolean {
  return code !== undefined && code < 0x80 &&
    /\w/.test(String.fromCharCode(code));
}

import type { CoveringTests } from "./covering.ts";
import type { Mutant } from "./mutants.ts";
import { startInSession } from "./own_session.ts";
import { trySwitched } from "./switched_run.ts";

/** What became of a mutant. `timeout` is noticed, too: the tests hang on it. */
export type Verdict = "killed" | "timeout" | "survived" | "untested";

/** How much longer than without the change the tests may take, and what is added, in milliseconds. */
const SLACK = 4;
const SLACK_MS = 20_000;

/** What a checkout needs for its tests. */
const PARTS = ["lib", "tests", "examples", "mod.ts", "deno.json", "deno.lock"];

/** What tests do without a change. */
export interface Baseline {
  /** Those that pass, and can tell of a change. */
  readonly passing: readonly string[];
  /** Those that fail: here and now, they tell nothing. */
  readonly failing: readonly string[];
  /** How long those that pass take, in milliseconds. */
  readonly time: number;
}

/** A copy of the checkout in which one mutant after the other is tried. */
export class Worker implements AsyncDisposable {
  readonly #folder: string;
  readonly #env: Record<string, string>;
  /** By the tests' names. */
  readonly #baselines: Map<string, Promise<Baseline>>;

  private constructor(
    folder: string,
    env: Record<string, string>,
    baselines: Map<string, Promise<Baseline>>,
  ) {
    this.#folder = folder;
    this.#env = env;
    this.#baselines = baselines;
  }

  /**
   * Makes the copy.
   *
   * @param env Environment of the tests: `DAVIT_ENGINES`.
   * @param baselines Shared by all workers.
   */
  static async make(
    root: string,
    env: Record<string, string>,
    baselines: Map<string, Promise<Baseline>>,
  ): Promise<Worker> {
    const folder = await Deno.makeTempDir({ prefix: "davit-mutation-" });
    const { success } = await new Deno.Command("cp", {
      args: ["-a", ...PARTS, folder],
      cwd: root,
    }).output();
    if (!success) throw new Error(`Cannot copy ${root} to ${folder}`);
    return new Worker(folder, env, baselines);
  }

  /**
   * Tries many mutants in one process; see {@linkcode trySwitched}. Where
   * nothing is said of a mutant, {@linkcode try} tells.
   */
  trySwitched(
    mutants: readonly Mutant[],
    tests: readonly string[],
    signal: AbortSignal,
  ): Promise<Map<Mutant, Verdict>> {
    return trySwitched(this.#folder, mutants, tests, signal);
  }

  /** Runs the tests of a mutant's file with its change in place. */
  async try(
    mutant: Mutant,
    tests: CoveringTests,
    signal: AbortSignal,
  ): Promise<Verdict> {
    const path = `${this.#folder}/${mutant.file}`;
    let verdict: Verdict = "untested";
    for (
      const round of [tests.unit, this.#env.DAVIT_ENGINES ? tests.engine : []]
    ) {
      const { passing, time } = await this.#baselineOf(round, signal);
      if (passing.length === 0) continue;
      verdict = "survived";
      await Deno.writeTextFile(path, mutant.changed);
      try {
        const limit = AbortSignal.timeout(time * SLACK + SLACK_MS);
        const any = AbortSignal.any([signal, limit]);
        const passes = await this.#passes(passing, any);
        signal.throwIfAborted();
        if (limit.aborted) return "timeout";
        if (!passes) return "killed";
      } finally {
        await Deno.writeTextFile(path, mutant.source);
      }
    }
    return verdict;
  }

  #baselineOf(
    tests: readonly string[],
    signal: AbortSignal,
  ): Promise<Baseline> {
    const key = tests.join(" ");
    const known = this.#baselines.get(key) ?? this.#measure(tests, signal);
    this.#baselines.set(key, known);
    return known;
  }

  async #measure(
    tests: readonly string[],
    signal: AbortSignal,
  ): Promise<Baseline> {
    let passing = tests;
    const start = performance.now();
    if (tests.length > 0 && !await this.#passes(tests, signal)) {
      const results = [];
      for (const test of tests) {
        signal.throwIfAborted();
        // Once more, before it is blamed: another run may have been in its way.
        const passes = await this.#passes([test], signal) ||
          await this.#passes([test], signal);
        results.push({ test, passes });
      }
      passing = results.filter(({ passes }) => passes).map(({ test }) => test);
    }
    signal.throwIfAborted();
    const failing = tests.filter((test) => !passing.includes(test));
    return { passing, failing, time: performance.now() - start };
  }

  async #passes(
    tests: readonly string[],
    signal: AbortSignal,
  ): Promise<boolean> {
    // What a hanging test started ends with it.
    const { child } = startInSession(
      [
        ...["test", "-A", "--no-prompt"],
        ...["--no-check", "--no-lock", "--fail-fast", "--quiet", ...tests],
      ],
      {
        cwd: this.#folder,
        // Of random tests a tenth: they are there for what no other test thought of.
        env: { ...this.#env, DAVIT_TEST_FEW_ROUNDS: "1" },
        stdout: "null",
        signal,
      },
    );
    const { code } = await child.status;
    return code === 0;
  }

  /** Removes the copy. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

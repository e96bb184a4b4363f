import type { CoveringTests } from "./covering.ts";
import type { Mutant } from "./mutants.ts";

/** What became of a mutant. `timeout` is noticed, too: the tests hang on it. */
export type Verdict = "killed" | "timeout" | "survived" | "untested";

/** How much longer than without the change the tests may take, and what is added, in milliseconds. */
const SLACK = 4;
const SLACK_MS = 20_000;

/** What a checkout needs for its tests. */
const PARTS = ["lib", "tests", "examples", "mod.ts", "deno.json", "deno.lock"];

/** A copy of the checkout in which one mutant after the other is tried. */
export class Worker implements AsyncDisposable {
  readonly #folder: string;
  readonly #env: Record<string, string>;
  /** How long the tests take without a change, by their names. */
  readonly #times: Map<string, Promise<number>>;

  private constructor(
    folder: string,
    env: Record<string, string>,
    times: Map<string, Promise<number>>,
  ) {
    this.#folder = folder;
    this.#env = env;
    this.#times = times;
  }

  /**
   * Makes the copy.
   *
   * @param env Environment of the tests: `DAVIT_ENGINES`.
   * @param times Shared by all workers.
   */
  static async make(
    root: string,
    env: Record<string, string>,
    times: Map<string, Promise<number>>,
  ): Promise<Worker> {
    const folder = await Deno.makeTempDir({ prefix: "davit-mutation-" });
    const { success } = await new Deno.Command("cp", {
      args: ["-a", ...PARTS, folder],
      cwd: root,
    }).output();
    if (!success) throw new Error(`Cannot copy ${root} to ${folder}`);
    return new Worker(folder, env, times);
  }

  /**
   * Runs the tests of a mutant's file with its change in place.
   *
   * @throws {Error} If the tests fail without it.
   */
  async try(
    mutant: Mutant,
    tests: CoveringTests,
    signal: AbortSignal,
  ): Promise<Verdict> {
    const rounds = [tests.unit, this.#env.DAVIT_ENGINES ? tests.engine : []]
      .filter((round) => round.length > 0);
    if (rounds.length === 0) return "untested";
    const path = `${this.#folder}/${mutant.file}`;
    for (const round of rounds) {
      const time = await this.#timeOf(round, signal);
      await Deno.writeTextFile(path, mutant.changed);
      try {
        const limit = AbortSignal.timeout(time * SLACK + SLACK_MS);
        const code = await this.#run(round, AbortSignal.any([signal, limit]));
        signal.throwIfAborted();
        if (limit.aborted) return "timeout";
        if (code !== 0) return "killed";
      } finally {
        await Deno.writeTextFile(path, mutant.source);
      }
    }
    return "survived";
  }

  #timeOf(round: readonly string[], signal: AbortSignal): Promise<number> {
    const key = round.join(" ");
    const known = this.#times.get(key);
    if (known !== undefined) return known;
    const measured = (async () => {
      const start = performance.now();
      // Once more, before a test is blamed: another run may have been in its way.
      const failed = await this.#run(round, signal) !== 0 &&
        await this.#run(round, signal) !== 0;
      signal.throwIfAborted();
      if (failed) throw new Error(`These fail without a change: ${key}`);
      return performance.now() - start;
    })();
    this.#times.set(key, measured);
    return measured;
  }

  async #run(
    tests: readonly string[],
    signal: AbortSignal,
  ): Promise<number> {
    const child = new Deno.Command("setsid", {
      args: [
        ...["--wait", Deno.execPath(), "test", "-A", "--no-prompt"],
        ...["--no-check", "--no-lock", "--fail-fast", "--quiet", ...tests],
      ],
      cwd: this.#folder,
      env: this.#env,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    // In a session of its own: what a hanging test started ends with it.
    const end = () => {
      try {
        Deno.kill(-child.pid, "SIGKILL");
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    };
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    const { code } = await child.status;
    signal.removeEventListener("abort", end);
    return code;
  }

  /** Removes the copy. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

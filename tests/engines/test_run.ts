// One run of `deno test`: its output, what it counted and what failed.

import { say, type Supervisor, writeAll } from "./supervise.ts";
import { countTests, sumCounts, type TestCounts } from "./test_counts.ts";
import { FailureReader, type RunFailures } from "./test_failures.ts";

/** Enough of the end of deno test's output to hold its summary. */
const MAX_TAIL = 65_536;

/** How often a run is told of whose output is not shown yet, in milliseconds. */
const STILL_MS = 240_000;

/** A command that runs tests. */
export interface TestCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What it is, where that is not plain: `on Deno 2.5.7`. */
  readonly title?: string;
}

/** What runs of tests came to, one after the other or side by side. */
export class TestResults {
  /** The first exit code that is not 0. */
  code = 0;
  /** Undefined if no run counted any. */
  counts: TestCounts | undefined;
  /** What failed, in the order in which the runs ended. */
  readonly failures: RunFailures[] = [];

  /** Adds a run that ended, and whose output was read. */
  add(title: string | undefined, code: number, output: TestOutput): void {
    const counted = output.counts();
    // A run that counted nothing did not run: it must not hide behind another.
    const ended = counted === undefined ? code || 1 : code;
    this.code ||= ended;
    this.failures.push({ title, code: ended, failures: output.failures() });
    this.counts = sumCounts(
      this.counts,
      counted ?? { passed: 0, failed: 1, skipped: 0 },
    );
  }
}

/** Reads the output of `deno test`. */
export class TestOutput {
  readonly #decoder = new TextDecoder();
  readonly #reader = new FailureReader();
  /** Errors of types, and of files that are not there, are told there. */
  readonly #errors = new FailureReader();
  #tail = "";

  push(chunk: Uint8Array): void {
    this.#reader.push(chunk);
    const text = this.#decoder.decode(chunk, { stream: true });
    this.#tail = (this.#tail + text).slice(-MAX_TAIL);
  }

  /** Takes the next piece of the standard error. */
  pushError(chunk: Uint8Array): void {
    this.#errors.push(chunk);
  }

  /** The test that runs now; empty between two. */
  get running(): string {
    return this.#reader.running;
  }

  counts(): TestCounts | undefined {
    return countTests(this.#tail);
  }

  failures(): RunFailures["failures"] {
    const failures = this.#reader.end();
    // Tests that ran may have written anything to the standard error.
    return failures.length > 0 || this.#reader.hasBegun
      ? failures
      : this.#errors.end();
  }
}

/**
 * Runs tests, and shows their output as it comes; with `whole`, when it is
 * whole, because others run beside it.
 */
export async function runTestCommand(
  { program, args, env, title }: TestCommand,
  run: Supervisor["run"],
  results: TestResults,
  whole = false,
): Promise<void> {
  const heading = title === undefined ? [] : [`${title}:`];
  const output = new TestOutput();
  const held: Uint8Array[] = [];
  if (!whole) heading.forEach((line) => say(line));
  const still = setInterval(() => {
    if (whole) say(`still runs: ${output.running} (${title ?? args.at(-1)})`);
  }, STILL_MS);
  let code = 1;
  try {
    code = await run(program, args, { ...env }, (chunk) => {
      output.push(chunk);
      if (whole) held.push(chunk.slice());
      else writeAll(chunk);
    }, (chunk) => {
      output.pushError(chunk);
      writeAll(chunk, Deno.stderr);
    });
  } finally {
    clearInterval(still);
    if (whole) {
      heading.forEach((line) => say(line));
      for (const chunk of held) writeAll(chunk);
      // Of a run that was broken off in the middle of a line.
      if (held.at(-1)?.at(-1) !== 0x0a) say("");
    }
    results.add(title, code, output);
  }
}

/** How many tests a run of `deno test` counted. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Reads the counts from the summary of `deno test`, the last line such as
 * `ok | 5 passed (2 steps) | 0 failed | 1 ignored (3ms)`, coloured or not.
 *
 * @returns `undefined` if there is no summary.
 */
export function countTests(output: string): TestCounts | undefined {
  // deno-lint-ignore no-control-regex
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  const summary = plain.match(/^(?:ok|FAILED) \| \d+ passed.*$/gm)?.at(-1);
  if (summary === undefined) return undefined;
  const count = (word: string) =>
    Number(summary.match(new RegExp(`\\| (\\d+) ${word}`))?.[1] ?? 0);
  return {
    passed: count("passed"),
    failed: count("failed"),
    skipped: count("ignored"),
  };
}

/** The counts as one plain line: `5 passed, 0 failed`, and `, 1 skipped` if any were. */
export function describeCounts(
  { passed, failed, skipped }: TestCounts,
): string {
  return `${passed} passed, ${failed} failed${
    skipped > 0 ? `, ${skipped} skipped` : ""
  }`;
}

/** The counts of two runs as of one. */
export function sumCounts(
  a: TestCounts | undefined,
  b: TestCounts,
): TestCounts {
  return a === undefined ? b : {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

/**
 * Runs the tests that need no engine, but those of `tests/stress`, in twice as
 * many processes as there are processors, because many tests wait for something
 * most of the time: not in threads of one process, because many look at its
 * memory, environment or open files.
 *
 *     deno run -A tests/unit.ts
 */
import { say, supervise } from "./engines/supervise.ts";
import { describeCounts } from "./engines/test_counts.ts";
import { describeFailures } from "./engines/test_failures.ts";
import { findTestFiles, ROOT } from "./engines/test_files.ts";
import { runTestCommand, TestResults } from "./engines/test_run.ts";

if (import.meta.main) {
  const { unit } = await findTestFiles();
  const count = Math.min(8, navigator.hardwareConcurrency * 2);
  const results = new TestResults();
  const code = await supervise(async ({ run }) => {
    await Promise.all(
      Array.from({ length: count }, (_, share) => {
        const own = unit.filter((_, index) => index % count === share)
          .map((file) => `${ROOT}/${file}`);
        const args = ["test", "-A", "--no-prompt", ...own];
        const command = { program: Deno.execPath(), args, env: {} };
        return runTestCommand(command, run, results, true);
      }),
    );
    return results.code;
  });
  for (const line of describeFailures(results.failures)) say(line);
  if (results.counts !== undefined) say(describeCounts(results.counts));
  Deno.exit(code);
}

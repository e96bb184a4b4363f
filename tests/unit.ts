/**
 * Runs the tests that need no engine, but those of `tests/stress`, in twice as
 * many processes as there are processors, because many tests wait for something
 * most of the time: not in threads of one process, because many look at its
 * memory, environment or open files.
 *
 *     deno run -A tests/unit.ts
 */
import { say, supervise, writeAll } from "./engines/supervise.ts";
import {
  countTests,
  describeCounts,
  sumCounts,
  type TestCounts,
} from "./engines/test_counts.ts";
import {
  describeFailures,
  FailureReader,
  type RunFailures,
} from "./engines/test_failures.ts";

const ROOT = import.meta.dirname!;

/** The files of tests, without those that need an engine, and those of many rounds and loads. */
async function testFiles(): Promise<string[]> {
  const files: string[] = [];
  const visit = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory && name !== ".cache" && name !== "stress") {
        await visit(path);
      } else if (/(?<!_engine)_test\.ts$/.test(name)) files.push(path);
    }
  };
  await visit(ROOT);
  return files.sort();
}

if (import.meta.main) {
  const files = await testFiles();
  const count = Math.min(8, navigator.hardwareConcurrency * 2);
  let counts: TestCounts | undefined;
  const failures: RunFailures[] = [];
  const code = await supervise(async ({ run }) => {
    const codes = await Promise.all(
      Array.from({ length: count }, async (_, share) => {
        const output: Uint8Array[] = [];
        const own = files.filter((_, index) => index % count === share);
        const code = await run(
          Deno.execPath(),
          ["test", "-A", "--no-prompt", ...own],
          {},
          (chunk) => output.push(chunk),
        );
        // One after the other: lines of two runs side by side tell nothing.
        const reader = new FailureReader();
        for (const chunk of output) {
          writeAll(chunk);
          reader.push(chunk);
        }
        failures.push({ code, failures: reader.end() });
        const text = await new Blob(output as BlobPart[]).text();
        const counted = countTests(text);
        if (counted === undefined) return code || 1;
        counts = sumCounts(counts, counted);
        return code;
      }),
    );
    return codes.find((code) => code !== 0) ?? 0;
  });
  for (const line of describeFailures(failures)) say(line);
  if (counts !== undefined) say(describeCounts(counts));
  Deno.exit(code);
}

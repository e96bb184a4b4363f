import { assertEquals } from "../support/assert.ts";
import { runTestCommand, TestOutput, TestResults } from "./test_run.ts";
import type { Supervisor } from "./supervise.ts";

/** The output of a run with one file, read. */
function outputOf(...lines: string[]): TestOutput {
  const output = new TestOutput();
  for (const line of lines) {
    output.push(new TextEncoder().encode(`${line}\n`));
  }
  return output;
}

const FILE = "running 2 tests from ./a_test.ts";

Deno.test("TestResults sums runs up, and keeps the first exit code that is not 0", () => {
  const results = new TestResults();
  assertEquals(results.counts, undefined);
  const passed = outputOf(FILE, "a ... ok (1ms)", "ok | 2 passed | 0 failed");
  results.add(undefined, 0, passed);
  assertEquals(results.code, 0);
  const failed = outputOf(
    ...[FILE, "b ... FAILED (1ms)", " ERRORS ", "", "b => ./a_test.ts:1:6"],
    ...["error: of b", "", " FAILURES ", "", "FAILED | 1 passed | 1 failed"],
  );
  results.add("elsewhere", 3, failed);
  results.add(undefined, 4, outputOf("ok | 1 passed | 0 failed | 1 ignored"));
  assertEquals(results.code, 3);
  assertEquals(results.counts, { passed: 4, failed: 1, skipped: 1 });
  assertEquals(results.failures, [
    { title: undefined, code: 0, failures: [] },
    {
      title: "elsewhere",
      code: 3,
      failures: [{
        name: "b",
        place: "./a_test.ts:1:6",
        lines: ["error: of b", ""],
      }],
    },
    { title: undefined, code: 4, failures: [] },
  ]);
});

Deno.test("a run that counted nothing has failed, whatever its exit code", () => {
  const results = new TestResults();
  results.add(undefined, 0, outputOf("ok | 2 passed | 0 failed"));
  results.add(undefined, 0, outputOf(FILE, "a ..."));
  assertEquals(results.code, 1);
  assertEquals(results.counts, { passed: 2, failed: 1, skipped: 0 });
  assertEquals(results.failures[1]!.failures.map(({ name }) => name), ["a"]);
});

Deno.test("runTestCommand() adds what its program came to, also one that was ended", async () => {
  const results = new TestResults();
  const command = { program: "tests", args: ["file"], env: { A: "1" } };
  const asked: unknown[] = [];
  const ends =
    (error?: Error): Supervisor["run"] => (program, args, env, onOutput) => {
      asked.push([program, args, env]);
      onOutput!(new TextEncoder().encode("ok | 2 passed | 0 failed\n"));
      return error === undefined ? Promise.resolve(0) : Promise.reject(error);
    };
  await runTestCommand(command, ends(), results, true);
  const error = await runTestCommand(
    { ...command, title: "ended" },
    ends(new Error("ended by a signal")),
    results,
    true,
  ).catch((error) => error.message);
  assertEquals(error, "ended by a signal");
  assertEquals(asked[0], ["tests", ["file"], { A: "1" }]);
  assertEquals(results.code, 1);
  assertEquals(results.counts, { passed: 4, failed: 0, skipped: 0 });
  assertEquals(results.failures.map(({ title }) => title), [
    undefined,
    "ended",
  ]);
});

Deno.test("a run in which no test began is told in the words of its standard error", () => {
  const errors = new TextEncoder().encode(
    "TS2322 [ERROR]: x\n    at file:///w/a_test.ts:1:7\n\nerror: Type checking failed.\n",
  );
  const results = new TestResults();
  const broken = new TestOutput();
  broken.pushError(errors);
  results.add(undefined, 1, broken);
  assertEquals(results.failures[0]!.failures.map(({ place }) => place), [
    "file:///w/a_test.ts:1:7",
  ]);
  // What a test writes there is none of that.
  const passed = outputOf(FILE, "a ... ok (1ms)", "ok | 2 passed | 0 failed");
  passed.pushError(errors);
  results.add(undefined, 0, passed);
  assertEquals(results.failures[1]!.failures, []);
});

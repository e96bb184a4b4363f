/**
 * Runs the tests on real engines:
 *
 *     deno run -A tests/engines/run.ts [arguments for deno test]
 *
 * Engines of generations 20 and 28 are started side by side, or the one that
 * DAVIT_TEST_HOST names is used alone. The tests find them in DAVIT_ENGINES.
 * The last line says how many tests passed and failed.
 */
import { sweep } from "./clean_up.ts";
import {
  enginesEnvironment,
  startTestEngines,
  useTestEngine,
} from "./environment.ts";
import { say, supervise, type Supervisor, writeAll } from "./supervise.ts";
import { countTests, describeCounts, type TestCounts } from "./test_counts.ts";

/** Enough of the end of deno test's output to hold its summary. */
const MAX_TAIL = 65_536;

async function runTests(
  { signal, run }: Supervisor,
): Promise<{ code: number; counts: TestCounts | undefined }> {
  for (const directory of await sweep()) {
    say(`cleaned up ${directory} of an earlier run`);
  }
  const host = Deno.env.get("DAVIT_TEST_HOST");
  await using prepared = host
    ? await useTestEngine(host)
    : await startTestEngines([{ generation: "20", signal }, {
      generation: "28",
      signal,
    }]);
  for (const line of prepared.log) say(line);

  const args = Deno.args.length > 0 ? Deno.args : ["tests/"];
  const colour = Deno.stdout.isTerminal() && !Deno.noColor;
  const decoder = new TextDecoder();
  let tail = "";
  const code = await run(
    Deno.execPath(),
    ["test", "-A", "--no-prompt", ...args],
    {
      ...enginesEnvironment(prepared.engines),
      ...(colour ? { FORCE_COLOR: "1" } : {}),
    },
    (chunk) => {
      writeAll(chunk);
      tail = (tail + decoder.decode(chunk, { stream: true })).slice(-MAX_TAIL);
    },
  );
  return { code, counts: countTests(tail) };
}

if (import.meta.main) {
  let counts: TestCounts | undefined;
  let code = await supervise(async (supervisor) => {
    const result = await runTests(supervisor);
    counts = result.counts;
    return result.code;
  });
  if (code === 0 && !(counts && counts.passed + counts.failed > 0)) {
    say("Cannot call this a success: no test was run", Deno.stderr);
    code = 1;
  }
  if (counts !== undefined) say(describeCounts(counts));
  Deno.exit(code);
}

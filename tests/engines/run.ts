/**
 * Runs the tests on real engines:
 *
 *     deno run -A tests/engines/run.ts [arguments for deno test]
 *
 * Engines of generations 20 and 28 are started side by side, or the one that
 * DAVIT_TEST_HOST names is used alone. The tests find them in DAVIT_ENGINES.
 * Others, such as those with containerd's store, are started with the first
 * test that asks for one, and run until the end.
 * Without arguments a smaller suite runs on the oldest Deno, too, and the tests
 * of files as an ordinary user; `--oldest` and `--user` run those alone. The
 * last lines repeat what failed in any of them; the last one says how many
 * tests passed and failed.
 */
import { buildkitPrograms } from "../buildkitd/build.ts";
import { sweep } from "./clean_up.ts";
import {
  enginesEnvironment,
  startTestEngines,
  useTestEngine,
} from "./environment.ts";
import { OLDEST_DENO } from "../../lib/deno_version.ts";
import { serveEngines } from "./on_demand.ts";
import { type OldestDenoCommand, oldestDenoCommand } from "./oldest_deno.ts";
import { ordinaryUserCommand } from "./ordinary_user.ts";
import { say, supervise, type Supervisor, writeAll } from "./supervise.ts";
import {
  countTests,
  describeCounts,
  sumCounts,
  type TestCounts,
} from "./test_counts.ts";
import {
  describeFailures,
  FailureReader,
  type RunFailures,
} from "./test_failures.ts";

/** Enough of the end of deno test's output to hold its summary. */
const MAX_TAIL = 65_536;

/** Asks for the smaller suite on the oldest Deno alone. */
const OLDEST_FLAG = "--oldest";

/** Asks for the tests of files alone, as an ordinary user. */
const USER_FLAG = "--user";

async function runTests(
  { signal, run }: Supervisor,
  failures: RunFailures[],
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
  await using onDemand = host ? undefined : await serveEngines(signal, say);

  const all = Deno.args.length === 0;
  // A minute or two of compiling if Debian has other packages by now, beside the
  // tests that do not need it.
  await using _building = all ? buildBuildkitd(signal) : undefined;
  const oldest = Deno.args[0] === OLDEST_FLAG;
  const user = Deno.args[0] === USER_FLAG;
  const colour = Deno.stdout.isTerminal() && !Deno.noColor;
  const env = {
    ...enginesEnvironment(prepared.engines),
    ...onDemand?.env,
    ...(colour ? { FORCE_COLOR: "1" } : {}),
  };
  const runs: (OldestDenoCommand & { title?: string })[] = [];
  if (!oldest && !user) {
    const args = all ? ["tests/"] : Deno.args;
    const program = Deno.execPath();
    runs.push({ program, args: ["test", "-A", "--no-prompt", ...args], env });
  }
  if (all || oldest) {
    const command = await oldestDenoCommand();
    runs.push({
      ...command,
      env: { ...env, ...command.env },
      title: `on Deno ${OLDEST_DENO}`,
    });
  }
  await using ordinary = all || user ? await ordinaryUserCommand() : undefined;
  if (ordinary !== undefined) {
    const { program, args, env: own } = ordinary;
    const colours = colour ? { FORCE_COLOR: "1" } : {};
    const title = "as an ordinary user";
    runs.push({ program, args, env: { ...own, ...colours }, title });
  } else if (user) {
    throw new Error(
      "Cannot run the tests as an ordinary user: this is one; name the files instead",
    );
  }
  let code = 0;
  let counts: TestCounts | undefined;
  for (const { program, args, env, title } of runs) {
    if (title !== undefined) say(`${title}:`);
    const decoder = new TextDecoder();
    let tail = "";
    const reader = new FailureReader();
    const ended = await run(program, args, { ...env }, (chunk) => {
      writeAll(chunk);
      reader.push(chunk);
      tail = (tail + decoder.decode(chunk, { stream: true })).slice(-MAX_TAIL);
    });
    code ||= ended;
    failures.push({ title, code: ended, failures: reader.end() });
    const counted = countTests(tail);
    // A run that counted nothing did not run: it must not hide behind another.
    if (counted === undefined) return { code: code || 1, counts: undefined };
    counts = sumCounts(counts, counted);
  }
  return { code, counts };
}

/** Starts to build the tests' buildkitd, and waits for the end of that when disposed of. */
function buildBuildkitd(signal: AbortSignal): AsyncDisposable {
  const built = buildkitPrograms({ compare: true, signal }).then(
    ({ packages }) => {
      const named = packages.filter((name) =>
        /docker-docker-dev|golang-[\d.]+-go /.test(name)
      );
      say(`buildkitd from Debian: ${named.join(", ")} and what they need`);
    },
    // The tests that need it fail with the same error.
    (error) => say(`${error}`, Deno.stderr),
  );
  return { [Symbol.asyncDispose]: () => built };
}

if (import.meta.main) {
  let counts: TestCounts | undefined;
  const failures: RunFailures[] = [];
  let code = await supervise(async (supervisor) => {
    const result = await runTests(supervisor, failures);
    counts = result.counts;
    return result.code;
  });
  if (code === 0 && !(counts && counts.passed + counts.failed > 0)) {
    say("Cannot call this a success: no test was run", Deno.stderr);
    code = 1;
  }
  // Where the output is kept in part, that is its end.
  for (const line of describeFailures(failures)) say(line);
  if (counts !== undefined) say(describeCounts(counts));
  Deno.exit(code);
}

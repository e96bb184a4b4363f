/**
 * Runs the tests on real engines:
 *
 *     deno run -A tests/engines/run.ts [arguments for deno test]
 *
 * Engines of generations 20 and 28 are started side by side, or the one that
 * DAVIT_TEST_HOST names is used alone. The tests find them in DAVIT_ENGINES.
 * Others, such as those with containerd's store, are started with the first
 * test that asks for one, and run until the end.
 *
 * Without arguments all tests run, a smaller suite on the oldest Deno, too, and
 * the tests of files as an ordinary user; `--oldest` and `--user` run those
 * alone. Two files run side by side then, each with engines that the other does
 * not see, and the output of each is shown when it has ended; what measures
 * times comes last and alone. Types are not checked: `deno task check` does that.
 *
 * The last lines repeat what failed in any of the runs; the last one says how
 * many tests passed and failed.
 */
import { buildkitPrograms } from "../buildkitd/build.ts";
import { sweep } from "./clean_up.ts";
import {
  enginesEnvironment,
  startTestEngines,
  useTestEngine,
} from "./environment.ts";
import { serveEngines } from "./on_demand.ts";
import { oldestCommands } from "./oldest_deno.ts";
import { ordinaryUserCommand } from "./ordinary_user.ts";
import { say, supervise, type Supervisor } from "./supervise.ts";
import { describeCounts } from "./test_counts.ts";
import { describeFailures } from "./test_failures.ts";
import { byRoom, findTestFiles, ROOT } from "./test_files.ts";
import { runTestCommand, type TestCommand, TestResults } from "./test_run.ts";

/** Asks for the smaller suite on the oldest Deno alone. */
const OLDEST_FLAG = "--oldest";

/** Asks for the tests of files alone, as an ordinary user. */
const USER_FLAG = "--user";

/** How many files run side by side, each with engines of its own. */
const LANES = 2;

/** Engines for one run after the other. */
interface Lane extends AsyncDisposable {
  /** How a run finds them. */
  readonly env: Readonly<Record<string, string>>;
  /** One line for each. */
  readonly log: readonly string[];
}

async function startLane(signal: AbortSignal): Promise<Lane> {
  const host = Deno.env.get("DAVIT_TEST_HOST");
  await using stack = new AsyncDisposableStack();
  const prepared = stack.use(
    host ? await useTestEngine(host) : await startTestEngines([
      { generation: "20", signal },
      { generation: "28", signal },
    ]),
  );
  const onDemand = host
    ? undefined
    : stack.use(await serveEngines(signal, say));
  const kept = stack.move();
  return {
    env: { ...enginesEnvironment(prepared.engines), ...onDemand?.env },
    log: prepared.log,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A run of the newest Deno: this one. */
function testCommand(args: readonly string[]): TestCommand {
  return {
    program: Deno.execPath(),
    args: ["test", "-A", "--no-prompt", ...args],
    env: {},
  };
}

/** The run as an ordinary user, with the copies that it needs. */
async function ordinaryUser(): Promise<
  { commands: TestCommand[] } & AsyncDisposable
> {
  const ordinary = await ordinaryUserCommand();
  return {
    commands: ordinary === undefined
      ? []
      : [{ ...ordinary, title: "as an ordinary user" }],
    [Symbol.asyncDispose]: async () => await ordinary?.[Symbol.asyncDispose](),
  };
}

/** Takes runs from a list until it is empty. */
async function runLane(
  commands: TestCommand[],
  lane: Lane,
  results: TestResults,
  { signal, run, whole }: Pick<Supervisor, "signal" | "run"> & {
    whole: boolean;
  },
): Promise<void> {
  const colour = Deno.stdout.isTerminal() && !Deno.noColor;
  while (!signal.aborted) {
    const next = commands.shift();
    if (next === undefined) return;
    const { env } = next;
    const command = {
      ...next,
      env: { ...lane.env, ...env, ...(colour ? { FORCE_COLOR: "1" } : {}) },
    };
    await runTestCommand(command, run, results, whole);
  }
}

/** Everything, two files at a time. */
async function runAll(
  { signal, run }: Supervisor,
  results: TestResults,
): Promise<void> {
  // A minute or two of compiling, beside the tests that do not need it.
  await using _building = buildBuildkitd(signal);
  await using first = await startLane(signal);
  for (const line of first.log) say(line);
  const { engine, unit, stress, timed } = await findTestFiles();
  const own = (files: readonly string[]) =>
    testCommand(["--no-check", ...files.map((file) => `${ROOT}/${file}`)]);
  {
    await using ordinary = await ordinaryUser();
    const commands = [
      // Later those that wait for what is compiled; the shortest at the end.
      ...[...engine.toReversed(), ...stress].map((file) => own([file])),
      ...await oldestCommands(signal),
      ...byRoom(unit).map(own),
      ...ordinary.commands,
    ];
    const options = { signal, run, whole: true };
    const runOther = async () => {
      await using lane = await startLane(signal);
      await runLane(commands, lane, results, options);
    };
    // A user's engine is one.
    const others = Deno.env.get("DAVIT_TEST_HOST") ? 0 : LANES - 1;
    const ended = await Promise.allSettled([
      runLane(commands, first, results, options),
      ...Array.from({ length: others }, runOther),
    ]);
    for (const one of ended) if (one.status === "rejected") throw one.reason;
  }
  say("with nothing beside them:");
  await runLane([own(timed)], first, results, { signal, run, whole: false });
}

async function runTests(
  supervisor: Supervisor,
  results: TestResults,
): Promise<void> {
  const { signal, run } = supervisor;
  for (const directory of await sweep()) {
    say(`cleaned up ${directory} of an earlier run`);
  }
  if (Deno.args.length === 0) return await runAll(supervisor, results);
  const flag = Deno.args[0];
  await using lane = await startLane(signal);
  for (const line of lane.log) say(line);
  await using ordinary = flag === USER_FLAG ? await ordinaryUser() : undefined;
  if (ordinary?.commands.length === 0) {
    throw new Error(
      "Cannot run the tests as an ordinary user: this is one; name the files instead",
    );
  }
  const commands = ordinary?.commands ??
    (flag === OLDEST_FLAG
      ? await oldestCommands(signal)
      : [testCommand(Deno.args)]);
  await runLane(commands, lane, results, { signal, run, whole: false });
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
  const results = new TestResults();
  let code = await supervise(async (supervisor) => {
    await runTests(supervisor, results);
    return results.code;
  });
  const { counts, failures } = results;
  if (code === 0 && !(counts && counts.passed + counts.failed > 0)) {
    say("Cannot call this a success: no test was run", Deno.stderr);
    code = 1;
  }
  // Where the output is kept in part, that is its end.
  for (const line of describeFailures(failures)) say(line);
  if (counts !== undefined) say(describeCounts(counts));
  Deno.exit(code);
}

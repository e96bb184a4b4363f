/** A build and its log, side by side. */
import type { Control } from "../../lib/buildkit/control.ts";
import { runSolve } from "../../lib/buildkit/run_solve.ts";
import { SolveError } from "../../lib/buildkit/solve_error.ts";
import { ConnectionError } from "../../lib/errors.ts";
import { GrpcCode } from "../../lib/grpc/status.ts";
import type { SolveStatus } from "../../lib/progress/solve_status.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { StandingClock } from "../support/standing_clock.ts";
import { NEVER } from "./engine_builds.ts";

const PART: SolveStatus = {
  vertexes: [],
  statuses: [],
  logs: [],
  warnings: [],
};
const ANSWER = new Map([["k", "v"]]);
const UNKNOWN = new SolveError({
  code: GrpcCode.NOT_FOUND,
  detail: "no such job r",
});

/** A build whose end and whose log a test decides. */
class Script {
  readonly solved = Promise.withResolvers<ReadonlyMap<string, string>>();
  /** What was called, in order. */
  readonly calls: string[] = [];
  /** The signals of the logs. */
  readonly logSignals: AbortSignal[] = [];
  readonly control: Control;

  /** @param logs What each reading of the log is. */
  constructor(
    ...logs: ((signal: AbortSignal) => AsyncGenerator<SolveStatus>)[]
  ) {
    const { solved, calls, logSignals } = this;
    this.control = {
      solve({ ref }: { ref: string }, { signal }: { signal: AbortSignal }) {
        calls.push(`solve ${ref}`);
        signal.addEventListener("abort", () => solved.reject(signal.reason));
        return solved.promise;
      },
      status(ref: string, { signal }: { signal: AbortSignal }) {
        calls.push(`status ${ref}`);
        logSignals.push(signal);
        return logs.shift()!(signal);
      },
    } as unknown as Control;
  }

  run(
    onStatus: (status: SolveStatus | undefined) => void | Promise<void> =
      () => {},
    signal: AbortSignal = NEVER,
  ) {
    return runSolve(this.control, { ref: "r" }, { signal, onStatus });
  }
}

async function* parts(count: number): AsyncGenerator<SolveStatus> {
  for (let sent = 0; sent < count; sent++) yield PART;
}

/** A log that never ends by itself. */
async function* endless(signal: AbortSignal): AsyncGenerator<SolveStatus> {
  yield PART;
  await new Promise((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason))
  );
}

/** A log that fails before its first part. */
async function* failing(error: unknown): AsyncGenerator<SolveStatus> {
  yield await Promise.reject<SolveStatus>(error);
}

Deno.test("a build is begun before its log is asked for, and both are waited for", async () => {
  const script = new Script(() => parts(3));
  const seen: unknown[] = [];
  const run = script.run((status) => void seen.push(status));
  assertEquals(script.calls, ["solve r", "status r"]);
  script.solved.resolve(ANSWER);
  assertEquals(await run, { response: ANSWER, logError: undefined });
  assertEquals(seen, [PART, PART, PART]);
});

Deno.test("the log is read on after the answer, and its next part only as the last one is taken", async () => {
  using clock = new StandingClock();
  const log: string[] = [];
  const script = new Script(async function* () {
    for (const name of ["a", "b"]) {
      log.push(`sent ${name}`);
      yield PART;
    }
  });
  const taken: (() => void)[] = [];
  const run = script.run(() => {
    const { promise, resolve } = Promise.withResolvers<void>();
    taken.push(resolve);
    return promise;
  });
  let over = false;
  void run.then(() => over = true);
  script.solved.resolve(ANSWER);
  await clock.settle();
  assertEquals([log, over], [["sent a"], false]);
  taken[0]!();
  await clock.settle();
  assertEquals([log, over], [["sent a", "sent b"], false]);
  taken[1]!();
  await run;
  // No timer is left.
  assertEquals(clock.waits, []);
});

Deno.test("a log that never ends is given up three seconds after the build", async () => {
  using clock = new StandingClock();
  const script = new Script(endless);
  let over = false;
  const run = script.run().finally(() => over = true);
  await clock.pass(60_000);
  script.solved.resolve(ANSWER);
  await clock.pass(2_999);
  assertEquals([over, script.logSignals[0]!.aborted], [false, false]);
  await clock.pass(1);
  const { response, logError } = await run;
  assertEquals(response, ANSWER);
  assert(logError instanceof ConnectionError);
  assertEquals(
    logError.message,
    "BuildKit did not end the build's log within 3000 ms after the build",
  );
});

Deno.test("the time for the log can be given", async () => {
  using clock = new StandingClock();
  const script = new Script(endless);
  const run = runSolve(script.control, { ref: "r" }, {
    signal: NEVER,
    onStatus: () => {},
    linger: 10,
  });
  script.solved.resolve(ANSWER);
  await clock.pass(10);
  assert((await run).logError?.message.includes("within 10 ms"));
});

Deno.test("a failed build fails with BuildKit's error, whatever its log does", async () => {
  const error = new SolveError({ code: GrpcCode.UNKNOWN, detail: "no" });
  for (
    const log of [
      () => parts(1),
      () => failing(UNKNOWN),
      () => failing(new ConnectionError("broke")),
      endless,
    ]
  ) {
    using clock = new StandingClock();
    const script = new Script(log);
    const failed = assertRejects(() => script.run(), SolveError, "no");
    script.solved.reject(error);
    await clock.pass(3_000);
    assertEquals(await failed === error, true);
    assertEquals(clock.waits, []);
  }
});

Deno.test("the log of a build that is refused before it begins is waited for one second", async () => {
  using clock = new StandingClock();
  // As BuildKit does, which waits for a build of that id.
  const script = new Script(async function* (signal) {
    await new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
    yield PART;
  });
  const error = new SolveError({ code: GrpcCode.UNKNOWN, detail: "no" });
  let over = false;
  const failed = assertRejects(() => script.run(), SolveError, "no")
    .finally(() => over = true);
  script.solved.reject(error);
  await clock.pass(999);
  assertEquals([over, script.logSignals[0]!.aborted], [false, false]);
  await clock.pass(1);
  await failed;
  // A log that has begun is read on.
  const begun = new Script(endless);
  over = false;
  const later = assertRejects(() => begun.run(), SolveError, "no")
    .finally(() => over = true);
  await clock.settle();
  begun.solved.reject(error);
  await clock.pass(2_999);
  assertEquals(over, false);
  await clock.pass(1);
  await later;
});

Deno.test("a build that waits for its turn is asked for its log again", async () => {
  using clock = new StandingClock();
  const script = new Script(
    () => failing(UNKNOWN),
    () => failing(UNKNOWN),
    () => parts(2),
  );
  const seen: unknown[] = [];
  const run = script.run((status) => void seen.push(status));
  await clock.settle();
  assertEquals([script.calls.length, clock.waits], [2, [250]]);
  await clock.pass(249);
  assertEquals(script.calls.length, 2);
  await clock.pass(1);
  assertEquals(script.calls.length, 3);
  // The build's end is a reason to ask at once.
  script.solved.resolve(ANSWER);
  await clock.settle();
  assertEquals(script.calls.length, 4);
  assertEquals(await run, { response: ANSWER, logError: undefined });
  assertEquals(seen.length, 2);
  assertEquals(clock.waits, []);
});

Deno.test("after its end a build is asked for its log once more at most", async () => {
  using clock = new StandingClock();
  const script = new Script(() => failing(UNKNOWN), () => failing(UNKNOWN));
  const run = script.run();
  script.solved.resolve(ANSWER);
  await clock.settle();
  assertEquals(await run, { response: ANSWER, logError: UNKNOWN });
  assertEquals(script.calls.length, 3);
});

Deno.test("a log that breaks off is not read twice, and the build goes on", async () => {
  for (
    const error of [UNKNOWN, new SolveError({ code: 8, detail: "too long" })]
  ) {
    using clock = new StandingClock();
    const script = new Script(async function* () {
      yield PART;
      throw error;
    });
    const run = script.run();
    await clock.pass(1_000);
    assertEquals(script.calls.length, 2);
    script.solved.resolve(ANSWER);
    assertEquals(await run, { response: ANSWER, logError: error });
  }
  // Another error than NOT_FOUND is no reason to ask again.
  for (
    const error of [
      new ConnectionError("broke"),
      new SolveError({ code: GrpcCode.RESOURCE_EXHAUSTED, detail: "full" }),
    ]
  ) {
    using clock = new StandingClock();
    const script = new Script(() => failing(error));
    const run = script.run();
    await clock.pass(1_000);
    assertEquals(script.calls.length, 2);
    script.solved.resolve(ANSWER);
    assertEquals((await run).logError === error, true);
  }
});

Deno.test("after an abort the log's end is waited for, which says that the build has stopped", async () => {
  using clock = new StandingClock();
  const ended = Promise.withResolvers<void>();
  const script = new Script(async function* () {
    yield PART;
    await ended.promise;
    yield PART;
  });
  const abort = new AbortController();
  const seen: unknown[] = [];
  let over = false;
  const failed = assertRejects(
    () => script.run((status) => void seen.push(status), abort.signal),
    Error,
    "enough",
  ).finally(() => over = true);
  await clock.settle();
  abort.abort(new Error("enough"));
  await clock.pass(399);
  assertEquals([over, script.logSignals[0]!.aborted], [false, false]);
  ended.resolve();
  await failed;
  assertEquals(seen.length, 2);
  assertEquals(clock.waits, []);
});

Deno.test("a stopped build whose log does not end is waited for shortly", async () => {
  using clock = new StandingClock();
  const script = new Script(endless);
  const abort = new AbortController();
  let over = false;
  const failed = assertRejects(
    () => script.run(() => {}, abort.signal),
    Error,
    "enough",
  ).finally(() => over = true);
  await clock.settle();
  abort.abort(new Error("enough"));
  await clock.pass(399);
  assertEquals(over, false);
  await clock.pass(1);
  await failed;
  // A shorter time that was given counts here, too.
  const short = new Script(endless);
  const run = runSolve(short.control, { ref: "r" }, {
    signal: abort.signal,
    onStatus: () => {},
    linger: 5,
  });
  short.solved.reject(abort.signal.reason);
  const rejected = assertRejects(() => run, Error, "enough");
  await clock.pass(5);
  await rejected;
});

Deno.test("a reader that fails stops the build, which fails with its error", async () => {
  using clock = new StandingClock();
  const script = new Script(endless);
  const failed = assertRejects(
    () => script.run(() => Promise.reject(new RangeError("full"))),
    RangeError,
    "full",
  );
  await clock.settle();
  await failed;
  assertEquals(clock.waits, []);
});

import type { OperationInit } from "../operation/operation.ts";
import type { Operations } from "../operation/operations.ts";
import type { BuildEvent } from "../progress/event.ts";
import type { BuildState } from "../progress/state.ts";
import {
  EventReader,
  type Fact,
  type WarningFact,
  warningFact,
} from "./fact.ts";
import type { BuildMessage } from "./message.ts";
import { BuildRecord } from "./record.ts";
import { keepTrace, traceOf } from "./trace.ts";
import { messagesOf } from "./ways/engine_messages.ts";

/**
 * Something that BuildKit does for a Dockerfile, with a result of its own: it
 * began with the call that returned it. A build of an image is an
 * {@linkcode ImageBuild}.
 *
 * Several readers may use `messages()`, `events()` and `logs()` at the same
 * time. The newest 16 MiB of messages are kept for readers that start late. If
 * a reader falls further behind, the build waits for it as long as it keeps
 * reading. A reader that reads nothing for two seconds loses the oldest
 * messages and gets one `messages-lost` warning in their place.
 *
 * If the program never awaits `result()`, never reads it and never cancels it, a
 * failure becomes an uncaught error at the program's end, with an exit code that
 * is not 0 (not in a worker).
 */
export interface BuildOperation<Result> extends AsyncDisposable {
  /**
   * The engine's messages as they come, together with davit's own warnings.
   *
   * @throws After the last message, the error that `result()` rejects with.
   */
  messages(): AsyncGenerator<BuildMessage, void, undefined>;
  /**
   * The events as typed objects, the same for BuildKit, the classic builder and
   * podman.
   *
   * @throws After the last event, the error that `result()` rejects with.
   */
  events(): AsyncGenerator<BuildEvent, void, undefined>;
  /**
   * The bytes that the steps print, stdout and stderr in the order in which
   * they arrive. The stream fails with the error that `result()` rejects with.
   */
  logs(): ReadableStream<Uint8Array<ArrayBuffer>>;
  /**
   * Waits for the result.
   *
   * @throws As the `wait()` of {@linkcode ImageBuild} does.
   */
  result(): Promise<Result>;
  /**
   * Stops it on the engine.
   *
   * @param reason What `result()` rejects with; the default is an `AbortError`.
   * @returns Resolves when the engine was told and every connection is closed.
   */
  cancel(reason?: unknown): Promise<void>;
}

/**
 * How much is kept for late and slow readers, in characters of messages
 * (about).
 */
const KEPT_SIZE = 16 * 1024 * 1024;

/**
 * How long the connection to the engine waits for a reader that is that far
 * behind and does not read.
 */
const PATIENCE_MS = 2000;

/** What is needed to start an operation. */
export interface BuildOperationInit<Result>
  extends Pick<OperationInit<Result, Fact>, "what" | "startedBy" | "endsWith"> {
  /** The running operations of the client. */
  readonly operations: Operations;
  /** Names of the image; none where none is made. */
  readonly names: readonly string[];
  /** The caller's signal, not checked yet. */
  readonly signal: AbortSignal | undefined;
  /** Does the work. */
  run(record: BuildRecord, stop: AbortSignal): Promise<Result>;
}

/**
 * The state of a build, for those who display it. It includes everything that
 * was reported so far, also what a reader of `events()` has not read yet.
 * Undefined for an object that was not started here.
 */
export function stateOf(build: object): BuildState | undefined {
  return traceOf(build)?.state;
}

/**
 * Starts an operation. Every failure, also that of a wrong option, is reported
 * by the returned object and not thrown here.
 *
 * @param more Further members of the returned object, made of the operation's
 * `wait`.
 */
export function startOperation<
  Result,
  More extends object = Record<never, never>,
>(
  { operations, what, startedBy, endsWith, names, signal, run }:
    BuildOperationInit<Result>,
  more?: (
    wait: <Part>(part: (result: Result) => Part) => Promise<Part>,
  ) => More,
): BuildOperation<Result> & More {
  let record: BuildRecord;
  const build = operations.start<Result, Fact>({
    what,
    startedBy,
    ...(endsWith === undefined ? {} : { endsWith }),
    items: {
      maxSize: KEPT_SIZE,
      sizeOf: (fact) => fact.size,
      patienceMs: PATIENCE_MS,
      lost: factsLost,
    },
    signal,
    mask: (text) => record.text(text),
    async work(stop, facts) {
      record = new BuildRecord((fact) => facts.write(fact), names);
      try {
        return await run(record, stop);
      } finally {
        record.endedAt = performance.now();
      }
    },
  });
  const events = () => eventsOf(build.items.read());
  const shown = {
    messages: () => messagesOf(build.items.read()),
    events,
    logs: () => logsOf(events()),
    result: () => build.wait((result) => result),
    cancel: (reason) => build.cancel(reason),
    [Symbol.asyncDispose]: () => build.cancel(),
    ...more?.((part) => build.wait(part)),
  } as BuildOperation<Result> & More;
  keepTrace(shown, record!);
  return shown;
}

async function* eventsOf(
  facts: AsyncIterable<Fact>,
): AsyncGenerator<BuildEvent, void, undefined> {
  const reader = new EventReader();
  for await (const fact of facts) yield* reader.read(fact);
}

function logsOf(
  events: AsyncGenerator<BuildEvent, void, undefined>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      for (
        let next = await events.next();
        !next.done;
        next = await events.next()
      ) {
        if (next.value.type !== "log") continue;
        controller.enqueue(next.value.bytes.slice());
        return;
      }
      controller.close();
    },
    cancel: () => events.return().then(() => {}),
  }, { highWaterMark: 0 });
}

function factsLost(count: number): WarningFact {
  const text =
    `${count} messages are missing here: they were read too slowly, or too late`;
  return { ...warningFact("messages-lost", text), count };
}

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
import type { ImageBuildOptions } from "./options.ts";
import { BuildRecord } from "./record.ts";
import { namesOf } from "./request.ts";
import type { BuildResult } from "./result.ts";
import { messagesOf } from "./ways/engine_messages.ts";

/**
 * A running build; it began with the call that returned it.
 *
 * Several readers may use `messages()`, `events()` and `logs()` at the same
 * time. The newest 16 MiB of messages are kept for readers that start late. If
 * a reader falls further behind, the build waits for it as long as it keeps
 * reading. A reader that reads nothing for two seconds loses the oldest
 * messages and gets one `messages-lost` warning in their place.
 *
 * If the program never awaits `wait()` or `result()`, never reads the build and
 * never cancels it, a failure of the build becomes an uncaught error at the
 * program's end, with an exit code that is not 0 (not in a worker).
 */
export interface ImageBuild extends AsyncDisposable {
  /** The image's names, as they were given. */
  readonly names: readonly string[];
  /**
   * The engine's messages as they come, together with davit's own warnings.
   *
   * @throws After the last message, the error that `wait()` rejects with.
   */
  messages(): AsyncGenerator<BuildMessage, void, undefined>;
  /**
   * The events of the build as typed objects, the same for BuildKit and the
   * classic builder.
   *
   * @throws After the last event, the error that `wait()` rejects with.
   */
  events(): AsyncGenerator<BuildEvent, void, undefined>;
  /**
   * The bytes that the steps print, stdout and stderr in the order in which
   * they arrive. The stream fails with the error that `wait()` rejects with.
   */
  logs(): ReadableStream<Uint8Array<ArrayBuffer>>;
  /**
   * The full result of a build that went well: image, warnings, steps, secrets.
   * Rejects as `wait()` does.
   */
  result(): Promise<BuildResult>;
  /**
   * Waits for the end of the build.
   *
   * @returns The image's id, `sha256:…`; empty where the output is no image.
   * @throws {BuildError} If the build fails.
   * @throws {EngineError} If the engine refuses the request.
   * @throws {ConnectionError} If the engine can't be reached, or the connection
   * breaks.
   * @throws {SecretError} If a secret can't be given.
   * @throws {SessionError} If the session was lost and the build failed because
   * of that.
   * @throws {ContextError} If the context can't be read.
   * @throws {ProtocolError} If the engine's answer can't be read.
   * @throws {UnsupportedError} If this engine can't do what was asked.
   * @throws {TypeError} If an option is wrong; nothing was sent then.
   */
  wait(): Promise<string>;
  /**
   * Stops the build on the engine.
   *
   * @param reason What `wait()` rejects with; the default is an `AbortError`.
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

/** What is needed to start a build. */
export interface BuildInit {
  /** The running operations of the client. */
  readonly operations: Operations;
  /** The client's method that was called, for the stack of errors. */
  readonly startedBy: OperationInit<BuildResult, Fact>["startedBy"];
  /**
   * The options as they were given, not checked yet. Only the names and the
   * signal are used here.
   */
  readonly options: ImageBuildOptions;
  /** Runs the build. */
  run(record: BuildRecord, stop: AbortSignal): Promise<BuildResult>;
}

/** The states of the builds that were started here. */
const states = new WeakMap<object, BuildState>();

/**
 * The state of a build, for those who display it. It includes everything that
 * was reported so far, also what a reader of `events()` has not read yet.
 * Undefined for an object that was not made by {@linkcode startBuild}.
 */
export function stateOf(build: object): BuildState | undefined {
  return states.get(build);
}

/**
 * Starts a build. Every failure, also that of a wrong option, is reported by
 * the returned object and not thrown here.
 */
export function startBuild(
  { operations, startedBy, options, run }: BuildInit,
): ImageBuild {
  const names = namesOf(options);
  let record: BuildRecord;
  const build = operations.start<BuildResult, Fact>({
    what: names.length === 0 ? "build" : `build of "${names[0]}"`,
    startedBy,
    items: {
      maxSize: KEPT_SIZE,
      sizeOf: (fact) => fact.size,
      patienceMs: PATIENCE_MS,
      lost: factsLost,
    },
    signal: Object(options).signal, // not checked yet
    mask: (text) => record.text(text),
    work(stop, facts) {
      record = new BuildRecord((fact) => facts.write(fact), names);
      return run(record, stop);
    },
  });
  const events = () => eventsOf(build.items.read());
  const shown: ImageBuild = {
    names,
    messages: () => messagesOf(build.items.read()),
    events,
    logs: () => logsOf(events()),
    result: () => build.wait((result) => result),
    wait: () => build.wait(({ imageId }) => imageId),
    cancel: (reason) => build.cancel(reason),
    [Symbol.asyncDispose]: () => build.cancel(),
  };
  states.set(shown, record!.state);
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

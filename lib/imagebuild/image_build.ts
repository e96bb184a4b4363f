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
 * A build under way; it began at the call that gave it.
 *
 * Several readers may use `messages()`, `events()` and `logs()` at the same time.
 * The newest 16 MiB of messages are kept for readers that start late. The build
 * waits for a reader that falls further behind, as long as it keeps reading; one
 * that takes nothing for two seconds loses the oldest messages and gets one
 * `messages-lost` warning in their place.
 *
 * If the program never awaits `wait()` or `result()`, reads or cancels the build,
 * its failure is an uncaught error at the program's end, with an exit code that
 * is not 0 (not in a worker).
 */
export interface ImageBuild extends AsyncDisposable {
  /** The image's names, as they were given. */
  readonly names: readonly string[];
  /**
   * The engine's messages as they come, and davit's own warnings.
   *
   * @throws The error that `wait()` rejects with, behind the last message.
   */
  messages(): AsyncGenerator<BuildMessage, void, undefined>;
  /**
   * What happens, with types: the same for BuildKit and the classic builder.
   *
   * @throws The error that `wait()` rejects with, behind the last event.
   */
  events(): AsyncGenerator<BuildEvent, void, undefined>;
  /**
   * The bytes that the steps print, stdout and stderr in the order of their
   * coming. The stream fails with the error that `wait()` rejects with.
   */
  logs(): ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Everything that is known of the build, once it went well; rejects as `wait()` does. */
  result(): Promise<BuildResult>;
  /**
   * The image's id, `sha256:…`; empty where the output is no image.
   *
   * @throws {BuildError} If the build fails.
   * @throws {EngineError} If the engine refuses the request.
   * @throws {ConnectionError} If the engine can't be reached, or goes away.
   * @throws {SecretError} If a secret can't be given.
   * @throws {SessionError} If the session was lost and the build failed for it.
   * @throws {ContextError} If the context stream fails.
   * @throws {ProtocolError} If the engine's answer can't be read.
   * @throws {UnsupportedError} If this engine can't do what was asked.
   * @throws {TypeError} If an option is wrong; nothing was sent then.
   */
  wait(): Promise<string>;
  /**
   * Stops the build on the engine.
   *
   * @param reason What `wait()` rejects with; an `AbortError` unless given.
   * @returns When the engine was told and every connection is closed.
   */
  cancel(reason?: unknown): Promise<void>;
}

/** How much is kept for late and slow readers: about so many characters of messages. */
const KEPT_SIZE = 16 * 1024 * 1024;

/** How long the wire waits for a reader that lags so far behind and stands still. */
const PATIENCE_MS = 2000;

/** A build that is to be started. */
export interface BuildInit {
  /** All that runs on the client. */
  readonly operations: Operations;
  /** The client's method. */
  readonly startedBy: OperationInit<BuildResult, Fact>["startedBy"];
  /** As they were given; of them only the names and the signal are used here. */
  readonly options: ImageBuildOptions;
  /** Builds. */
  run(record: BuildRecord, stop: AbortSignal): Promise<BuildResult>;
}

/** What is known of the builds that were started here. */
const states = new WeakMap<object, BuildState>();

/**
 * What is known of a build, for those who show it: there is one state, which is
 * at the end of all that was told, however far a reader of `events()` is. Undefined
 * for what only looks like a build.
 */
export function stateOf(build: object): BuildState | undefined {
  return states.get(build);
}

/** Starts a build. Every failure, a wrong option too, comes through the result. */
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
    async cancel() {
      await events.return();
    },
  }, { highWaterMark: 0 });
}

function factsLost(count: number): WarningFact {
  const text =
    `${count} messages are missing here: they were read too slowly, or too late`;
  return { ...warningFact("messages-lost", text), count };
}

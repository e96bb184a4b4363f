import { UnsupportedError } from "../errors.ts";
import type { Engine } from "../engine/engine.ts";
import type { GrpcMethod } from "../grpc/method.ts";
import { Session, type SessionEnd } from "../session/session.ts";
import { warning } from "./message.ts";
import type { BuildRecord } from "./record.ts";
import { type ServedSession, serveSession } from "./session_serve.ts";

/** The session of one build. */
export interface BuildSession extends ServedSession {
  /** Whether it ended before it was closed. */
  lost(): boolean;
}

/** What a session offers, and how. */
export interface BuildSessionInit {
  /** What the engine may call. */
  readonly methods: readonly GrpcMethod[];
  /** Names the folder on offer; see {@linkcode ContextRoot}. */
  readonly sharedKey: string | undefined;
  /** Whether the build can't do without; otherwise there may be none. */
  readonly required: boolean;
  /** Gives up while it is being opened. */
  readonly signal: AbortSignal;
  /** Told of what goes wrong. */
  readonly record: BuildRecord;
}

/**
 * Opens a session and serves it until it is closed.
 *
 * @throws {UnsupportedError} If this engine has none, and one is required.
 */
export async function openBuildSession(
  engine: Engine,
  init: BuildSessionInit,
): Promise<BuildSession | undefined> {
  const { record } = init;
  const session = new Session(
    init.methods,
    (error) =>
      void record.publish(warning(
        "session-error",
        `the engine asked for something over the session that could not be answered: ${error}`,
      )),
  );
  let lost = false;
  const onEnd = async (end: SessionEnd): Promise<void> => {
    lost = end.reason === "lost";
    if (!lost) return;
    await record.publish(warning(
      "session-lost",
      "the session ended before the build: a step that still needs something of this machine will fail",
    ));
  };
  try {
    const served = await serveSession(engine, session, {
      name: "davit",
      sharedKey: init.sharedKey,
      signal: init.signal,
      onEnd,
    });
    return { ...served, lost: () => lost };
  } catch (error) {
    if (error instanceof UnsupportedError && !init.required) return undefined;
    throw error;
  }
}

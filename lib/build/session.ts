import { UnsupportedError } from "../errors.ts";
import type { Engine } from "../engine/engine.ts";
import { openSession } from "../engine/session_open.ts";
import type { GrpcMethod } from "../grpc/method.ts";
import { Session } from "../session/session.ts";
import { warning } from "./message.ts";
import type { BuildRecord } from "./record.ts";

/** The session of one build. */
export interface BuildSession {
  /** Its id, for the build to name. */
  readonly id: string;
  /** Whether it ended before it was closed. */
  lost(): boolean;
  /** Ends it. */
  close(): Promise<void>;
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
  let duplex;
  try {
    duplex = await openSession(engine, {
      id: session.id,
      name: "davit",
      methods: session.methods,
      signal: init.signal,
      ...(init.sharedKey === undefined ? {} : { sharedKey: init.sharedKey }),
    });
  } catch (error) {
    if (error instanceof UnsupportedError && !init.required) return undefined;
    throw error;
  }
  let lost = false;
  const served = session.serve(duplex).then((end) => {
    lost = end.reason === "lost";
    if (!lost) return;
    return record.publish(warning(
      "session-lost",
      "the session ended before the build: a step that still needs something of this machine will fail",
    ));
  });
  return {
    id: session.id,
    lost: () => lost,
    async close() {
      session.close();
      await served;
    },
  };
}

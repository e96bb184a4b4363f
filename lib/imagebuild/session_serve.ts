import type { Engine } from "../engine/engine.ts";
import { openSession } from "../engine/session_open.ts";
import type { Session, SessionEnd } from "../session/session.ts";

/** A session that an engine uses. */
export interface ServedSession {
  /** Its id, for the build to name. */
  readonly id: string;
  /** Ends it. */
  close(): Promise<void>;
}

/** How a session is opened. */
export interface ServeSessionInit {
  /** What the engine logs of it. */
  readonly name: string;
  /** Names the folder on offer; see {@linkcode ContextRoot}. */
  readonly sharedKey?: string | undefined;
  /** Gives up while it is being opened. */
  readonly signal: AbortSignal;
  /** Told how it ended. */
  readonly onEnd?: (end: SessionEnd) => Promise<void>;
}

/**
 * Opens a session and serves it until it is closed.
 *
 * @throws {UnsupportedError} If this engine has none.
 */
export async function serveSession(
  engine: Engine,
  session: Session,
  { name, sharedKey, signal, onEnd }: ServeSessionInit,
): Promise<ServedSession> {
  const duplex = await openSession(engine, {
    id: session.id,
    name,
    methods: session.methods,
    signal,
    ...(sharedKey === undefined ? {} : { sharedKey }),
  });
  const served = session.serve(duplex).then(onEnd);
  return {
    id: session.id,
    async close() {
      session.close();
      await served;
    },
  };
}

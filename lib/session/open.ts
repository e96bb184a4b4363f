import { UnsupportedError } from "../errors.ts";
import type { ByteDuplex } from "../streams/duplex.ts";
import { methodsOf, type SessionServices } from "./services.ts";
import { Session, type SessionEnd, type SessionHeaders } from "./session.ts";

/**
 * Makes the connection for a session: a Docker engine's `POST /session`, or
 * BuildKit's own `Control.Session`, which takes the same headers as metadata.
 *
 * @throws {UnsupportedError} If the other side has no sessions.
 */
export type SessionDialler = (
  headers: SessionHeaders,
  signal: AbortSignal,
) => Promise<ByteDuplex>;

/** What a session offers, and how. */
export interface SessionInit {
  /** Shown in old engines' logs. */
  readonly name: string;
  /** Names the folder on offer; see the `key` of a context's root. */
  readonly sharedKey?: string | undefined;
  /** What the engine may ask for. */
  readonly services: SessionServices;
  /** Whether the build can't do without; otherwise there may be none. */
  readonly required: boolean;
  /** Gives up while it is being opened. */
  readonly signal: AbortSignal;
  /**
   * Told why something that the engine asked for could not be given: what the
   * build should say when it fails.
   */
  readonly onError: (error: Error) => void;
  /** Told of a call that failed for a reason that no service has words for. */
  readonly onFault?: ((error: unknown) => void) | undefined;
  /** Told when it ends before it is closed; `close` waits for it. */
  readonly onLost?: (() => void | Promise<void>) | undefined;
}

/** A session that an engine uses. */
export interface OpenSession {
  /** Its id, for the build to name. */
  readonly id: string;
  /** Whether it ended before it was closed. */
  lost(): boolean;
  /** Ends it. */
  close(): Promise<void>;
}

/**
 * Opens a session, as BuildKit's `Session.Run(ctx, dialer)` does, and serves it
 * until it is closed.
 *
 * @returns Undefined where the other side has no sessions and none is required.
 * @throws {UnsupportedError} If it has none, and one is required.
 */
export async function openSession(
  dial: SessionDialler,
  init: SessionInit,
): Promise<OpenSession | undefined> {
  const session = new Session(
    await methodsOf(init.services, init.onError),
    init.onFault,
  );
  let duplex;
  try {
    duplex = await dial(
      session.headers(init.name, init.sharedKey),
      init.signal,
    );
  } catch (error) {
    if (error instanceof UnsupportedError && !init.required) return undefined;
    throw error;
  }
  let lost = false;
  const ended = async (end: SessionEnd): Promise<void> => {
    lost = end.reason === "lost";
    if (lost) await init.onLost?.();
  };
  const served = session.serve(duplex).then(ended);
  return {
    id: session.id,
    lost: () => lost,
    async close() {
      session.close();
      await served;
    },
  };
}

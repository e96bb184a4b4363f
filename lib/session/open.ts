import { UnsupportedError } from "../errors.ts";
import type { GrpcMethod } from "../grpc/method.ts";
import type { ByteDuplex } from "../streams/duplex.ts";
import { Session, type SessionEnd, type SessionHeaders } from "./session.ts";

/**
 * Opens the connection for a session: `POST /session` of a Docker engine, or
 * `Control.Session` of BuildKit itself, which takes the same headers as
 * metadata.
 *
 * @throws {UnsupportedError} If the other side has no sessions.
 */
export type SessionDialler = (
  headers: SessionHeaders,
  signal: AbortSignal,
) => Promise<ByteDuplex>;

/** What a session offers to the engine, and who is told of its failures. */
export interface SessionInit {
  /** A name for the session, which old engines write into their log. */
  readonly name: string;
  /**
   * The key under which the engine keeps the files of the folder for the next
   * build; see the `key` of a context's root.
   */
  readonly sharedKey?: string | undefined;
  /** What the engine may call; `methodsOf` makes them of the list of services. */
  readonly methods: readonly GrpcMethod[];
  /**
   * Whether the build fails without a session. If it is false, there may be
   * none.
   */
  readonly required: boolean;
  /** Aborts the opening. */
  readonly signal: AbortSignal;
  /**
   * Called with an unexpected error, which no service reports in its own words.
   */
  readonly onFault?: ((error: unknown) => void) | undefined;
  /**
   * Called when the session ends before it is closed; `close` waits for the
   * promise that it returns.
   */
  readonly onLost?: (() => void | Promise<void>) | undefined;
}

/** A session that an engine uses. */
export interface OpenSession {
  /** The session's id, which the request for the build names. */
  readonly id: string;
  /** Whether the session ended before it was closed. */
  lost(): boolean;
  /** Ends the session. */
  close(): Promise<void>;
}

/**
 * Opens a session, as BuildKit's `Session.Run(ctx, dialer)` does, and serves it
 * until it is closed.
 *
 * @returns Undefined where the other side has no sessions and none is required.
 * @throws {UnsupportedError} If the other side has no sessions and one is
 * required.
 */
export async function openSession(
  dial: SessionDialler,
  init: SessionInit,
): Promise<OpenSession | undefined> {
  const session = new Session(init.methods, init.onFault);
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

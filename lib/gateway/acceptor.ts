import type { ByteDuplex } from "../streams/duplex.ts";
import { connDuplex } from "../transport/conn.ts";

/** How long to wait for a descriptor to become free, in milliseconds. */
const RETRY_MS = 50;

/** Errors of one connection, or of a moment; the listener is as good as before. */
const PASSING = new Set(["EMFILE", "ENFILE", "ECONNABORTED"]);

/** Takes connections. */
export interface Acceptor {
  /** Where, as `DOCKER_HOST` has it. */
  readonly address: string;
  /** Host names that a request may give; any where undefined. */
  readonly hosts: ReadonlySet<string> | undefined;
  /** The connections. */
  readonly connections: AsyncIterable<ByteDuplex>;
  /** Takes no more. */
  close(): Promise<void>;
}

/**
 * The connections of a listener, until it is closed. Those that come while the
 * process has no descriptor left wait for one.
 */
export async function* acceptAll(
  listener: Deno.Listener,
): AsyncGenerator<ByteDuplex> {
  while (true) {
    let conn: Deno.Conn;
    try {
      conn = await listener.accept();
    } catch (error) {
      if (error instanceof Deno.errors.BadResource) return; // it was closed
      if (!isPassing(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      continue;
    }
    yield connDuplex(conn);
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Error && "code" in error &&
      PASSING.has(String(error.code));
}

import type { ByteDuplex } from "../streams/duplex.ts";
import { connDuplex } from "../transport/conn.ts";

/** How long to wait for a descriptor to become free, in milliseconds. */
const RETRY_MS = 50;

/**
 * Errors of a single connection, or errors that pass: the listener itself still
 * works.
 */
const PASSING = new Set(["EMFILE", "ENFILE", "ECONNABORTED"]);

/** Takes new connections. */
export interface Acceptor {
  /** The address, in the form of `DOCKER_HOST`. */
  readonly address: string;
  /** Host names that a request may give; undefined allows any. */
  readonly hosts: ReadonlySet<string> | undefined;
  /** The connections, as they come. */
  readonly connections: AsyncIterable<ByteDuplex>;
  /** Stops taking connections. */
  close(): Promise<void>;
}

/**
 * The connections of a listener, until it is closed. When the process has no
 * file descriptor left, waits until one is free and goes on.
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

import { ByteStream } from "../streams/byte_stream.ts";
import type { SshAgent, SshAgentConnection } from "./agent.ts";
import {
  AgentMessage,
  AgentMessageError,
  AgentMessageReader,
  FAILURE,
  frame,
} from "./message.ts";
import { SshError } from "./ssh_error.ts";
import { WireError, WireReader } from "./wire.ts";

/** How many bytes one read takes at most; most answers are far shorter. */
const READ_BYTES = 16 * 1024;

/**
 * An extension that binds a connection to the host that it signs in at. It can
 * only restrict the use of keys, and keys that were added with such a
 * restriction need it.
 */
const SESSION_BIND = "session-bind@openssh.com";

/**
 * The agent behind a Unix socket.
 *
 * Only requests for listing and signing are passed on: it is the user's own
 * agent, and a step that may use keys must not add, remove or lock them.
 */
export class SocketAgent implements SshAgent {
  readonly #id: string;
  readonly #path: string;

  /**
   * @param id The ssh id, for errors.
   * @param path Path of the socket.
   */
  constructor(id: string, path: string) {
    this.#id = id;
    this.#path = path;
  }

  async connect(): Promise<SshAgentConnection> {
    let conn: Deno.UnixConn;
    try {
      conn = await Deno.connect({ transport: "unix", path: this.#path });
    } catch (cause) {
      throw new SshError(
        this.#id,
        `Cannot reach the ssh agent for id "${this.#id}" at ${this.#path}: ${
          reasonOf(cause, this.#path)
        }`,
        { cause },
      );
    }
    return new SocketConnection(conn, this.#id, this.#path);
  }
}

class SocketConnection implements SshAgentConnection {
  readonly #conn: Deno.UnixConn;
  readonly #answers: AgentMessageReader;
  readonly #id: string;
  readonly #path: string;
  #closed = false;

  constructor(conn: Deno.UnixConn, id: string, path: string) {
    this.#conn = conn;
    this.#id = id;
    this.#path = path;
    this.#answers = new AgentMessageReader(
      ByteStream.reading(conn, READ_BYTES),
    );
  }

  async ask(message: Uint8Array): Promise<Uint8Array> {
    if (!isAllowed(message)) return FAILURE;
    let answer: Uint8Array | null;
    try {
      let rest = frame(message);
      while (rest.length > 0) {
        rest = rest.subarray(await this.#conn.write(rest));
      }
      answer = await this.#answers.next();
    } catch (cause) {
      throw cause instanceof AgentMessageError
        ? this.#failure(`sent what is no answer: ${cause.message}`, cause)
        : this.#failure("went away while a step used it", cause);
    }
    if (answer === null) throw this.#failure("went away while a step used it");
    return answer;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }

  #failure(what: string, cause?: unknown): SshError {
    return new SshError(
      this.#id,
      `The ssh agent for id "${this.#id}" at ${this.#path} ${what}`,
      cause === undefined ? {} : { cause },
    );
  }
}

function isAllowed(message: Uint8Array): boolean {
  switch (message[0]) {
    case AgentMessage.REQUEST_IDENTITIES:
    case AgentMessage.SIGN_REQUEST:
      return true;
    case AgentMessage.EXTENSION:
      try {
        return new WireReader(message.subarray(1)).text() === SESSION_BIND;
      } catch (error) {
        if (error instanceof WireError) return false;
        throw error;
      }
    default:
      return false;
  }
}

/** Why a path can't be used, and what to do. */
export function reasonOf(error: unknown, path: string): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.ConnectionRefused) {
    return "nobody answers there; start an agent (ssh-agent) and add keys to it (ssh-add)";
  }
  if (error instanceof Deno.errors.NotCapable) {
    return `no permission; run with --allow-read=${path} --allow-write=${path}`;
  }
  if (error instanceof Deno.errors.PermissionDenied) return "no permission";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  return error instanceof Error ? error.message : String(error);
}

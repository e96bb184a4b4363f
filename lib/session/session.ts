import { serveGrpc } from "../grpc/server.ts";
import type { GrpcMethod } from "../grpc/method.ts";
import type { ByteDuplex } from "../streams/duplex.ts";
import { healthService } from "./health.ts";

/** How a session ended. */
export type SessionEnd =
  | { readonly reason: "closed" }
  | { readonly reason: "lost"; readonly error: Error | undefined };

/** The HTTP headers with which a session is opened. */
export type SessionHeaders = readonly (readonly [
  name: string,
  value: string,
])[];

/**
 * A BuildKit session: the gRPC services that we offer the engine while it
 * builds. How the connection was opened makes no difference to it.
 */
export class Session {
  /**
   * 128 random bits in hex. It must not be guessed: whoever knows the id of a
   * session can use the session.
   */
  readonly id: string = crypto.randomUUID().replaceAll("-", "");
  readonly #methods: readonly GrpcMethod[];
  readonly #onError: ((error: unknown) => void) | undefined;
  #drop: (() => void) | undefined;

  /**
   * @param methods The methods that are offered besides health.
   * @param onError Called with an error that is no gRPC status; the engine gets
   * only "internal error".
   */
  constructor(
    methods: readonly GrpcMethod[],
    onError?: (error: unknown) => void,
  ) {
    this.#methods = [...healthService(), ...methods];
    this.#onError = onError;
  }

  /** The paths of the methods that are offered. */
  get methods(): string[] {
    return this.#methods.map((method) => method.path);
  }

  /**
   * The headers with which the session is opened; BuildKit defines them in
   * `session/grpchijack`.
   *
   * @param name A name for the session, which old engines write into their log.
   * @param sharedKey The key under which the engine keeps transferred folders;
   * empty for none.
   */
  headers(name: string, sharedKey: string = ""): SessionHeaders {
    return [
      ["X-Docker-Expose-Session-Uuid", this.id],
      ["X-Docker-Expose-Session-Name", name],
      ["X-Docker-Expose-Session-Sharedkey", sharedKey],
      ...this.methods.map((path) =>
        ["X-Docker-Expose-Session-Grpc-Method", path] as const
      ),
    ];
  }

  /**
   * Serves the engine on this connection.
   *
   * @returns Resolves when the connection has ended, on whichever side; never
   * rejects.
   */
  async serve(duplex: ByteDuplex): Promise<SessionEnd> {
    const connection = serveGrpc(duplex, this.#methods, {
      ...(this.#onError === undefined
        ? {}
        : { onError: (_path, error) => this.#onError?.(error) }),
    });
    this.#drop = () => connection.close();
    const end = await connection.closed;
    return end.reason === "local"
      ? { reason: "closed" }
      : { reason: "lost", error: end.error };
  }

  /** Ends the connection and every call on it, at once. */
  close(): void {
    this.#drop?.();
  }
}

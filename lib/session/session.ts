import { serveGrpc } from "../grpc/server.ts";
import type { GrpcMethod } from "../grpc/method.ts";
import type { ByteDuplex } from "../streams/duplex.ts";
import { healthService } from "./health.ts";

/** How a session ended. */
export type SessionEnd =
  | { readonly reason: "closed" }
  | { readonly reason: "lost"; readonly error: Error | undefined };

/** How a session introduces itself when its connection is made. */
export type SessionHeaders = readonly (readonly [
  name: string,
  value: string,
])[];

/**
 * A BuildKit session: what we offer the engine while it builds. It does not
 * know how the connection came about; the engine does not know what is offered
 * behind the names.
 */
export class Session {
  /** Unique, and 128 random bits: who knows the id of a session can use it. */
  readonly id: string = crypto.randomUUID().replaceAll("-", "");
  readonly #methods: readonly GrpcMethod[];
  readonly #onError: ((error: unknown) => void) | undefined;
  #drop: (() => void) | undefined;

  /**
   * @param methods What is offered, besides health.
   * @param onError Told of a call that failed for a reason of our own; the
   * engine hears only "internal error".
   */
  constructor(
    methods: readonly GrpcMethod[],
    onError?: (error: unknown) => void,
  ) {
    this.#methods = [...healthService(), ...methods];
    this.#onError = onError;
  }

  /** The names of the methods on offer. */
  get methods(): string[] {
    return this.#methods.map((method) => method.path);
  }

  /**
   * How it introduces itself; the names are BuildKit's (`session/grpchijack`).
   *
   * @param name Shown in old engines' logs.
   * @param sharedKey Under which the engine keeps transferred folders; empty
   * for none.
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
   * @returns When the connection is over, whoever ended it. Never rejects.
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

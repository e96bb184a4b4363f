import { ConnectionError } from "../errors.ts";
import { isPlainObject } from "../plain_object.ts";

/**
 * The server's certificate, and which clients' certificates it accepts; all in
 * PEM.
 */
export interface GatewayTls {
  /** The certificate, followed by those of the authorities that signed it. */
  readonly cert: string;
  /** Its private key. */
  readonly key: string;
  /**
   * The authority that signs clients' certificates; if given, each client needs
   * one.
   */
  readonly clientCa?: string | undefined;
}

/**
 * Where a gateway listens: at a Unix socket, at a port with TLS, or at a port of
 * this machine alone. A port that others reach needs TLS, and a certificate or a
 * token of each client.
 *
 * @example
 * ```ts
 * import type { GatewayListen } from "@davit/build";
 *
 * const socket: GatewayListen = { path: "/run/davit/gateway.sock" };
 * const here: GatewayListen = { port: 8080, plainLoopback: true };
 * const cert = await Deno.readTextFile("certs/cert.pem");
 * const key = await Deno.readTextFile("certs/key.pem");
 * const token = crypto.randomUUID(); // what clients send as Bearer token
 * const anywhere: GatewayListen = { port: 8443, tls: { cert, key }, token };
 * ```
 */
export type GatewayListen =
  | {
    /** A Unix socket, made with mode 0600: the file system says who may use it. */
    readonly path: string;
  }
  | {
    /** Address to listen at; `0.0.0.0` unless given. */
    readonly hostname?: string | undefined;
    /** Port; 0 takes a free one. */
    readonly port: number;
    /** TLS. Clients then show a certificate, a token, or both. */
    readonly tls: GatewayTls;
    /** Bearer token, of at least 16 characters. */
    readonly token?: string | undefined;
  }
  | {
    /** A loopback address; `127.0.0.1` unless given. */
    readonly hostname?: string | undefined;
    /** Port; 0 takes a free one. */
    readonly port: number;
    /**
     * Confirms that every program and user of this machine may use the gateway.
     */
    readonly plainLoopback: true;
    /** Bearer token, of at least 16 characters. */
    readonly token?: string | undefined;
  };

const LOOPBACK_REGEXP =
  /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|\[::1\])$/;

/**
 * The default socket, which only this user can reach; undefined where there is
 * no folder for it.
 */
export function defaultListen(): GatewayListen | undefined {
  const folder = Deno.env.get("XDG_RUNTIME_DIR") ?? "";
  return folder.startsWith("/") ? { path: `${folder}/davit.sock` } : undefined;
}

/**
 * The error of an address at which the system lets nobody listen.
 *
 * @param at The address, as it is told.
 * @param why What is wrong, unless the port is taken; the system's words unless
 * given.
 */
export function cannotListen(
  at: string,
  cause: unknown,
  why: string = cause instanceof Error ? cause.message : String(cause),
): ConnectionError {
  const isTaken = cause instanceof Error &&
    (cause as { code?: unknown }).code === "EADDRINUSE";
  return new ConnectionError(
    `Cannot serve a gateway at ${at}: ${
      isTaken
        ? "something listens at this port already; take another one, or 0 for any that is free"
        : why
    }`,
    { cause },
  );
}

/**
 * Checks where to listen and how that is protected.
 *
 * @throws {TypeError} If it would be open to anybody.
 */
export function checkListen(listen: GatewayListen): void {
  const refuse = (why: string) => {
    throw new TypeError(`Cannot serve a gateway: ${why}`);
  };
  if (!isPlainObject(listen)) {
    refuse(
      'listen is { path: "/run/davit.sock" } for a Unix socket, { port, tls, token } or { port, plainLoopback: true }',
    );
  }
  if ("path" in listen) {
    if (
      typeof listen.path !== "string" || listen.path === "" ||
      listen.path.includes("\0")
    ) {
      refuse("the path of its socket is empty or holds a NUL");
    }
    return;
  }
  const { port } = listen;
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    refuse("a port is a number from 0 to 65535");
  }
  if ("tls" in listen && listen.tls !== undefined) {
    if (listen.token === undefined && listen.tls.clientCa === undefined) {
      refuse(
        "over TCP it needs a token or the authority of its clients' certificates: whoever builds has the engine's network and cache",
      );
    }
    return;
  }
  if (!("plainLoopback" in listen) || listen.plainLoopback !== true) {
    refuse("over TCP it needs TLS, or plainLoopback for this machine alone");
  }
  if (!LOOPBACK_REGEXP.test(listen.hostname ?? "127.0.0.1")) {
    refuse("without TLS it listens on a loopback address only");
  }
}

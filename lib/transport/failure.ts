import { ConnectionError } from "../errors.ts";
import { type Endpoint, formatEndpoint } from "./endpoint.ts";
import { permissionFlags, permissionsFor } from "./permissions.ts";

/**
 * Words in rustls' errors about certificates, or about a peer that does not
 * speak TLS.
 */
const TLS_REGEXP = /certificate|alert|handshake|corrupt message|tls/i;

/**
 * Turns a failure to reach `endpoint` into an error that says what to do. An
 * abort, and a {@linkcode ConnectionError}, are returned unchanged.
 */
export function connectionFailure(
  endpoint: Endpoint,
  cause: unknown,
): unknown {
  if (cause instanceof ConnectionError) return cause;
  if (cause instanceof DOMException && cause.name === "AbortError") {
    return cause;
  }
  const where = formatEndpoint(endpoint);
  if (cause instanceof Deno.errors.NotCapable) {
    return new ConnectionError(
      `Deno was not given the permission to reach ${where}: run it with ${
        permissionFlags(permissionsFor(endpoint)).join(" ")
      }`,
      { cause },
    );
  }
  return new ConnectionError(`${sentence(endpoint, where, cause)}`, { cause });
}

/** The error for a request of a client that was closed. */
export function closedClient(endpoint: Endpoint): ConnectionError {
  return new ConnectionError(
    `The client of ${formatEndpoint(endpoint)} is closed: make a new one`,
  );
}

function sentence(endpoint: Endpoint, where: string, cause: unknown): string {
  if (endpoint.kind === "unix") {
    if (cause instanceof Deno.errors.NotFound) {
      return `No engine at ${where}: no such socket; start the engine or set DOCKER_HOST to its address`;
    }
    if (cause instanceof Deno.errors.PermissionDenied) {
      return `No permission for ${where}: add yourself to the group that owns the socket (usually "docker"), or use a rootless engine`;
    }
    if (cause instanceof Deno.errors.ConnectionRefused) {
      return `No engine at ${where}: the socket is there but nobody listens; start the engine`;
    }
  }
  if (cause instanceof Deno.errors.ConnectionRefused) {
    return `No engine at ${where}: connection refused; is it running, and is that its port?`;
  }
  const words = cause instanceof Error ? rootMessage(cause) : String(cause);
  if (
    endpoint.kind === "tcp" && endpoint.tls !== undefined &&
    TLS_REGEXP.test(words)
  ) {
    return `No connection to ${where}: ${words}; for certificates see DOCKER_TLS_VERIFY and DOCKER_CERT_PATH`;
  }
  return `The connection to ${where} failed: ${words}; is the engine still running?`;
}

/**
 * The message of the innermost cause: `fetch` wraps the real error several
 * times.
 */
function rootMessage(error: Error): string {
  let root = error;
  while (root.cause instanceof Error) root = root.cause;
  return root.message.replace(/ for url \([^)]*\)/, "");
}

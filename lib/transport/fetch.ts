import { ConnectionError } from "../errors.ts";
import type { Transport } from "./transport.ts";

/** How {@linkcode fetchTransport} sends. */
export interface FetchTransportOptions {
  /** Sends each request; the platform's `fetch` unless given. */
  readonly fetch?: typeof globalThis.fetch;
  /** Added to each request, such as `Authorization`. */
  readonly headers?: HeadersInit;
}

/**
 * A transport that has nothing but `fetch`, as on Deno Deploy. It can't serve
 * a session: secrets travel in the header alone, so `base` must lead to
 * something that gives the header its meaning.
 *
 * @param base Address that the engine's paths are put behind.
 * @example
 * ```ts ignore
 * const docker = new DockerClient(
 *   fetchTransport("https://builds.example.com", {
 *     headers: { authorization: `Bearer ${token}` },
 *   }),
 * );
 * ```
 */
export function fetchTransport(
  base: string | URL,
  options: FetchTransportOptions = {},
): Transport {
  const url = new URL(base);
  const prefix = url.href.replace(/\/$/, "");
  const send = options.fetch ?? globalThis.fetch;
  return {
    endpoint: `${url.origin}${url.pathname.replace(/\/$/, "")}`,
    async fetch(path, init = {}) {
      const headers = new Headers(init.headers);
      new Headers(options.headers).forEach((value, name) =>
        headers.set(name, value)
      );
      try {
        return await send(prefix + path, { ...init, headers });
      } catch (cause) {
        init.signal?.throwIfAborted();
        if (!(cause instanceof TypeError)) throw cause;
        throw new ConnectionError(
          `The connection to ${url.origin} failed: is something listening there?`,
          { cause },
        );
      }
    },
    close() {},
  };
}

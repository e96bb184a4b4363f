import { ConnectionError } from "../errors.ts";
import type { Transport } from "./transport.ts";

/** Options of {@linkcode fetchTransport}. */
export interface FetchTransportOptions {
  /**
   * The function that sends each request; the platform's `fetch` by default.
   */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Headers for each request, such as `Authorization`. */
  readonly headers?: HeadersInit | undefined;
}

/**
 * A transport that uses only `fetch`, as on Deno Deploy. It can't serve a
 * session: secrets are sent in the header `X-BuildKit-Secrets` alone, so `base`
 * must be the address of a server that reads it, such as davit's gateway.
 *
 * Redirects are not followed, because the next server would get the secrets.
 *
 * @param base Address that the engine's paths are put behind: `http:` or
 * `https:`, without a query.
 * @throws {TypeError} If it is something else.
 * @example
 * ```ts
 * import { DockerClient, fetchTransport } from "@davit/build";
 *
 * await using docker = new DockerClient(
 *   fetchTransport("https://builds.example.com", {
 *     headers: { authorization: `Bearer ${Deno.env.get("BUILDS_TOKEN")}` },
 *   }),
 * );
 * console.log(await docker.version());
 * ```
 */
export function fetchTransport(
  base: string | URL,
  options: FetchTransportOptions = {},
): Transport {
  const url = new URL(base);
  if (!/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "") {
    // The address is shown without its query, which may hold a token.
    throw new TypeError(
      `Cannot reach an engine by fetch at ${url.protocol}//${url.host}${url.pathname}: expected an http: or https: address without a query; a token goes into the option headers, and DockerClient.fromDockerHost() takes other addresses`,
    );
  }
  const prefix = url.href.replace(/\/$/, "");
  const send = options.fetch ?? globalThis.fetch;
  return {
    endpoint: `${url.origin}${url.pathname.replace(/\/$/, "")}`,
    async fetch(path, init = {}) {
      const headers = new Headers(init.headers);
      new Headers(options.headers).forEach((value, name) =>
        headers.set(name, value)
      );
      let response: Response;
      try {
        response = await send(prefix + path, {
          ...init,
          headers,
          redirect: "manual",
        });
      } catch (cause) {
        init.signal?.throwIfAborted();
        if (!(cause instanceof TypeError)) throw cause;
        throw new ConnectionError(
          `The connection to ${url.origin} failed: is something listening there?`,
          { cause },
        );
      }
      // A browser does not follow the redirect and hides its target; another
      // `fetch` that the caller gave may have followed it.
      if (response.type === "opaqueredirect" || response.redirected) {
        await response.body?.cancel();
        throw new ConnectionError(
          `What answers at ${url.origin} sends requests on to another address: give that one, if you trust it with the secrets`,
        );
      }
      return response;
    },
    close() {},
  };
}

import type { ByteDuplex } from "../streams/duplex.ts";
import { connDuplex } from "./conn.ts";
import {
  bracketed,
  type Endpoint,
  formatEndpoint,
  hostPort,
  type TlsFiles,
} from "./endpoint.ts";
import type { RequestClient } from "./request_client.ts";
import type { Transport } from "./transport.ts";
import { upgradeConnection } from "./upgrade.ts";

/**
 * How long connecting once more may take, which shows why a request failed, in
 * milliseconds.
 */
const DIAL_AGAIN_MS = 1000;

/** What is spoken on a connection, which TLS is told. */
type Protocol = "http/1.1" | "h2";

/** An endpoint that this process connects to without another program. */
export type DirectEndpoint = Extract<Endpoint, { kind: "unix" | "tcp" }>;

/**
 * A transport over a Unix socket, TCP or TLS.
 *
 * All connections go directly to the engine; the proxy variables (`HTTP_PROXY`,
 * `HTTPS_PROXY`, `ALL_PROXY`) are not used. Docker's CLI uses them for requests
 * to other machines, but not for upgrades, which a build needs: where an engine
 * can only be reached through a proxy, docker's CLI can't build either.
 */
export function directTransport(endpoint: DirectEndpoint): Transport {
  let client: Promise<RequestClient> | undefined;
  let closed = false;
  const checkOpen = async () => {
    if (closed) throw (await import("./failure.ts")).closedClient(endpoint);
  };
  return {
    endpoint: formatEndpoint(endpoint),
    async fetch(path, init = {}) {
      await checkOpen();
      try {
        client ??= openClient(endpoint);
        return await (await client.catch((error) => {
          client = undefined; // the permission may be given later
          throw error;
        })).fetch(path, init);
      } catch (error) {
        init.signal?.throwIfAborted();
        throw await failureOf(endpoint, await underlying(endpoint, error));
      }
    },
    async upgrade(path, init) {
      await checkOpen();
      const { signal } = init;
      const duplex = await dialDuplex(endpoint, {
        signal,
        protocol: "http/1.1",
      });
      return await upgradeConnection(duplex, path, init);
    },
    async dial(signal) {
      await checkOpen();
      return await dialDuplex(endpoint, { signal, protocol: "h2" });
    },
    close() {
      closed = true;
      const opened = client;
      client = undefined;
      // If the client could not be opened, there is nothing to close.
      return opened?.then((client) => client.close(), () => {});
    },
  };
}

async function openClient(endpoint: DirectEndpoint): Promise<RequestClient> {
  if (endpoint.kind === "tcp" && endpoint.tls !== undefined) {
    const { openTlsClient } = await import("./tls_client.ts");
    const { hostname, port, tls } = endpoint;
    return openTlsClient(
      { hostname, port, tls },
      (signal) => dial(endpoint, signal),
    );
  }
  const client = Deno.createHttpClient({
    // A `proxy` that names the endpoint itself: it replaces the proxies of the
    // environment.
    proxy: endpoint.kind === "unix"
      ? { transport: "unix", path: endpoint.path }
      : {
        transport: "tcp",
        hostname: bracketed(endpoint.hostname),
        port: endpoint.port,
      },
    // Only HTTP/1.1, because a session needs its `Upgrade`; requests use the
    // same version.
    http2: false,
    poolIdleTimeout: 30_000,
    poolMaxIdlePerHost: 8,
  });
  const base = endpoint.kind === "unix"
    ? "http://localhost"
    : `http://${hostPort(endpoint)}`;
  return {
    fetch: (path, init) =>
      fetch(base + path, { ...init, client, redirect: "manual" }),
    close: () => client.close(),
  };
}

function tlsOptions(
  tls: TlsFiles,
): { caCerts?: string[]; cert?: string; key?: string } {
  return {
    ...(tls.ca === undefined ? {} : { caCerts: [tls.ca] }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
  };
}

async function dialDuplex(
  endpoint: DirectEndpoint,
  { signal, protocol }: {
    readonly signal: AbortSignal | undefined;
    readonly protocol: Protocol;
  },
): Promise<ByteDuplex> {
  try {
    return connDuplex(await dial(endpoint, signal, protocol));
  } catch (error) {
    signal?.throwIfAborted();
    throw await failureOf(endpoint, error);
  }
}

async function dial(
  endpoint: DirectEndpoint,
  signal: AbortSignal | undefined,
  protocol: Protocol = "http/1.1",
): Promise<Deno.Conn> {
  if (endpoint.kind === "unix") {
    return await Deno.connect({ transport: "unix", path: endpoint.path });
  }
  const { hostname, port, tls } = endpoint;
  if (tls === undefined) {
    const conn = await Deno.connect({
      hostname,
      port,
      ...(signal === undefined ? {} : { signal }),
    });
    conn.setNoDelay();
    return conn;
  }
  const { dialTls } = await import("./dial_tls.ts");
  return await dialTls({
    hostname,
    port,
    alpnProtocols: [protocol],
    ...tlsOptions(tls),
  }, signal ?? new AbortController().signal);
}

async function failureOf(
  endpoint: DirectEndpoint,
  error: unknown,
): Promise<unknown> {
  const { connectionFailure } = await import("./failure.ts");
  return connectionFailure(endpoint, error);
}

/**
 * The reason of a failed request. `fetch` says only "error sending request";
 * connecting once more shows whether the socket is missing, forbidden, or
 * without a listener.
 */
async function underlying(
  endpoint: DirectEndpoint,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof TypeError)) return error;
  try {
    const conn = await dial(endpoint, AbortSignal.timeout(DIAL_AGAIN_MS));
    conn.close();
    return error;
  } catch (reason) {
    return reason;
  }
}

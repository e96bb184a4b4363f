import type { ByteDuplex } from "../streams/duplex.ts";
import { connDuplex } from "./conn.ts";
import {
  bracketed,
  type Endpoint,
  formatEndpoint,
  hostPort,
  type TlsFiles,
} from "./endpoint.ts";
import { closedClient, connectionFailure } from "./failure.ts";
import type { RequestClient } from "./request_client.ts";
import type { Transport, UpgradeInit } from "./transport.ts";
import { upgradeConnection } from "./upgrade.ts";

/** An endpoint that this process can dial by itself. */
export type DirectEndpoint = Extract<Endpoint, { kind: "unix" | "tcp" }>;

/**
 * A transport over a Unix socket, TCP or TLS.
 *
 * The engine is dialled by itself, for requests and upgrades alike: no proxy of
 * the environment (`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`) ever comes between.
 * Docker's CLI sends requests to other machines through one, and its upgrades,
 * which a build is made of, past it: where only a proxy leads to an engine, it
 * can't build either.
 */
export function directTransport(endpoint: DirectEndpoint): Transport {
  let client: Promise<RequestClient> | undefined;
  let closed = false;
  const checkOpen = () => {
    if (closed) throw closedClient(endpoint);
  };
  return {
    endpoint: formatEndpoint(endpoint),
    async fetch(path, init = {}) {
      checkOpen();
      try {
        client ??= openClient(endpoint);
        return await (await client.catch((error) => {
          client = undefined; // the permission may be given later
          throw error;
        })).fetch(path, init);
      } catch (error) {
        init.signal?.throwIfAborted();
        throw connectionFailure(endpoint, await underlying(endpoint, error));
      }
    },
    async upgrade(path, init) {
      checkOpen();
      const duplex = await dialDuplex(endpoint, init);
      return await upgradeConnection(duplex, path, init);
    },
    close() {
      closed = true;
      const opened = client;
      client = undefined;
      // One that could not be opened has nothing to close.
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
      () => dial(endpoint, undefined),
    );
  }
  const client = Deno.createHttpClient({
    // Bound to the endpoint: what stands here goes before the environment's.
    proxy: endpoint.kind === "unix"
      ? { transport: "unix", path: endpoint.path }
      : {
        transport: "tcp",
        hostname: bracketed(endpoint.hostname),
        port: endpoint.port,
      },
    // HTTP/1.1 alone: a session needs its `Upgrade`, and one rule serves both.
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
  init: UpgradeInit,
): Promise<ByteDuplex> {
  try {
    return connDuplex(await dial(endpoint, init.signal));
  } catch (error) {
    init.signal?.throwIfAborted();
    throw connectionFailure(endpoint, error);
  }
}

async function dial(
  endpoint: DirectEndpoint,
  signal: AbortSignal | undefined,
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
  const conn = await Deno.connectTls(
    {
      hostname,
      port,
      alpnProtocols: ["http/1.1"],
      ...tlsOptions(tls),
    } as Deno.ConnectTlsOptions & Partial<Deno.TlsCertifiedKeyPem>,
  );
  try {
    await conn.handshake();
  } catch (error) {
    conn.close();
    throw error;
  }
  return conn;
}

/**
 * `fetch` says only "error sending request": dialling once more tells whether
 * the socket is missing, forbidden or deserted.
 */
async function underlying(
  endpoint: DirectEndpoint,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof TypeError)) return error;
  try {
    const conn = await dial(endpoint, AbortSignal.timeout(1000));
    conn.close();
    return error;
  } catch (reason) {
    return reason;
  }
}

import type { ByteDuplex } from "../streams/duplex.ts";
import { connDuplex } from "./conn.ts";
import {
  bracketed,
  type Endpoint,
  formatEndpoint,
  type TlsFiles,
} from "./endpoint.ts";
import { closedClient, connectionFailure } from "./failure.ts";
import type { Transport, UpgradeInit } from "./transport.ts";
import { upgradeConnection } from "./upgrade.ts";

/** An endpoint that this process can dial by itself. */
export type DirectEndpoint = Extract<Endpoint, { kind: "unix" | "tcp" }>;

/**
 * A transport over a Unix socket, TCP or TLS.
 *
 * Requests are `fetch` through a client that is bound to the one endpoint, so
 * that no proxy of the environment comes between; upgrades dial by themselves.
 */
export function directTransport(endpoint: DirectEndpoint): Transport {
  const base = endpoint.kind === "unix"
    ? "http://localhost"
    : `${endpoint.tls === undefined ? "http" : "https"}://${
      bracketed(endpoint.hostname)
    }:${endpoint.port}`;
  let client: Deno.HttpClient | undefined;
  let closed = false;
  const checkOpen = () => {
    if (closed) throw closedClient(endpoint);
  };
  return {
    endpoint: formatEndpoint(endpoint),
    async fetch(path, init = {}) {
      checkOpen();
      try {
        client ??= createClient(endpoint);
        return await fetch(base + path, {
          ...init,
          client,
          redirect: "manual",
        });
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
      client?.close();
      client = undefined;
    },
  };
}

function createClient(endpoint: DirectEndpoint): Deno.HttpClient {
  const pool = { poolIdleTimeout: 30_000, poolMaxIdlePerHost: 8 };
  if (endpoint.kind === "unix") {
    return Deno.createHttpClient({
      proxy: { transport: "unix", path: endpoint.path },
      ...pool,
    });
  }
  const { hostname, port, tls } = endpoint;
  // HTTP/1.1 alone: a session needs its `Upgrade`, and one rule serves both.
  // Under TLS the "tcp" proxy is of no use (Deno then speaks plain HTTP to it),
  // so there HTTPS_PROXY of the environment applies, as for docker's own CLI.
  return Deno.createHttpClient({
    ...(tls === undefined
      ? { proxy: { transport: "tcp" as const, hostname, port } }
      : tlsOptions(tls)),
    http2: false,
    ...pool,
  });
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

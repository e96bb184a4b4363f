// `tcp://` with TLS, mostly with a certificate on both sides (mTLS).

// @ts-types="../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";
import type { ByteDuplex } from "../streams/duplex.ts";
import { connDuplex } from "../transport/conn.ts";
import { hostPort, isLoopback } from "../transport/endpoint.ts";
import type { AddressOf } from "./address.ts";
import type { Connector } from "./connector.ts";
import { tcpFault } from "./direct.ts";
import { tlsFault } from "./tls_fault.ts";
import type { TlsMaterial } from "./tls_files.ts";

/** What is spoken over TLS; grpc-go refuses those who do not offer it. */
const ALPN = ["h2"];

/** A daemon's TCP port, with TLS. */
export function tlsConnector(
  { hostname, port }: AddressOf<"tcp">,
  { ca, client, serverName }: TlsMaterial,
): Connector {
  return {
    isHere: isLoopback(hostPort({ hostname, port })),
    isPlain: false,
    scheme: "https",
    async dial(signal) {
      if (serverName !== undefined && serverName !== hostname) {
        const { dialNamed } = await import("./named_tls.ts");
        return await dialNamed(
          { hostname, port, serverName, ca, client, alpn: ALPN },
          signal,
        );
      }
      return await dialTls({ hostname, port, ca, client }, signal);
    },
    explain(cause) {
      return tcpFault({ hostname, port }, cause) ??
        tlsFault(cause, { hasClient: client !== undefined });
    },
    close: () => Promise.resolve(),
  };
}

async function dialTls(
  { hostname, port, ca, client }: AddressOfTls,
  signal: AbortSignal,
): Promise<ByteDuplex> {
  const connecting = Deno.connectTls(
    {
      hostname,
      port,
      alpnProtocols: ALPN,
      ...(ca === undefined ? {} : { caCerts: [ca] }),
      ...client,
    } as Deno.ConnectTlsOptions,
  );
  // It takes no signal; a connection that comes too late is closed.
  const conn = await abortable(connecting, signal).catch((error) => {
    connecting.then((late) => late.close(), () => {});
    throw error;
  });
  try {
    await abortable(conn.handshake(), signal);
  } catch (error) {
    // A handshake that is not closed goes on, and keeps the program from its end.
    conn.close();
    throw error;
  }
  return connDuplex(conn);
}

/** Where TLS is spoken, and with what. */
interface AddressOfTls extends Pick<TlsMaterial, "ca" | "client"> {
  readonly hostname: string;
  readonly port: number;
}

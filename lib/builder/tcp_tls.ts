// `tcp://` with TLS, mostly with a certificate on both sides (mTLS).

import { connDuplex } from "../transport/conn.ts";
import { dialTls } from "../transport/dial_tls.ts";
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
      return connDuplex(
        await dialTls({
          hostname,
          port,
          alpnProtocols: ALPN,
          ...(ca === undefined ? {} : { caCerts: [ca] }),
          ...client,
        }, signal),
      );
    },
    explain(cause) {
      return tcpFault({ hostname, port }, cause) ??
        tlsFault(cause, {
          hasClient: client !== undefined,
          hasCa: ca !== undefined,
        });
    },
    close: () => Promise.resolve(),
  };
}

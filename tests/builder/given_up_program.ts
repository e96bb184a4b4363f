// Gives up a TLS handshake that nobody answers; it must then come to its end.

import { tlsConnector } from "../../lib/builder/tcp_tls.ts";

const [port] = Deno.args;
await tlsConnector(
  { kind: "tcp", hostname: "127.0.0.1", port: Number(port) },
  { ca: undefined, client: undefined, serverName: undefined },
).dial(AbortSignal.timeout(200)).catch(() => {});

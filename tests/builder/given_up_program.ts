// Gives up TLS handshakes that nobody answers, as with a daemon and as with an
// engine; it must then come to its end.

import { tlsConnector } from "../../lib/builder/tcp_tls.ts";
import { connectEndpoint } from "../../lib/transport/connect.ts";

const [port] = Deno.args;
const address = {
  kind: "tcp",
  hostname: "127.0.0.1",
  port: Number(port),
} as const;
await tlsConnector(
  address,
  { ca: undefined, client: undefined, serverName: undefined },
).dial(AbortSignal.timeout(200)).catch(() => {});
(await connectEndpoint({ ...address, tls: {} }))
  .fetch("/_ping", { signal: AbortSignal.timeout(200) }).catch(() => {});

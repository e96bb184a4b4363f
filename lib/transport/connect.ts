import { directTransport } from "./direct.ts";
import type { Endpoint } from "./endpoint.ts";
import { sshTransport } from "./ssh.ts";
import type { Transport } from "./transport.ts";

/** Makes the transport for an endpoint. It connects with the first request. */
export function connectEndpoint(endpoint: Endpoint): Transport {
  return endpoint.kind === "ssh"
    ? sshTransport(endpoint)
    : directTransport(endpoint);
}

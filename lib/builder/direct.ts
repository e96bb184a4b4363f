// `unix://` and `tcp://` without TLS: HTTP/2 from the first byte.

import { speaksOtherwise } from "../http2/error.ts";
import { connDuplex } from "../transport/conn.ts";
import { hostPort, isLoopback } from "../transport/endpoint.ts";
import { permissionFlags } from "../transport/permissions.ts";
import type { AddressOf } from "./address.ts";
import type { Connector } from "./connector.ts";

/** A daemon's Unix socket. */
export function unixConnector({ path }: AddressOf<"unix">): Connector {
  return {
    isHere: true,
    isPlain: false,
    scheme: "http",
    async dial() {
      return connDuplex(await Deno.connect({ transport: "unix", path }));
    },
    explain(cause) {
      if (cause instanceof Deno.errors.NotCapable) {
        return notPermitted([
          { kind: "net", what: `unix:${path}` },
          { kind: "read", what: path },
          { kind: "write", what: path },
        ]);
      }
      if (cause instanceof Deno.errors.NotFound) {
        return "no such socket; start buildkitd, or give the address at which it listens";
      }
      if (cause instanceof Deno.errors.PermissionDenied) {
        return "no permission for the socket; add yourself to the group that owns it, or use a rootless daemon";
      }
      if (cause instanceof Deno.errors.ConnectionRefused) {
        return "the socket is there but nobody listens; start buildkitd";
      }
      return undefined;
    },
    close: () => Promise.resolve(),
  };
}

/** A daemon's TCP port, without TLS. */
export function tcpConnector(
  { hostname, port }: AddressOf<"tcp">,
): Connector {
  const isHere = isLoopback(hostPort({ hostname, port }));
  return {
    isHere,
    isPlain: !isHere,
    scheme: "http",
    async dial(signal) {
      const conn = await Deno.connect({ hostname, port, signal });
      conn.setNoDelay();
      return connDuplex(conn);
    },
    explain(cause) {
      const fault = tcpFault({ hostname, port }, cause);
      if (fault !== undefined || speaksOtherwise(cause)) return fault;
      return "what listens there ended the connection without a word of HTTP/2; does it want TLS (the option tls, or cacert, cert and key of a builder's driver options), and is it a BuildKit daemon?";
    },
    close: () => Promise.resolve(),
  };
}

/** What an error of TCP itself means; undefined for one of what runs over it. */
export function tcpFault(
  address: { readonly hostname: string; readonly port: number },
  cause: Error,
): string | undefined {
  if (cause instanceof Deno.errors.NotCapable) {
    return notPermitted([{ kind: "net", what: hostPort(address) }]);
  }
  if (cause instanceof Deno.errors.ConnectionRefused) {
    return "connection refused; is buildkitd running, and is that its port?";
  }
  return undefined;
}

/** What to do where Deno's permissions do not allow it. */
export function notPermitted(
  needed: Parameters<typeof permissionFlags>[0],
): string {
  return `Deno was not given the permission; run it with ${
    permissionFlags(needed).join(" ")
  }`;
}

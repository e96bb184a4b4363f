import { bracketed, hostPort } from "../transport/endpoint.ts";
import { acceptAll, type Acceptor } from "./acceptor.ts";
import { cannotListen, checkListen, type GatewayListen } from "./listen.ts";
import { listenTls } from "./listen_tls.ts";
import { listenUnix } from "./listen_unix.ts";

/**
 * Begins to listen; see {@linkcode checkListen}.
 *
 * @param maxConnections With TLS: most open connections, those in their
 * handshake among them. Without TLS, whoever serves the connections counts
 * them.
 * @throws {ConnectionError} If it can't listen there.
 * @throws {UnsupportedError} For TLS on a Deno that is too old for it.
 */
export async function openAcceptor(
  listen: GatewayListen,
  maxConnections: number,
): Promise<Acceptor> {
  checkListen(listen);
  if ("path" in listen) return await listenUnix(listen.path);
  if ("tls" in listen) return await listenTls(listen, maxConnections);
  const { hostname = "127.0.0.1", port } = listen;
  let listener: Deno.TcpListener;
  try {
    listener = Deno.listen({ hostname, port });
  } catch (cause) {
    throw cannotListen(hostPort({ hostname, port }), cause);
  }
  const { addr } = listener;
  return {
    address: `tcp://${hostPort({ hostname, port: addr.port })}`,
    // A web page whose own host name was made to resolve to this machine (DNS
    // rebinding) gives that name here, and is refused.
    hosts: new Set(["localhost", "127.0.0.1", "[::1]", bracketed(hostname)]),
    connections: acceptAll(listener),
    close: () => {
      listener.close();
      return Promise.resolve();
    },
  };
}

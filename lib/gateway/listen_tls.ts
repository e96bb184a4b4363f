import type { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { Duplex } from "node:stream";
import { requireDenoFor, TLS_LISTENING_DENO } from "../deno_version.ts";
import type { ByteDuplex } from "../streams/duplex.ts";
import { hostPort } from "../transport/endpoint.ts";
import type { Acceptor } from "./acceptor.ts";
import { cannotListen, type GatewayListen, type GatewayTls } from "./listen.ts";

const HANDSHAKE_MS = 10_000;

/**
 * Listens with TLS. Deno's own listener can't ask clients for certificates.
 *
 * @throws {ConnectionError} If it can't listen there.
 * @throws {UnsupportedError} If this Deno is too old for it.
 */
export async function listenTls(
  { hostname = "0.0.0.0", port, tls }: Extract<
    GatewayListen,
    { tls: GatewayTls }
  >,
  maxConnections: number,
): Promise<Acceptor> {
  requireDenoFor("a gateway over TLS", TLS_LISTENING_DENO);
  const server = createServer({
    cert: tls.cert,
    key: tls.key,
    ALPNProtocols: ["http/1.1"],
    minVersion: "TLSv1.2",
    handshakeTimeout: HANDSHAKE_MS,
    ...(tls.clientCa === undefined ? {} : {
      ca: tls.clientCa,
      requestCert: true,
      rejectUnauthorized: true,
    }),
  });
  let sink!: ReadableStreamDefaultController<ByteDuplex>;
  const connections = new ReadableStream<ByteDuplex>({
    start: (controller) => void (sink = controller),
  });
  let closed = false;
  // A connection in its handshake uses a file descriptor as well, so it counts.
  const standing = new Set<Socket>();
  const shaking = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    if (closed || standing.size >= maxConnections) {
      socket.destroy();
      return;
    }
    standing.add(socket);
    shaking.add(socket);
    socket.once("close", () => {
      standing.delete(socket);
      shaking.delete(socket);
    });
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    socket.on("error", () => socket.destroy()); // its streams tell their reader
    if (closed || (tls.clientCa !== undefined && !socket.authorized)) {
      socket.destroy();
      return;
    }
    for (const raw of shaking) {
      if (isSame(raw, socket)) shaking.delete(raw);
    }
    sink.enqueue({
      ...Duplex.toWeb(socket) as unknown as ByteDuplex,
      close: () => void socket.destroy(),
    });
  });
  // A client whose handshake failed gets no answer.
  server.on(
    "tlsClientError",
    (_error: Error, socket: TLSSocket) => socket.destroy(),
  );
  await new Promise<void>((resolve, reject) => {
    server.once(
      "error",
      (cause) => reject(cannotListen(hostPort({ hostname, port }), cause)),
    );
    // Node wants an IPv6 address without brackets.
    server.listen(port, hostname.replace(/^\[|\]$/g, ""), resolve);
  });
  // Errors from here on concern one connection, or the lack of a file
  // descriptor for it.
  server.on("error", () => {});
  const address = server.address() as { port: number };
  return {
    address: `https://${hostPort({ hostname, port: address.port })}`,
    hosts: undefined,
    connections,
    close() {
      if (closed) return Promise.resolve();
      closed = true;
      sink.close();
      for (const socket of shaking) socket.destroy();
      server.close();
      return Promise.resolve();
    },
  };
}

/**
 * Whether both sockets are the same connection: it is known by its two
 * addresses.
 */
function isSame(a: Socket, b: Socket): boolean {
  return a.remotePort === b.remotePort && a.remoteAddress === b.remoteAddress;
}

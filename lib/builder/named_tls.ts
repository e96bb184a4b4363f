// TLS with a server whose certificate has another name than its address. Deno's
// own `connectTls` takes no such name, and its `startTls` takes no certificate
// of the client, so node's is used here.

import { Duplex } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import type { ByteDuplex } from "../streams/duplex.ts";
import type { TlsMaterial } from "./tls_files.ts";

/** Where and how to connect. */
export interface NamedTls extends Pick<TlsMaterial, "ca" | "client"> {
  readonly hostname: string;
  readonly port: number;
  /** The name that the certificate must have. */
  readonly serverName: string;
  readonly alpn: readonly string[];
}

/** Connects, and checks the certificate against the given name. */
export async function dialNamed(
  { hostname, port, serverName, ca, client, alpn }: NamedTls,
  signal: AbortSignal,
): Promise<ByteDuplex> {
  signal.throwIfAborted();
  const socket = connect({
    host: hostname,
    port,
    servername: serverName,
    ALPNProtocols: [...alpn],
    ...(ca === undefined ? {} : { ca: [ca] }),
    ...client,
  });
  await opened(socket, signal);
  const { readable, writable } = Duplex.toWeb(socket) as unknown as {
    readonly readable: ReadableStream<Uint8Array>;
    readonly writable: WritableStream<Uint8Array>;
  };
  return { readable, writable, close: () => void socket.destroy() };
}

/** Waits for the handshake. */
async function opened(socket: TLSSocket, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const giveUp = () => reject(signal.reason);
  signal.addEventListener("abort", giveUp);
  socket.once("secureConnect", resolve);
  socket.once("error", reject);
  socket.once("close", () => reject(new Error("the connection was closed")));
  try {
    await promise;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", giveUp);
    socket.off("error", reject);
  }
}

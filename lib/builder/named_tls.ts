// TLS with a server whose certificate has another name than its address. Deno's
// own `connectTls` takes no such name, and its `startTls` takes no certificate
// of the client, so node's is used here.

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
  socket.on("error", () => {}); // told to who reads or writes
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return {
    readable: new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => void socket.destroy(),
    }, { highWaterMark: 0 }),
    // Settles when the chunk is written: it is used again then.
    writable: new WritableStream<Uint8Array>({
      write: (chunk) =>
        new Promise((resolve, reject) => {
          socket.write(chunk, (error) => error ? reject(error) : resolve());
        }),
      close: () => new Promise((resolve) => socket.end(() => resolve())),
      abort: () => void socket.destroy(),
    }),
    close: () => void socket.destroy(),
  };
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

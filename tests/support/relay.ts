import type { ByteDuplex } from "../../lib/streams/duplex.ts";
import { connDuplex } from "../../lib/transport/conn.ts";

/** One connection through a {@linkcode Relay}. */
export interface RelayedConnection {
  /** What the client sent so far, as Latin-1 text, up to the relay's limit. */
  request(): string;
  /** Drops both sides. */
  cut(): void;
  /** Whether the client still holds its side open. */
  readonly open: boolean;
}

/** A socket before an engine's socket: it records, counts and cuts. */
export interface Relay extends AsyncDisposable {
  /** `unix://` and its path. */
  readonly host: string;
  /** Every connection so far. */
  readonly connections: readonly RelayedConnection[];
  /** Connections whose request starts so. */
  find(start: string): RelayedConnection[];
}

/**
 * Starts a relay to an engine's socket.
 *
 * @param target The path of that socket, or what opens a connection.
 * @param maxRecorded How many bytes of a request are kept.
 */
export async function startRelay(
  target: string | (() => Promise<ByteDuplex>),
  maxRecorded: number = 2 * 1024 * 1024,
): Promise<Relay> {
  const folder = await Deno.makeTempDir({ prefix: "davit-relay-" });
  const path = `${folder}/docker.sock`;
  const listener = Deno.listen({ transport: "unix", path });
  const connections: RelayedConnection[] = [];
  const ends: Promise<unknown>[] = [];
  const accepting = (async () => {
    for await (const near of listener) {
      const far = typeof target === "string"
        ? connDuplex(await Deno.connect({ transport: "unix", path: target }))
        : await target();
      const chunks: Uint8Array[] = [];
      let recorded = 0;
      let open = true;
      const recorder = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          if (recorded < maxRecorded) {
            chunks.push(chunk.slice());
            recorded += chunk.length;
          }
          controller.enqueue(chunk);
        },
      });
      const a = connDuplex(near);
      const abort = new AbortController();
      const { signal } = abort;
      const both = Promise.allSettled([
        a.readable.pipeThrough(recorder).pipeTo(far.writable, { signal })
          .finally(() => open = false),
        far.readable.pipeTo(a.writable, { signal }),
      ]);
      ends.push(both);
      connections.push({
        request: () =>
          chunks.map((chunk) => new TextDecoder("latin1").decode(chunk)).join(
            "",
          ),
        cut: () => abort.abort(),
        get open() {
          return open;
        },
      });
    }
  })();
  return {
    host: `unix://${path}`,
    connections,
    find: (start) =>
      connections.filter((connection) =>
        connection.request().startsWith(start)
      ),
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting.catch(() => {}); // a closed listener ends with an error
      for (const connection of connections) connection.cut();
      await Promise.all(ends);
      await Deno.remove(folder, { recursive: true });
    },
  };
}

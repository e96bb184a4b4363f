import { connDuplex } from "../../lib/transport/conn.ts";

/** A proxy before a daemon's socket that can stop to forward. */
export interface StallingProxy extends AsyncDisposable {
  /** `unix://` and its path. */
  readonly address: string;
  /** From now on nothing passes, and nothing is closed. */
  stall(): void;
  /** How many PINGs the client has sent. */
  readonly pings: number;
}

/** Starts a proxy before a socket. */
export async function startStallingProxy(
  socketPath: string,
): Promise<StallingProxy> {
  const folder = await Deno.makeTempDir({ prefix: "davit-proxy-" });
  const path = `${folder}/b.sock`;
  const listener = Deno.listen({ transport: "unix", path });
  const over = Promise.withResolvers<void>();
  const ends: Promise<unknown>[] = [];
  const drops: (() => void)[] = [];
  let pings = 0;
  let isStalled = false;
  /** Passes chunks on until the proxy stalls. */
  const gate = () =>
    new TransformStream<Uint8Array, Uint8Array>({
      async transform(chunk, controller) {
        if (isStalled) await over.promise;
        // A frame of its own: 8 bytes of the type PING.
        if (chunk.length === 17 && chunk[3] === 6 && chunk[4] === 0) pings++;
        controller.enqueue(chunk);
      },
    });
  const accepting = (async () => {
    for await (const conn of listener) {
      const near = connDuplex(conn);
      const far = connDuplex(
        await Deno.connect({ transport: "unix", path: socketPath }),
      );
      const abort = new AbortController();
      drops.push(() => abort.abort());
      const { signal } = abort;
      const both = [
        near.readable.pipeThrough(gate()).pipeTo(far.writable, { signal }),
        far.readable.pipeThrough(gate()).pipeTo(near.writable, { signal }),
      ];
      ends.push(Promise.allSettled(both));
    }
  })();
  return {
    address: `unix://${path}`,
    stall() {
      isStalled = true;
    },
    get pings() {
      return pings;
    },
    async [Symbol.asyncDispose]() {
      over.resolve();
      listener.close();
      await accepting.catch(() => {}); // a closed listener ends with an error
      for (const drop of drops) drop();
      await Promise.all(ends);
      await Deno.remove(folder, { recursive: true });
    },
  };
}

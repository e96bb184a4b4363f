import type { ByteDuplex } from "../../lib/streams/duplex.ts";
import { connDuplex } from "../../lib/transport/conn.ts";

/** When a proxy stops to forward by itself. */
export interface StallOptions {
  /** Before the client's call of this number, from 1 on. */
  readonly atCall?: number;
  /** When so many bytes have come from the daemon. */
  readonly afterBytes?: number;
}

/** A proxy before a daemon's socket that can stop to forward. */
export interface StallingProxy extends AsyncDisposable {
  /** `unix://` and its path. */
  readonly address: string;
  /** From now on nothing passes, and nothing is closed. */
  stall(): void;
  /** How many PINGs the client has sent. */
  readonly pings: number;
  /** How many calls the client has made. */
  readonly calls: number;
  /** How many bytes have come from the daemon. */
  readonly bytes: number;
  /** How many connections the client has that it has not closed. */
  readonly open: number;
}

/** The type of a frame that begins a call, and that of a PING. */
const HEADERS = 1;
const PING = 6;

/** Counts frames of HTTP/2, whose bytes come in any pieces. */
class FrameCounter {
  /** The bytes of the head so far; the client begins with 24 of a preface. */
  #head: number[] = [];
  #skipped = 24;
  readonly counts = new Map<number, number>();

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      const skipped = Math.min(this.#skipped, chunk.length - at);
      this.#skipped -= skipped;
      at += skipped;
      if (this.#skipped > 0 || at === chunk.length) continue;
      this.#head.push(chunk[at++]!);
      if (this.#head.length < 9) continue;
      const [one, two, three, type, flags] = this.#head as [
        ...[number, number, number, number, number],
      ];
      this.#skipped = one * 65536 + two * 256 + three;
      this.#head = [];
      // An answer to a PING is none.
      if (type === PING && flags === 1) continue;
      this.counts.set(type, (this.counts.get(type) ?? 0) + 1);
    }
  }
}

/** Starts a proxy before a socket. */
export async function startStallingProxy(
  socketPath: string,
  { atCall = Infinity, afterBytes = Infinity }: StallOptions = {},
): Promise<StallingProxy> {
  const folder = await Deno.makeTempDir({ prefix: "davit-proxy-" });
  const path = `${folder}/b.sock`;
  const listener = Deno.listen({ transport: "unix", path });
  const over = Promise.withResolvers<void>();
  const ends: Promise<unknown>[] = [];
  const drops: (() => void)[] = [];
  const frames: FrameCounter[] = [];
  let isStalled = false;
  let bytes = 0;
  let open = 0;
  const count = (type: number) =>
    frames.reduce((sum, { counts }) => sum + (counts.get(type) ?? 0), 0);
  /** Passes chunks on until the proxy stalls. */
  const gate = (seen: (chunk: Uint8Array) => void) =>
    new TransformStream<Uint8Array, Uint8Array>({
      async transform(chunk, controller) {
        seen(chunk);
        isStalled ||= count(HEADERS) >= atCall || bytes >= afterBytes;
        if (isStalled) await over.promise;
        controller.enqueue(chunk);
      },
    });
  const join = (near: ByteDuplex, far: ByteDuplex) => {
    const abort = new AbortController();
    drops.push(() => abort.abort());
    const { signal } = abort;
    const counter = new FrameCounter();
    frames.push(counter);
    open++;
    const there = near.readable
      .pipeThrough(gate((chunk) => counter.push(chunk)))
      .pipeTo(far.writable, { signal });
    const back = far.readable
      .pipeThrough(gate((chunk) => bytes += chunk.length))
      .pipeTo(near.writable, { signal });
    ends.push(Promise.allSettled([there, back]));
  };
  const accepting = (async () => {
    for await (const conn of listener) {
      const closes = connDuplex(conn);
      const far = connDuplex(
        await Deno.connect({ transport: "unix", path: socketPath }),
      );
      join(watched(closes, () => open--), far);
    }
  })();
  return {
    address: `unix://${path}`,
    stall() {
      isStalled = true;
    },
    get pings() {
      return count(PING);
    },
    get calls() {
      return count(HEADERS);
    },
    get bytes() {
      return bytes;
    },
    get open() {
      return open;
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

/**
 * The same, which is read without a pause, so that its end is seen also while
 * nothing passes.
 */
function watched(
  { readable, ...rest }: ByteDuplex,
  onEnd: () => void,
): ByteDuplex {
  const unlimited = new TransformStream<Uint8Array, Uint8Array>(
    {},
    { highWaterMark: Infinity },
    { highWaterMark: Infinity },
  );
  readable.pipeTo(unlimited.writable).catch(() => {}).finally(onEnd);
  return { ...rest, readable: unlimited.readable };
}

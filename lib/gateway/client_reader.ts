import { concatBytes } from "../streams/bytes.ts";
import { Refusal } from "./refusal.ts";

/**
 * How much is kept of what a client sends after its request, while the gateway
 * watches for it to hang up.
 */
const AHEAD_BYTES = 64 * 1024;

/**
 * How a client has left: it hung up, or it sent so much more that a hang-up
 * could not be noticed.
 */
export type Left = "gone" | "ahead";

/**
 * Reads a client's connection. Bytes that were read and are not wanted yet can
 * be given back.
 */
export class ClientReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #held = new Uint8Array(0);
  #ended = false;
  #filling: Promise<void> | undefined;
  readonly #watchers = new Set<(how: Left) => void>();

  /** Takes the stream over. */
  constructor(readable: ReadableStream<Uint8Array>) {
    this.#reader = readable.getReader();
  }

  /**
   * The next bytes; null when the peer has sent all.
   *
   * @param patienceMs How long to wait for them.
   * @throws {Refusal} If they do not come in time, with status 408.
   */
  async read(patienceMs: number): Promise<Uint8Array | null> {
    if (this.#held.length === 0 && !this.#ended) {
      await inTime(
        this.#fill(),
        patienceMs,
        "the request did not go on in time",
      );
    }
    const bytes = this.#held;
    this.#held = new Uint8Array(0);
    return bytes.length === 0 ? null : bytes;
  }

  /** Gives bytes back: the next read returns them. */
  unread(bytes: Uint8Array): void {
    this.#held = concatBytes(bytes, this.#held);
  }

  /**
   * Calls back when the peer hangs up. What it sends before that is kept for
   * the next request; more than 64 KiB counts as a hang-up, because nothing is
   * read beyond that and the real one could not be seen.
   *
   * @returns Ends the watch.
   */
  watch(onLeft: (how: Left) => void): () => void {
    this.#watchers.add(onLeft);
    this.#watch();
    return () => void this.#watchers.delete(onLeft);
  }

  async #watch(): Promise<void> {
    try {
      while (
        !this.#ended && this.#watchers.size > 0 &&
        this.#held.length < AHEAD_BYTES
      ) await this.#fill();
    } catch {
      this.#ended = true; // the connection broke
    }
    // Nobody watches any more, or bytes are there: either way no further read.
    for (const onLeft of this.#watchers) onLeft(this.#ended ? "gone" : "ahead");
    this.#watchers.clear();
  }

  /**
   * Reads once; several callers wait for the same read. After it there are
   * bytes, or the end was reached.
   */
  #fill(): Promise<void> {
    return this.#filling ??= this.#reader.read().then(({ done, value }) => {
      this.#filling = undefined;
      if (done) this.#ended = true;
      else {
        this.#held = this.#held.length === 0
          ? value as Uint8Array<ArrayBuffer>
          : concatBytes(this.#held, value);
      }
    });
  }

  /** Reads no more. */
  async cancel(reason?: unknown): Promise<void> {
    await this.#reader.cancel(reason).catch(() => {}); // it is closed either way
  }
}

/**
 * Waits for a client.
 *
 * @param fault What it did not do.
 * @throws {Refusal} If it takes longer, with status 408.
 */
export async function inTime<T>(
  promise: Promise<T>,
  ms: number,
  fault: string,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Refusal(408, `davit gateway: ${fault}`)),
    Math.max(0, ms),
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

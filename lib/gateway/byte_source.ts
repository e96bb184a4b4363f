import { concatBytes } from "../streams/bytes.ts";
import { Refusal } from "./refusal.ts";

/** Reads a connection, and can give back what it read too much of. */
export class ByteSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #held: Uint8Array | undefined;
  #pending: Promise<ReadableStreamReadResult<Uint8Array>> | undefined;

  /** Takes the stream over. */
  constructor(readable: ReadableStream<Uint8Array>) {
    this.#reader = readable.getReader();
  }

  /**
   * The next bytes; null when the peer has sent all.
   *
   * @param patienceMs How long to wait for them.
   * @throws {Refusal} If they do not come, with status 408.
   */
  async read(patienceMs: number): Promise<Uint8Array | null> {
    const held = this.#held;
    if (held !== undefined) {
      this.#held = undefined;
      return held;
    }
    const pending = this.#pending ??= this.#reader.read();
    const { done, value } = await inTime(pending, patienceMs);
    this.#pending = undefined;
    return done ? null : value;
  }

  /** Gives bytes back: they are what is read next. */
  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#held = this.#held === undefined
      ? bytes
      : concatBytes(bytes, this.#held);
  }

  /**
   * Resolves when the peer hangs up, as far as that can be known without
   * reading: behind a next request it can not.
   */
  gone(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#held !== undefined) return promise;
    const pending = this.#pending ??= this.#reader.read();
    pending.then(({ done }) => done && resolve(), () => resolve());
    return promise;
  }

  /** Reads no more. */
  async cancel(reason?: unknown): Promise<void> {
    await this.#reader.cancel(reason).catch(() => {}); // it is closed either way
  }
}

async function inTime<T>(promise: Promise<T>, ms: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      reject(
        new Refusal(408, "davit gateway: the request did not go on in time"),
      ),
    Math.max(0, ms),
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

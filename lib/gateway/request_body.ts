import type { ClientReader } from "./client_reader.ts";
import type { GatewayLimits } from "./limits.ts";
import { ChunkedBody } from "./chunked_body.ts";
import { malformed, Refusal } from "./refusal.ts";
import type { BodyLength } from "./request_head.ts";

/**
 * The body of one request, exactly: all of its bytes, and none of the next
 * request.
 */
export class RequestBody {
  /** The bytes; null where there is no body. Nothing is read ahead. */
  readonly stream: ReadableStream<Uint8Array> | null;
  readonly #onComplete: () => void;
  /** Why the body could not be read to its end. */
  failure: unknown;
  readonly #source: ClientReader;
  readonly #limits: GatewayLimits;
  #complete: boolean;
  #received = 0;
  /** Bytes that are still to come, of a body whose length was given. */
  #left: number;
  /** Decodes a chunked body; undefined where the length was given. */
  readonly #chunks: ChunkedBody | undefined;

  /**
   * @param onComplete Called when all of the body was read; not called where
   * there is none.
   * @throws {Refusal} If its announced length is too large.
   */
  constructor(
    source: ClientReader,
    length: BodyLength,
    limits: GatewayLimits,
    onComplete: () => void = () => {},
  ) {
    this.#onComplete = onComplete;
    this.#source = source;
    this.#limits = limits;
    this.#chunks = length === undefined
      ? new ChunkedBody((bytes) => {
        this.#checkSize(bytes);
        this.#received += bytes;
      })
      : undefined;
    this.#left = length ?? 0;
    this.#complete = length === 0;
    this.#checkSize(this.#left);
    this.stream = this.#complete ? null : new ReadableStream({
      pull: async (controller) => {
        try {
          const bytes = await this.#next();
          if (bytes !== null) return controller.enqueue(bytes);
          this.#finish();
          controller.close();
        } catch (error) {
          this.failure ??= error;
          throw error;
        }
      },
    }, { highWaterMark: 0 });
  }

  /** Whether all of it was read, so that another request can follow. */
  get complete(): boolean {
    return this.#complete;
  }

  #finish(): void {
    if (this.#complete) return;
    this.#complete = true;
    this.#onComplete();
  }

  async #next(): Promise<Uint8Array | null> {
    return this.#chunks === undefined
      ? await this.#nextOfLength()
      : await this.#nextOfChunks(this.#chunks);
  }

  async #nextOfLength(): Promise<Uint8Array | null> {
    if (this.#left === 0) return null;
    const bytes = await this.#read();
    const taken = bytes.subarray(0, this.#left);
    if (taken.length < bytes.length) {
      this.#source.unread(bytes.subarray(taken.length));
    }
    this.#left -= taken.length;
    if (this.#left === 0) this.#finish();
    return taken;
  }

  async #nextOfChunks(chunks: ChunkedBody): Promise<Uint8Array | null> {
    while (!chunks.complete) {
      const bytes = await this.#read();
      const { data, length } = chunks.take(bytes);
      if (length < bytes.length) this.#source.unread(bytes.subarray(length));
      if (data.length > 0) return data;
    }
    return null;
  }

  async #read(): Promise<Uint8Array> {
    const bytes = await this.#source.read(this.#limits.idleMs);
    if (bytes === null) throw malformed("its body ends too early");
    return bytes;
  }

  #checkSize(more: number): void {
    const { maxBodyBytes } = this.#limits;
    if (this.#received + more <= maxBodyBytes) return;
    throw new Refusal(
      413,
      `davit gateway: the request's body has more than ${maxBodyBytes} bytes`,
    );
  }
}

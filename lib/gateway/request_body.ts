import type { ByteSource } from "./byte_source.ts";
import type { GatewayLimits } from "./limits.ts";
import { malformed, Refusal } from "./refusal.ts";
import type { BodyLength } from "./request_head.ts";

/** A chunk's size, its own line; extensions are refused. */
const SIZE_REGEXP = /^[0-9A-Fa-f]{1,8}$/;
const MAX_SIZE_LINE = 10;

const CR = 0x0d;
const LF = 0x0a;

/** The body of one request: no byte less, and none of the next. */
export class RequestBody {
  /** The bytes; null without a body. Nothing is read ahead. */
  readonly stream: ReadableStream<Uint8Array> | null;
  readonly #onComplete: () => void;
  /** Why it could not be read to its end. */
  failure: unknown;
  readonly #source: ByteSource;
  readonly #limits: GatewayLimits;
  #complete: boolean;
  #received = 0;
  /** Bytes that are left of the body, or of the chunk. */
  #left: number;
  readonly #chunked: boolean;
  #first = true;

  /**
   * @param onComplete Told when all of it was read; not where there is none.
   * @throws {Refusal} If it is announced to be too long.
   */
  constructor(
    source: ByteSource,
    length: BodyLength,
    limits: GatewayLimits,
    onComplete: () => void = () => {},
  ) {
    this.#onComplete = onComplete;
    this.#source = source;
    this.#limits = limits;
    this.#chunked = length === undefined;
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

  /** Whether all of it was read: the connection can go on. */
  get complete(): boolean {
    return this.#complete;
  }

  #finish(): void {
    if (this.#complete) return;
    this.#complete = true;
    this.#onComplete();
  }

  async #next(): Promise<Uint8Array | null> {
    if (this.#left === 0) {
      if (!this.#chunked) return null;
      if (!this.#first) await this.#line(0);
      this.#first = false;
      const line = await this.#line(MAX_SIZE_LINE);
      if (!SIZE_REGEXP.test(line)) throw malformed("a chunk's size is none");
      this.#left = Number.parseInt(line, 16);
      if (this.#left === 0) {
        // Trailers would be headers that nobody has looked at.
        await this.#line(0);
        return null;
      }
      this.#checkSize(this.#left);
    }
    const bytes = await this.#read();
    const taken = bytes.subarray(0, this.#left);
    if (taken.length < bytes.length) {
      this.#source.unread(bytes.subarray(taken.length));
    }
    this.#left -= taken.length;
    this.#received += taken.length;
    if (this.#left === 0 && !this.#chunked) this.#finish();
    return taken;
  }

  /** A line of the framing, without its CR LF. */
  async #line(maxLength: number): Promise<string> {
    let line = "";
    let ending = false;
    while (true) {
      const bytes = await this.#read();
      for (let at = 0; at < bytes.length; at++) {
        const byte = bytes[at]!;
        if (ending) {
          if (byte !== LF) throw malformed("a chunk does not end in CR LF");
          this.#source.unread(bytes.subarray(at + 1));
          return line;
        }
        if (byte === CR) ending = true;
        else if (line.length === maxLength || byte < 0x21 || byte > 0x7e) {
          throw malformed("the chunks of its body can't be told apart");
        } else line += String.fromCharCode(byte);
      }
    }
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

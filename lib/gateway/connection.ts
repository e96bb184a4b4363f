import type { ByteDuplex } from "../streams/duplex.ts";
import { AnswerWriter } from "./answer.ts";
import { ClientReader } from "./client_reader.ts";
import { Pace } from "./pace.ts";
import { Refusal } from "./refusal.ts";
import { handleRequest, type RequestSettings } from "./request.ts";
import { readRequestHead } from "./request_head.ts";

/**
 * How much a refused client may still send, and for how long. If the gateway
 * closed the connection with unread data, the client's system would throw the
 * answer away.
 */
const LINGER_BYTES = 4 * 1024 * 1024;
const LINGER_MS = 2000;

/** A client's connection. */
export class GatewayConnection {
  readonly #source: ClientReader;
  readonly #answer: AnswerWriter;
  readonly #settings: RequestSettings;
  readonly #pace: Pace;
  #busy = false;
  #idleSince = performance.now();
  #stopping = false;
  readonly #close: (() => void) | undefined;

  /** Takes the streams over. */
  constructor(duplex: ByteDuplex, settings: RequestSettings) {
    this.#source = new ClientReader(duplex.readable);
    this.#answer = new AnswerWriter(duplex.writable, settings.limits.idleMs);
    this.#close = duplex.close;
    this.#settings = settings;
    this.#pace = new Pace(settings.limits.maxRequestsPerSecond);
  }

  /** When its last request ended, or when it was opened. */
  get idleSince(): number {
    return this.#idleSince;
  }

  /**
   * Whether no request is being answered: it may be closed to make room for
   * another connection.
   */
  get idle(): boolean {
    return !this.#busy;
  }

  /** Serves one request after the other. Never rejects. */
  async serve(): Promise<void> {
    try {
      while (!this.#stopping && await this.#next());
      await this.#answer.close();
      await this.#linger().catch(() => {}); // it has its answer, or is gone
      await this.#source.cancel();
    } catch (error) {
      await this.#refuse(error);
    }
  }

  /** Finishes the request that runs, and takes no other. */
  stop(): void {
    this.#stopping = true;
    if (!this.#busy) this.drop();
  }

  /** Ends the connection at once. */
  drop(): void {
    this.#answer.abort();
    this.#source.cancel();
    this.#close?.();
  }

  async #next(): Promise<boolean> {
    this.#answer.begun = false;
    await this.#pace.next();
    const source = this.#source;
    const head = await readRequestHead(
      source,
      this.#settings.limits,
      this.#settings.turns,
    );
    if (head === null) return false;
    this.#busy = true;
    try {
      return await handleRequest(
        { head, source, answer: this.#answer },
        this.#settings,
      );
    } finally {
      this.#busy = false;
      this.#idleSince = performance.now();
    }
  }

  async #refuse(error: unknown): Promise<void> {
    try {
      // After half an answer the connection is cut: the answer must not look
      // complete.
      if (!this.#answer.begun && error instanceof Refusal) {
        await this.#answer.refuse(error);
        await this.#answer.close();
        await this.#linger();
      }
    } catch {
      // The client is gone: the error can't be reported to anybody.
    }
    this.drop();
  }

  async #linger(): Promise<void> {
    const end = performance.now() + LINGER_MS;
    let bytes = 0;
    while (bytes < LINGER_BYTES) {
      const chunk = await this.#source.read(end - performance.now());
      if (chunk === null) return;
      bytes += chunk.length;
    }
  }
}

import {
  parseReportRequest,
  REPORT_HEADER,
  REPORT_PROMISE,
  reportMessage,
} from "../secrets/report_wire.ts";
import type { SecretUse } from "../secrets/store.ts";
import { malformed } from "./refusal.ts";
import type { RequestHead } from "./request_head.ts";

const encoder = new TextEncoder();

/**
 * Tells a client which secrets the engine asks for while its build runs. Only
 * davit's own client asks for these reports, by a header. They are messages
 * between those of the engine, and are marked with the client's token, which
 * the engine never sees and so can't imitate.
 */
export class SecretReports {
  /** Headers of the answer that announce these messages. */
  static readonly headers: readonly (readonly [string, string])[] = [
    [REPORT_HEADER, REPORT_PROMISE],
  ];
  /** Whether a step fails that mounts a secret which was not given. */
  readonly strict: boolean;
  readonly #token: string;
  readonly #lines: Uint8Array[] = [];
  #wake: () => void = () => {};

  private constructor(token: string, strict: boolean) {
    this.#token = token;
    this.strict = strict;
  }

  /**
   * The reports that a request asks for.
   *
   * @returns undefined if it asks for none.
   * @throws {Refusal} If its header can't be read.
   */
  static of({ headers }: RequestHead): SecretReports | undefined {
    const value = headers.get(REPORT_HEADER.toLowerCase());
    if (value === undefined) return undefined;
    const request = parseReportRequest(value);
    if (request === undefined) {
      throw malformed(`the ${REPORT_HEADER} header is none`);
    }
    return new SecretReports(request.token, request.strict);
  }

  /** Whether a request asks for reports; then it is built by BuildKit. */
  static areAsked({ headers }: RequestHead): boolean {
    return headers.has(REPORT_HEADER.toLowerCase());
  }

  /** Records what happened to a secret. */
  add(use: SecretUse): void {
    const message = reportMessage(this.#token, use);
    this.#lines.push(encoder.encode(`${JSON.stringify(message)}\r\n`));
    this.#wake();
  }

  /** Adds the messages to an answer, each as soon as it is known. */
  async *between(
    answer: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array> {
    const lines = answer[Symbol.asyncIterator]();
    try {
      let next = lines.next();
      while (true) {
        const { promise: woken, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        next.then(() => resolve(), () => resolve());
        if (this.#lines.length === 0) await woken;
        if (this.#lines.length > 0) {
          yield* this.#lines.splice(0);
          continue;
        }
        const { value, done } = await next;
        if (done) return;
        yield value;
        next = lines.next();
      }
    } finally {
      await lines.return?.();
    }
  }
}

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
 * Tells one client what the engine asks for while its build runs: davit's own,
 * which asks for it with a header. The messages stand between those of the
 * engine, and carry the client's token, which the engine never sees.
 */
export class SecretReports {
  /** Headers of the answer, which promise the messages. */
  static readonly headers: readonly (readonly [string, string])[] = [
    [REPORT_HEADER, REPORT_PROMISE],
  ];
  /** Whether a step that mounts a secret that was not given is to fail. */
  readonly strict: boolean;
  readonly #token: string;
  readonly #lines: Uint8Array[] = [];
  #wake: () => void = () => {};

  private constructor(token: string, strict: boolean) {
    this.#token = token;
    this.strict = strict;
  }

  /**
   * Those that a request asks for.
   *
   * @returns undefined if it asks for none.
   * @throws {Refusal} If its header is none.
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

  /** Whether a request asks for them: it is built by BuildKit then. */
  static areAsked({ headers }: RequestHead): boolean {
    return headers.has(REPORT_HEADER.toLowerCase());
  }

  /** Takes in what happened. */
  add(use: SecretUse): void {
    const message = reportMessage(this.#token, use);
    this.#lines.push(encoder.encode(`${JSON.stringify(message)}\r\n`));
    this.#wake();
  }

  /** Puts the messages between those of an answer, each as soon as it is there. */
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

import {
  formatReportRequest,
  readReport,
  REPORT_HEADER,
  REPORT_PROMISE,
} from "../../secrets/report_wire.ts";
import type { SecretStore } from "../../secrets/store.ts";
import { type Strictness, strictUnsupported } from "../checks/secrets.ts";

/**
 * What a davit gateway tells of a build's secrets, as its session is the one
 * that the engine asks.
 */
export class GatewayReport {
  /** Asks for it. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the gateway tells: it may stand before an engine without sessions. */
  told = false;
  readonly #token = crypto.randomUUID();
  readonly #store: SecretStore;
  readonly #needed: boolean;

  /** @param store Is told in its turn. */
  constructor(store: SecretStore, { missing, unused }: Strictness) {
    this.#store = store;
    this.#needed = missing || unused;
    this.headers = {
      [REPORT_HEADER]: formatReportRequest({
        token: this.#token,
        strict: missing,
      }),
    };
  }

  /**
   * Looks into the head of the answer.
   *
   * @throws {UnsupportedError} If strictSecrets needs to be told, and nobody will.
   */
  begin(headers: Headers): void {
    this.told = headers.get(REPORT_HEADER) === REPORT_PROMISE;
    if (this.told || !this.#needed) return;
    throw strictUnsupported(
      "this gateway does not tell what the build asks for; update it, or leave strictSecrets out",
    );
  }

  /** Takes a message if it is the gateway's own; whether it was. */
  take(message: { readonly id?: unknown; readonly aux?: unknown }): boolean {
    const use = this.told ? readReport(message, this.#token) : undefined;
    if (use !== undefined) this.#store.note(use);
    return use !== undefined;
  }
}

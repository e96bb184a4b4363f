import {
  formatReportRequest,
  readReport,
  REPORT_HEADER,
  REPORT_PROMISE,
} from "../../secrets/report_wire.ts";
import type { SecretStore } from "../../secrets/store.ts";
import { type Strictness, strictUnsupported } from "../checks/secrets.ts";

/**
 * Reads a davit gateway's report about the secrets of a build. The engine asks
 * the gateway's session for secrets, so only the gateway knows what was asked
 * for.
 */
export class GatewayReport {
  /** The header that asks for the report. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Whether the gateway reports. It does not where the engine behind it has no
   * sessions.
   */
  told = false;
  readonly #token = crypto.randomUUID();
  readonly #store: SecretStore;
  readonly #needed: boolean;

  /** @param store Gets the report. */
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
   * Reads the head of the answer, in which the gateway says whether it reports.
   *
   * @throws {UnsupportedError} If `strictSecrets` needs a report and there will
   * be none.
   */
  begin(headers: Headers): void {
    this.told = headers.get(REPORT_HEADER) === REPORT_PROMISE;
    if (this.told || !this.#needed) return;
    throw strictUnsupported(
      "this gateway does not tell what the build asks for; update it, or leave strictSecrets out",
    );
  }

  /**
   * Reads a message if it is a part of the report.
   *
   * @returns Whether it is one.
   */
  take(message: { readonly id?: unknown; readonly aux?: unknown }): boolean {
    const use = this.told ? readReport(message, this.#token) : undefined;
    if (use !== undefined) this.#store.note(use);
    return use !== undefined;
  }
}

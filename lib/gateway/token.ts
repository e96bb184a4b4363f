import { timingSafeEqual } from "node:crypto";
import { Refusal } from "./refusal.ts";

const encoder = new TextEncoder();

/**
 * What a bearer token may look like (RFC 6750), with a length that makes
 * guessing hopeless.
 */
const TOKEN_REGEXP = /^[A-Za-z0-9._~+/-]{16,}={0,2}$/;

/** Checks a bearer token; only the token's digest is kept. */
export class TokenCheck {
  readonly #digest: Uint8Array;

  private constructor(digest: Uint8Array) {
    this.#digest = digest;
  }

  /** @throws {TypeError} If it is too short, or can't be sent in a header. */
  static async of(token: string): Promise<TokenCheck> {
    if (!TOKEN_REGEXP.test(token)) {
      throw new TypeError(
        "Cannot serve a gateway: a token has at least 16 characters, of letters, digits and ._~+/-",
      );
    }
    return new TokenCheck(await digest(token));
  }

  /**
   * Compares the token in constant time: the digests that are compared have one
   * length.
   *
   * @param authorization The field `Authorization`.
   * @throws {Refusal} If it does not carry the token, with status 401.
   */
  async check(authorization = ""): Promise<void> {
    const [, given = ""] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
    if (timingSafeEqual(await digest(given), this.#digest)) return;
    throw new Refusal(401, "davit gateway: this needs a bearer token", [
      ["WWW-Authenticate", 'Bearer realm="davit"'],
    ]);
  }
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(
    await crypto.subtle.digest("SHA-256", encoder.encode(text)),
  );
}

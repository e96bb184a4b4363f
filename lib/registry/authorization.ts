// @ts-types="../std/base64.d.ts"
import { encodeBase64 } from "@std/encoding/base64";
import type { Login } from "../credentials/login.ts";
import type { CredentialStore } from "../credentials/store.ts";
import { fetchToken } from "../credentials/token.ts";
import {
  isSafe,
  readChallenge,
  type TokenServer,
} from "../credentials/token_server.ts";

/** The name under which token servers see davit. */
const CLIENT_ID = "davit";

/** A token is not used in its last seconds, in milliseconds. */
const MARGIN_MS = 5_000;

/** What is needed to fetch tokens. */
export interface AuthorizationOptions {
  /** The registry's name. */
  readonly registry: string;
  /** Whether the registry is on this machine. */
  readonly isLocal: boolean;
  /** The logins. */
  readonly store: CredentialStore;
  /** Aborts everything. */
  readonly signal: AbortSignal;
  /** The client of `fetch` for an address. */
  client(url: URL): Deno.HttpClient | undefined;
}

/** How a registry wants to know who asks. */
type Challenge =
  | { readonly kind: "basic" }
  | { readonly kind: "bearer"; readonly server: TokenServer };

/**
 * The header `Authorization` for one registry: nothing until it asks for it,
 * then the login (Basic) or a token for each scope (Bearer), which is kept for
 * as long as it is valid.
 */
export class Authorization {
  readonly #options: AuthorizationOptions;
  readonly #tokens = new Map<
    string,
    { readonly until: number; readonly value: Promise<string> }
  >();
  #challenge: Challenge | undefined;
  /** All that was sent to prove who asks. */
  readonly #values = new Set<string>();

  /** Nothing is asked yet. */
  constructor(options: AuthorizationOptions) {
    this.#options = options;
  }

  /** A registry's words without what was sent to it as a login. */
  masked(words: string): string {
    let masked = words;
    for (const value of this.#values) masked = masked.replaceAll(value, "***");
    return masked;
  }

  /** Whether there is a login for the registry. */
  async hasLogin(): Promise<boolean> {
    return await this.#login([]) !== undefined;
  }

  /**
   * The header's value for a scope; undefined where the registry has not asked
   * for one, or where there is no login that it would take.
   *
   * @throws {CredentialError} If a login can't be read, or a token server
   * refuses it.
   */
  async header(scopes: readonly string[]): Promise<string | undefined> {
    const challenge = this.#challenge;
    if (challenge === undefined) return undefined;
    const login = await this.#login(scopes);
    if (challenge.kind === "bearer") {
      return `Bearer ${await this.#token(challenge.server, login, scopes)}`;
    }
    if (login === undefined) return undefined;
    const { username, secret } = login.forSession();
    const value = encodeBase64(`${username}:${secret}`);
    for (const sent of [value, secret]) if (sent !== "") this.#values.add(sent);
    return `Basic ${value}`;
  }

  /**
   * Reads what a registry answered with status 401.
   *
   * @param sent The header that the request had.
   * @returns Whether it is worth asking again.
   */
  async challenged(
    header: string,
    scopes: readonly string[],
    sent: string | undefined,
  ): Promise<boolean> {
    const challenge = this.#read(header);
    if (challenge === undefined) return false;
    const isNew = sent === undefined;
    this.#challenge = challenge;
    if (challenge.kind === "basic") {
      return isNew && await this.#login(scopes) !== undefined;
    }
    // A token may have become invalid before its time.
    const id = scopes.join(" ");
    return this.#tokens.delete(id) || isNew;
  }

  #read(header: string): Challenge | undefined {
    const server = readChallenge(header);
    if (server !== undefined && isSafe(server.realm, this.#options.isLocal)) {
      return { kind: "bearer", server };
    }
    return /(?:^|,)\s*Basic\b/i.test(header) ? { kind: "basic" } : undefined;
  }

  #login(scopes: readonly string[]): Promise<Login | undefined> {
    return this.#options.store.get(this.#options.registry, scopes);
  }

  async #token(
    server: TokenServer,
    login: Login | undefined,
    scopes: readonly string[],
  ): Promise<string> {
    const id = scopes.join(" ");
    const known = this.#tokens.get(id);
    if (known !== undefined && Date.now() < known.until) return known.value;
    const { registry, signal } = this.#options;
    const asked = fetchToken(login, {
      server,
      scopes,
      clientId: CLIENT_ID,
      signal,
      registry,
      client: this.#options.client(server.realm),
    });
    const value = asked.then(({ token }) => token);
    value.catch(() => {}); // told to who asked
    // Those that ask meanwhile wait for the same answer.
    const entry = { until: Infinity, value };
    this.#tokens.set(id, entry);
    try {
      const at = Date.now();
      const { expiresIn, token } = await asked;
      this.#values.add(token);
      const until = at + expiresIn * 1000 - MARGIN_MS;
      if (this.#tokens.get(id) === entry) {
        this.#tokens.set(id, { until, value });
      }
    } catch (error) {
      if (this.#tokens.get(id) === entry) this.#tokens.delete(id);
      throw error;
    }
    return value;
  }
}

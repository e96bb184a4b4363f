import { advised } from "../advice.ts";
import { serverHost } from "../credentials/registry_name.ts";
import type { CredentialStore } from "../credentials/store.ts";
import { bodyOf } from "./body.ts";
import { cutText } from "../cut_text.ts";
import { readText } from "../streams/read_whole.ts";
import { isLoopback } from "../transport/endpoint.ts";
import { Authorization } from "./authorization.ts";
import {
  RegistryConnection,
  type RegistryRequest,
  type RegistryTls,
} from "./connection.ts";
import { RegistryError } from "./registry_error.ts";

/** How much of an error's text is read, in bytes. */
const MAX_ERROR_BYTES = 64 * 1024;

/** How much of the registry's own words is shown, in letters. */
const MAX_WORDS = 500;

/** What a registry is asked with. */
export interface RegistryHostOptions {
  /** The logins. */
  readonly store: CredentialStore;
  /** Certificates. */
  readonly tls: RegistryTls;
  /** Aborts everything. */
  readonly signal: AbortSignal;
  /**
   * Whether it may be asked without encryption, as one on this machine always
   * may.
   */
  readonly insecure: boolean;
}

/**
 * One registry: its address, its logins and its words for what it refuses. A
 * registry on this machine, or one that is said to be insecure, is asked by
 * https, and where nobody speaks that, by http, as docker does it; all others by
 * https alone.
 */
export class RegistryHost implements Disposable {
  /** The registry's name, as it stands in names of images. */
  readonly registry: string;
  readonly #host: string;
  readonly #connection: RegistryConnection;
  readonly #authorization: Authorization;
  readonly #mayBePlain: boolean;
  #base: Promise<URL> | undefined;

  /** Asks nothing yet. */
  constructor(registry: string, options: RegistryHostOptions) {
    const { store, tls, signal, insecure } = options;
    this.registry = registry;
    this.#host = serverHost(registry);
    this.#mayBePlain = insecure || isLoopback(this.#host);
    const connection = new RegistryConnection(this.#host, tls, signal);
    this.#connection = connection;
    this.#authorization = new Authorization({
      registry,
      isLocal: isLoopback(this.#host),
      store,
      signal,
      client: (url) => connection.client(url),
    });
  }

  /**
   * Sends a request, with the login or token that the registry asks for.
   *
   * @param path Behind `/v2/`, or a whole address that the registry gave.
   * @param scopes What a token is asked for, such as `repository:app:pull`.
   * @throws {RegistryError} If no answer comes.
   */
  async request(
    path: string | URL,
    scopes: readonly string[],
    request: RegistryRequest,
  ): Promise<Response> {
    const base = await this.#address();
    const url = path instanceof URL ? path : new URL(path, base);
    // Where content goes to another host, the login does not go along.
    if (url.origin !== base.origin) {
      return await this.#connection.send(url, request);
    }
    let authorization = await this.#authorization.header(scopes);
    for (let isAgain = false;; isAgain = true) {
      const response = await this.#connection.send(url, {
        ...request,
        headers: {
          ...request.headers,
          ...(authorization === undefined ? {} : { authorization }),
        },
      });
      const canRepeat = !(request.body instanceof ReadableStream);
      // A host that the registry sent the question on to must not say where the
      // login goes.
      const isOwn = new URL(response.url || url).origin === base.origin;
      if (response.status !== 401 || !canRepeat || isAgain || !isOwn) {
        return response;
      }
      const header = response.headers.get("www-authenticate") ?? "";
      if (
        !await this.#authorization.challenged(header, scopes, authorization)
      ) {
        return response;
      }
      await response.body?.cancel();
      authorization = await this.#authorization.header(scopes);
    }
  }

  /**
   * The error for an answer that was not expected. Its body is read.
   *
   * @param what What was to be done, such as `read the manifest app:1`.
   */
  async refusal(what: string, response: Response): Promise<RegistryError> {
    const { status } = response;
    const { code, words } = await refusalWords(
      response,
      (said) => this.#authorization.masked(said),
    );
    const { registry } = this;
    const retryAfter = secondsOf(response.headers.get("retry-after"));
    const init = {
      registry,
      status,
      ...(code === undefined ? {} : { code }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
    };
    const make = (message: string) => new RegistryError(message, init);
    const said = words === "" ? "" : ` (${words})`;
    const about = `Cannot ${what}: the registry ${registry}`;
    if (status === 401) {
      return await this.#authorization.hasLogin()
        ? make(`${about} refused the login${said}`)
        : advised(
          make,
          "give-login",
          `${about} wants a login${said}`,
          registry,
        );
    }
    if (status === 403) {
      return make(`${about} does not allow it with this login${said}`);
    }
    if (status === 404) return make(`${about} does not have it${said}`);
    if (status === 429) {
      return make(
        `${about} has too many requests${said}: try again ${
          retryAfter === undefined ? "later" : `in ${retryAfter} s`
        }`,
      );
    }
    if (status >= 500) {
      return make(
        `${about} failed with status ${status}${said}: try again${
          retryAfter === undefined ? "" : ` in ${retryAfter} s`
        }, or look into its log`,
      );
    }
    return make(`${about} answered with status ${status}${said}`);
  }

  /** The address of the registry's API. */
  #address(): Promise<URL> {
    if (this.#base === undefined) {
      const found = this.#find();
      this.#base = found;
      found.catch(() => this.#base = undefined);
    }
    return this.#base;
  }

  async #find(): Promise<URL> {
    const https = new URL(`https://${this.#host}/v2/`);
    if (!this.#mayBePlain) return https;
    try {
      await this.#ask(https);
      return https;
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      // A registry whose certificate is not trusted speaks no http, either.
      if (/certificate|permission/.test(error.message)) throw error;
      const http = new URL(`http://${this.#host}/v2/`);
      await this.#ask(http);
      return http;
    }
  }

  async #ask(url: URL): Promise<void> {
    const response = await this.#connection.send(url, { method: "GET" });
    await response.body?.cancel();
  }

  /** Closes all connections. */
  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }
}

/**
 * The first of a registry's errors (distribution's specification).
 *
 * @param mask Takes the login out, before anything is cut: a part of it would
 * not be known any more.
 */
async function refusalWords(
  response: Response,
  mask: (words: string) => string,
): Promise<{ code: string | undefined; words: string }> {
  let text;
  try {
    text = await readText(
      bodyOf(response, () => new Error("answer broken off")),
      MAX_ERROR_BYTES,
      () => new RangeError("answer too long"),
    );
  } catch {
    return { code: undefined, words: "" }; // the status says enough
  }
  try {
    const { code, message } = JSON.parse(text).errors[0];
    return {
      code: typeof code === "string" ? mask(code) : undefined,
      words: typeof message === "string" ? onOneLine(mask(message)) : "",
    };
  } catch {
    return { code: undefined, words: "" }; // it is not a registry's
  }
}

/** A registry's words, which must not write to a terminal what it likes. */
function onOneLine(words: string): string {
  return cutText(words, MAX_WORDS).replace(/\p{Cc}+/gu, " ").trim();
}

/** Seconds of the header `Retry-After`, which may also hold a date. */
function secondsOf(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at)
    ? undefined
    : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}

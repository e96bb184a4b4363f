import { AskedNames } from "../secrets/asked_names.ts";
import type { Secret } from "../secrets/secret.ts";
import type { Environment } from "../transport/environment.ts";
import { CredentialError } from "./credential_error.ts";
import { checkCredentials } from "./header.ts";
import { Login } from "./login.ts";
import { registryName } from "./registry_name.ts";
import type {
  ClientCredentials,
  CredentialCallback,
  Credentials,
} from "./source.ts";

/**
 * How long an answer is used again, in milliseconds. The logins of some cloud
 * registries expire after five minutes.
 */
const FRESH_MS = 4 * 60 * 1000;

/** How many answers are kept. */
const MAX_ANSWERS = 1000;

/**
 * How long a credential helper may take, in milliseconds: it may have to wait
 * for a person who unlocks a keychain.
 */
const HELPER_TIMEOUT_MS = 60_000;

/** A request for the login of a registry, and its outcome. */
export interface CredentialUse {
  /** The registry's normalized name. */
  readonly registry: string;
  /** `served`: a login was given; `anonymous`: there is none for this registry. */
  readonly state: "served" | "anonymous";
}

/**
 * The sources of a {@linkcode CredentialStore}, in the order in which they are
 * asked.
 */
export interface CredentialStoreOptions {
  /** The logins of one call. */
  readonly credentials?: Credentials | undefined;
  /** The client's own sources. */
  readonly client?: ClientCredentials | undefined;
  /**
   * The environment in which docker's files are found; the process's own by
   * default.
   */
  readonly env?: Environment | undefined;
  /**
   * How long a credential helper may take, in milliseconds; a minute by
   * default.
   */
  readonly helperTimeout?: number | undefined;
  /** Aborts callbacks and helpers. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds logins by registry. A request for one registry gets the login of
 * exactly that registry or none. Nothing is read before the first request.
 */
export class CredentialStore {
  readonly #sources: readonly (
    | ReadonlyMap<string, Login>
    | CredentialCallback
  )[];
  readonly #options: CredentialStoreOptions;
  readonly #signal: AbortSignal;
  readonly #answers = new Map<
    string,
    { readonly at: number; readonly login: Promise<Login | undefined> }
  >();
  /** Called with each registry that was asked for, once for each state. */
  onUse: ((use: CredentialUse) => void) | undefined;
  /**
   * Called with each value that {@linkcode CredentialStore.atHand} did not
   * include, before anybody gets it.
   */
  onCredential:
    | ((registry: string, secret: Secret) => void | Promise<void>)
    | undefined;
  /**
   * Called, once for each source, if Deno's permissions do not allow to read
   * it. The source then counts as empty.
   */
  onClosed: ((why: string) => void) | undefined;
  readonly #uses = new AskedNames();
  readonly #closed = new Set<string>();

  /**
   * Checks the given logins, and reads nothing else yet.
   *
   * @throws {TypeError} If credentials are neither an object nor a function, a
   * key names no registry, or an entry is no login.
   */
  constructor(options: CredentialStoreOptions = {}) {
    this.#sources = [options.credentials, options.client?.credentials]
      .filter((given) => given !== undefined)
      .map((given) =>
        typeof given === "function" ? given : checkCredentials(given)
      );
    this.#options = options;
    this.#signal = options.signal ?? new AbortController().signal;
  }

  /**
   * The values of logins that were given as objects: they can be masked from
   * the start.
   */
  atHand(): [registry: string, secret: Secret][] {
    return this.#maps().flatMap((logins) =>
      [...logins].flatMap(([registry, login]) =>
        login.secrets().map((secret): [string, Secret] => [registry, secret])
      )
    );
  }

  /** The logins that were given by registry. */
  given(): Login[] {
    const logins = new Map(this.#maps().reverse().flatMap((map) => [...map]));
    return [...logins.values()].filter((login) => !login.isEmpty);
  }

  #maps(): ReadonlyMap<string, Login>[] {
    return this.#sources.filter((source) => typeof source !== "function");
  }

  /** Whether one of the sources is a function. */
  get asksFunction(): boolean {
    return this.#sources.some((source) => typeof source === "function");
  }

  /**
   * The registries listed in docker's own files, for a builder that can't ask
   * for logins. Empty where these files are not to be used.
   *
   * @throws {CredentialError} If a file is broken.
   */
  async listed(): Promise<string[]> {
    const { client, env = Deno.env } = this.#options;
    if (client?.dockerConfig !== true) return [];
    const { registriesInConfig } = await import("./config_file.ts");
    return await this.#ifOpen(
      "docker's logins were not looked up",
      () => registriesInConfig(env),
    ) ?? [];
  }

  /**
   * The login for a registry that is listed: from an object, or from docker's
   * files. Functions are not called.
   *
   * @throws {CredentialError} If it can't be read.
   */
  async getListed(registry: string): Promise<Login | undefined> {
    const given = this.#maps().map((map) => map.get(registry))
      .find((login) => login !== undefined);
    const login = given ?? await this.#fromDockerConfig(registry);
    if (login === undefined || login.isEmpty) return undefined;
    if (given === undefined) await this.#tell(login);
    this.#used(registry, "served");
    return login;
  }

  /**
   * The login for exactly this registry, or undefined where there is none.
   *
   * @param host `host[:port]`, as in an image's name or an engine's request.
   * @param scopes The scopes of the token that is needed, for a function.
   * @throws {CredentialError} If a source is broken; the sources after it are
   * not asked.
   */
  async get(
    host: string,
    scopes: readonly string[] = [],
  ): Promise<Login | undefined> {
    const registry = registryName(host);
    const login = registry === undefined
      ? undefined
      : await this.#login(registry, scopes);
    this.#used(registry ?? host, login === undefined ? "anonymous" : "served");
    return login;
  }

  #used(registry: string, state: CredentialUse["state"]): void {
    if (this.#uses.add(`${state} ${registry}`)) {
      this.onUse?.({ registry, state });
    }
  }

  #login(
    registry: string,
    scopes: readonly string[],
  ): Promise<Login | undefined> {
    // Stages of a build that pull at the same time share one answer.
    const question = this.asksFunction
      ? [registry, ...scopes].join(" ")
      : registry;
    const known = this.#answers.get(question);
    if (known !== undefined && Date.now() - known.at < FRESH_MS) {
      return known.login;
    }
    const answer = { at: Date.now(), login: this.#ask(registry, scopes) };
    // The oldest answer is dropped, because an engine may ask for any number of
    // registries.
    const [oldest] = this.#answers.keys();
    if (this.#answers.size >= MAX_ANSWERS) this.#answers.delete(oldest!);
    this.#answers.set(question, answer);
    answer.login.catch(() => {
      // After a failure, the next request asks again.
      if (this.#answers.get(question) === answer) {
        this.#answers.delete(question);
      }
    });
    return answer.login;
  }

  async #ask(
    registry: string,
    scopes: readonly string[],
  ): Promise<Login | undefined> {
    for (const source of this.#sources) {
      const isFunction = typeof source === "function";
      const login = isFunction
        ? await this.#fromFunction(source, registry, scopes)
        : source.get(registry);
      if (login === undefined) continue;
      if (login.isEmpty) return undefined;
      if (isFunction) await this.#tell(login); // values of objects are in atHand()
      return login;
    }
    const login = await this.#fromDockerConfig(registry);
    if (login === undefined || login.isEmpty) return undefined;
    await this.#tell(login);
    return login;
  }

  async #tell(login: Login): Promise<void> {
    for (const secret of login.secrets()) {
      await this.onCredential?.(login.registry, secret);
    }
  }

  async #fromFunction(
    callback: CredentialCallback,
    registry: string,
    scopes: readonly string[],
  ): Promise<Login | undefined> {
    const what = `the function's login for "${registry}"`;
    let config;
    try {
      config = await callback(registry, scopes, this.#signal);
    } catch (cause) {
      this.#signal.throwIfAborted();
      throw new CredentialError(
        registry,
        `Cannot fetch the login for "${registry}": the function for logins failed`,
        { cause },
      );
    }
    if (config === null || config === undefined) return undefined;
    try {
      return new Login(registry, config, what);
    } catch (error) {
      throw new CredentialError(
        registry,
        (error as TypeError).message,
      );
    }
  }

  async #fromDockerConfig(registry: string): Promise<Login | undefined> {
    const { client, env = Deno.env, helperTimeout } = this.#options;
    if (client?.dockerConfig !== true) return undefined;
    const { loginFromConfig } = await import("./config_file.ts");
    const config = await this.#ifOpen(
      `docker's login for "${registry}" was not looked up`,
      () =>
        loginFromConfig({
          registry,
          env,
          helperTimeout: helperTimeout ?? HELPER_TIMEOUT_MS,
          signal: this.#signal,
        }),
    );
    return config === undefined
      ? undefined
      : new Login(registry, config, `docker's login for "${registry}"`);
  }

  /**
   * Reads docker's files. If Deno's permissions do not allow that, goes on
   * without them and reports it: a program without these permissions may not
   * need docker's logins, and most images are public.
   */
  async #ifOpen<T>(
    what: string,
    look: () => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotCapable)) throw error;
      const why = `${what}: ${error.message}`;
      if (!this.#closed.has(why)) {
        this.#closed.add(why);
        this.onClosed?.(why);
      }
      return undefined;
    }
  }
}

import { AskedNames } from "../secrets/asked_names.ts";
import type { Secret } from "../secrets/secret.ts";
import type { Environment } from "../transport/environment.ts";
import type { AuthConfig } from "./auth_config.ts";
import { CredentialError } from "./credential_error.ts";
import { checkCredentials } from "./header.ts";
import { Login } from "./login.ts";
import { registryName } from "./registry_name.ts";

/** How long an answer is good for, in milliseconds: some clouds' logins die after five minutes. */
const FRESH_MS = 4 * 60 * 1000;

/** How many answers are kept. */
const MAX_ANSWERS = 1000;

/** How long a credential helper may take: it may have to wait for a person who unlocks a keychain. */
const HELPER_TIMEOUT_MS = 60_000;

/**
 * Gives the login for a registry when it is asked for, and only then.
 *
 * `host` is the registry that asked, in its one spelling: `docker.io` for
 * Docker Hub, else `host[:port]` in lower case. `scopes` are those of a token
 * that is to be fetched, such as `repository:app:pull`; an engine that fetches
 * its tokens itself names none. `signal` aborts when the answer is of no more
 * use. `null` and `undefined` mean that it knows no login for this registry;
 * the next source is asked then.
 */
export type CredentialCallback = (
  host: string,
  scopes: readonly string[],
  signal: AbortSignal,
) =>
  | AuthConfig
  | null
  | undefined
  | Promise<AuthConfig | null | undefined>;

/**
 * Logins for registries, wherever they are given: by registry, or a function
 * that is asked for each. A login without fields says that its registry is to
 * be asked without one, whatever stands behind. Keys are hosts, such as
 * `ghcr.io` or `localhost:5000`; `docker.io` is Docker Hub.
 */
export type Credentials =
  | Readonly<Record<string, AuthConfig>>
  | CredentialCallback;

/** Where a client's logins come from, in this order, behind those that a call gives. */
export interface ClientCredentials {
  /** Logins for all that this client does. */
  readonly credentials?: Credentials | undefined;
  /**
   * Whether docker's own files and helpers are looked into at the end.
   *
   * @default {false}
   */
  readonly dockerConfig?: boolean | undefined;
}

/** A registry that asked, and what became of it. */
export interface CredentialUse {
  /** The registry, in its one spelling. */
  readonly registry: string;
  /** `served`: a login was given; `anonymous`: there is none for this registry. */
  readonly state: "served" | "anonymous";
}

/** Where a {@linkcode CredentialStore} looks, in this order. */
export interface CredentialStoreOptions {
  /** Those of one call. */
  readonly credentials?: Credentials | undefined;
  /** Those of its client. */
  readonly client?: ClientCredentials | undefined;
  /** The environment that leads to those files; the process's own unless given. */
  readonly env?: Environment | undefined;
  /** How long a credential helper may take, in milliseconds; a minute unless given. */
  readonly helperTimeout?: number | undefined;
  /** Aborts callbacks and helpers. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Logins by registry: a question for one registry is answered with that
 * registry's login or with none, never with another's. Nothing is read before
 * the first question.
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
  /** Told of each registry that asked, once for each state. */
  onUse: ((use: CredentialUse) => void) | undefined;
  /** Told of each value that {@linkcode CredentialStore.atHand} did not know, before anybody gets it. */
  onCredential:
    | ((registry: string, secret: Secret) => void | Promise<void>)
    | undefined;
  /** Told, once for each, of a source that Deno's permissions keep closed; it counts as empty. */
  onClosed: ((why: string) => void) | undefined;
  readonly #uses = new AskedNames();
  readonly #closed = new Set<string>();

  /**
   * Checks the given logins and reads nothing else.
   *
   * @throws {TypeError} If credentials are neither an object nor a function, a
   * key names no registry, or what it leads to is no login.
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

  /** The values that were given as options: to be masked from the start. */
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

  /** Whether there is a function that wants to be asked. */
  get asksFunction(): boolean {
    return this.#sources.some((source) => typeof source === "function");
  }

  /**
   * The registries that docker's own files name, for a builder that can't ask.
   * None where they are not to be looked into.
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
   * The login for one of those: given, or from docker's files. The function is
   * not asked.
   *
   * @throws {CredentialError} If it can't be had.
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
   * @param host `host[:port]`, as an image's name or an engine has it.
   * @param scopes For the callback, where a token is to be fetched.
   * @throws {CredentialError} If a source is broken; the next is not asked then.
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
    // Stages that pull at the same time share one answer.
    const question = this.asksFunction
      ? [registry, ...scopes].join(" ")
      : registry;
    const known = this.#answers.get(question);
    if (known !== undefined && Date.now() - known.at < FRESH_MS) {
      return known.login;
    }
    const answer = { at: Date.now(), login: this.#ask(registry, scopes) };
    // The engine makes the questions: the oldest answers go.
    const [oldest] = this.#answers.keys();
    if (this.#answers.size >= MAX_ANSWERS) this.#answers.delete(oldest!);
    this.#answers.set(question, answer);
    answer.login.catch(() => {
      // A source that failed may be asked again.
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
      if (isFunction) await this.#tell(login); // the others are known: atHand()
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
   * Looks into docker's files, unless Deno's permissions keep them closed: a
   * program without them did not ask for docker's logins, and most images are
   * public, so it goes on without, and is told.
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

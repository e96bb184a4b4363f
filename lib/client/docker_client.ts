import { ImageClient } from "./image_client.ts";
import type { RequestOptions } from "./request_options.ts";
import { dockerSettings } from "./settings.ts";
import { checkOptionNames } from "../option_names.ts";
import { requireDenoVersion } from "../deno_version.ts";
import type { AuthConfig } from "../credentials/auth_config.ts";
import type { AuthResult } from "../engine/auth.ts";
import type {
  BuildPruneOptions,
  BuildPruneResult,
} from "../engine/build_prune.ts";
import type { DistributionInspect } from "../engine/distribution_inspect.ts";
import { Engine } from "../engine/engine.ts";
import type { EngineInfo } from "../engine/info.ts";
import { ping } from "../engine/ping.ts";
import type { Ping } from "../engine/ping_headers.ts";
import type { EngineVersion } from "../engine/version.ts";
import { Operations } from "../operation/operations.ts";
import type { DistributionInspectOptions } from "../transfer/distribution.ts";
import { connectEndpoint } from "../transport/connect.ts";
import {
  endpointFromContext,
  endpointFromHost,
  findEndpoint,
  withSettings,
} from "../transport/docker_config.ts";
import type { Endpoint } from "../transport/endpoint.ts";
import type { ClientCredentials, Credentials } from "../credentials/source.ts";
import { grantedEnvironment } from "../transport/environment.ts";
import { withHeaders } from "../transport/headers.ts";
import { type OnSilence, withSilence } from "../transport/silence.ts";
import type { Transport } from "../transport/transport.ts";

/** Options of a client. */
export interface DockerClientOptions {
  /**
   * API version to use, such as `1.41`. By default the methods `from…()` take
   * that of `DOCKER_API_VERSION`, or else it is negotiated with the engine.
   */
  readonly apiVersion?: string | undefined;
  /**
   * Logins for registries, for builds, pushes, pulls and `distributionInspect`.
   * The option of the same name of a single call is used before this one.
   */
  readonly credentials?: Credentials | undefined;
  /**
   * Whether docker's own configuration is used, after `credentials` and the
   * options of each call. This is read from it:
   *
   * - logins: `DOCKER_AUTH_CONFIG`, `auths` of `config.json` and the credential
   *   helpers of `credHelpers` and `credsStore`, each only when the login of a
   *   registry is needed;
   * - headers for all requests: `DOCKER_CUSTOM_HEADERS`, or else `HttpHeaders`;
   * - for builds, the `proxies` of this engine, or else of `default`, as build
   *   arguments, and `SOURCE_DATE_EPOCH` as one;
   * - for builds and pulls, the platform `DOCKER_DEFAULT_PLATFORM`.
   *
   * What Deno's permissions do not allow to read counts as not set; for a login
   * there is a warning.
   *
   * @default {false}
   */
  readonly dockerConfig?: boolean | undefined;
  /**
   * Called when the engine takes a connection and does not answer for 10
   * seconds. The waiting goes on: a `signal` ends it. May return a function,
   * which is called when the waiting is over.
   *
   * @example
   * ```ts
   * import { DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig({
   *   onSilence: ({ where, what, seconds }) =>
   *     console.error(`${where}: no answer to ${what} for ${seconds} s`),
   * });
   * console.log((await docker.info()).ServerVersion);
   * ```
   */
  readonly onSilence?: OnSilence | undefined;
}

const OPTIONS = {
  apiVersion: true,
  credentials: true,
  dockerConfig: true,
  onSilence: true,
} satisfies Record<keyof DockerClientOptions, true>;

/**
 * A client of one Docker engine. Make it with `fromDockerConfig()`,
 * `fromDockerHost()` or `fromDockerContext()`, and close it, or let
 * `await using` do that. Builds, the history of builds and the build cache are
 * methods of {@linkcode BuildClient}, images those of {@linkcode ImageClient}.
 *
 * Every method rejects with
 *
 * - a {@linkcode ConnectionError} if the engine can't be reached or the
 *   connection breaks,
 * - an {@linkcode EngineError} if the engine refuses the request (`status` 404:
 *   no such image),
 * - a {@linkcode ProtocolError} if the answer does not come from an engine,
 * - a `TypeError` or `RangeError` if an option is wrong; nothing was sent then,
 * - the reason of its `signal` when that aborts.
 *
 * Methods that can fail in another way say so.
 *
 * @example A build with a secret
 * ```ts
 * import { DockerClient } from "@davit/build";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const build = docker.imageBuild("./app", {
 *   tag: "app:1",
 *   secrets: { npm_token: { env: "NPM_TOKEN" } },
 * });
 * console.log(await build.wait()); // sha256:…
 * ```
 */
export class DockerClient extends ImageClient {
  readonly #engine: Engine;
  readonly #logins: ClientCredentials;
  readonly #operations: Operations;

  /**
   * Makes a client that uses a transport, such as that of
   * {@linkcode fetchTransport}. Nothing is sent yet. If you have an address,
   * use `fromDockerHost()`.
   *
   * @throws {UnsupportedError} If this version of Deno is too old.
   * @throws {TypeError} If this is no transport, or an option is wrong.
   */
  constructor(transport: Transport, options: DockerClientOptions = {}) {
    requireDenoVersion();
    checkOptionNames("make a client", options, OPTIONS);
    if (typeof transport?.fetch !== "function") {
      throw new TypeError(
        'Cannot make a client: expected a transport; for an address write "await DockerClient.fromDockerHost(uri)"',
      );
    }
    const settings = options.dockerConfig === true
      ? dockerSettings(transport.endpoint)
      : undefined;
    const told = options.onSilence === undefined
      ? transport
      : withSilence(transport, options.onSilence);
    const init = {
      engine: new Engine(
        settings === undefined
          ? told
          : withHeaders(told, async () => (await settings()).headers),
        options.apiVersion,
      ),
      operations: new Operations(),
      logins: {
        credentials: options.credentials,
        dockerConfig: options.dockerConfig,
      },
      settings,
    };
    super(init);
    this.#engine = init.engine;
    this.#logins = init.logins;
    this.#operations = init.operations;
  }

  /**
   * A client of the engine that docker's CLI would use: `DOCKER_HOST`, or else
   * the context that `DOCKER_CONTEXT` names, or else the current context, or
   * else the first of the default sockets that answers: docker's, those of
   * rootless docker, Docker Desktop, OrbStack, Colima and Rancher Desktop, then
   * podman's. `DOCKER_API_VERSION` is used as well.
   *
   * Docker's logins, headers and proxies are used, too, unless the option
   * `dockerConfig` is `false`.
   *
   * Needs `--allow-env=DOCKER_HOST` if that variable is set, otherwise
   * `--allow-env` and `--allow-read` for docker's configuration.
   *
   * @throws {ConnectionError} If no engine is found, or Deno's permissions do not
   * allow to read a setting.
   * @throws {TypeError} If an address or a context can't be used.
   * @throws {UnsupportedError} If this version of Deno is too old.
   */
  static async fromDockerConfig(
    options: DockerClientOptions = {},
  ): Promise<DockerClient> {
    return await DockerClient.#at(
      await withSettings(findEndpoint),
      withDockerConfig(options),
    );
  }

  /**
   * A client of the engine at an address: `unix:///path`, `tcp://host:port`,
   * `https://…` or `ssh://user@host`. Of the environment `DOCKER_API_VERSION` is
   * read, and for TLS `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH`.
   *
   * @param options For example `{ dockerConfig: true }` to use the logins of
   * docker's CLI, which is off by default.
   * @throws {TypeError} If the address has another form.
   * @throws {ConnectionError} If Deno's permissions do not allow to read a
   * setting.
   * @throws {UnsupportedError} If this version of Deno is too old.
   */
  static async fromDockerHost(
    uri: string,
    options: DockerClientOptions = {},
  ): Promise<DockerClient> {
    return await DockerClient.#at(
      await withSettings(() => endpointFromHost(uri)),
      options,
    );
  }

  /**
   * A client of the engine of a docker context; `default` means the default
   * sockets. The option `dockerConfig` is `true` by default here.
   *
   * @throws {TypeError} If there is no such context.
   * @throws {ConnectionError} If Deno's permissions do not allow to read a
   * setting, or no default socket answers.
   * @throws {UnsupportedError} If this version of Deno is too old.
   */
  static async fromDockerContext(
    name: string,
    options: DockerClientOptions = {},
  ): Promise<DockerClient> {
    return await DockerClient.#at(
      await withSettings(() => endpointFromContext(name)),
      withDockerConfig(options),
    );
  }

  static async #at(
    endpoint: Endpoint,
    options: DockerClientOptions,
  ): Promise<DockerClient> {
    checkOptionNames("make a client", options, OPTIONS);
    const apiVersion = options.apiVersion ?? apiVersionFromEnvironment();
    return new DockerClient(await connectEndpoint(endpoint), {
      ...options,
      ...(apiVersion === undefined ? {} : { apiVersion }),
    });
  }

  /**
   * Checks that the engine answers; gives its API version, operating system and
   * builder.
   */
  ping(options: RequestOptions = {}): Promise<Ping> {
    return this.#run(options, (signal) => ping(this.#engine, signal));
  }

  /** The versions of the engine and its components. */
  async version(options: RequestOptions = {}): Promise<EngineVersion> {
    const { version } = await import("../engine/version.ts");
    return await this.#run(options, (signal) => version(this.#engine, signal));
  }

  /** The version of the API that this client speaks with the engine, such as `1.51`. */
  async apiVersion(options: RequestOptions = {}): Promise<string> {
    return await this.#run(
      options,
      async (signal) => (await this.#engine.facts(signal)).negotiated,
    );
  }

  /** Information about the engine's machine and its settings. */
  async info(options: RequestOptions = {}): Promise<EngineInfo> {
    const { info } = await import("../engine/info.ts");
    return await this.#run(options, (signal) => info(this.#engine, signal));
  }

  /**
   * Asks the registry what an image's name refers to; nothing is pulled.
   *
   * @throws {CredentialError} If a login exists and can't be read.
   * @throws {UnsupportedError} On podman.
   */
  async distributionInspect(
    name: string,
    options?: DistributionInspectOptions,
  ): Promise<DistributionInspect> {
    const { inspectDistribution } = await import("../transfer/distribution.ts");
    return await this.#run(options, (signal) =>
      inspectDistribution(
        this.#engine,
        name,
        { ...options, signal },
        this.#logins,
      ));
  }

  /**
   * Lets the engine try a login at the registry `serveraddress`, or at Docker
   * Hub if that is left out. Nothing is stored.
   *
   * @throws {EngineError} If the registry refuses it, or can't be reached:
   * `status` 401, or 500 with the registry's message in `detail`.
   * @throws {TypeError} If it is no login, or `serveraddress` is no host.
   */
  async auth(
    config: AuthConfig,
    options: RequestOptions = {},
  ): Promise<AuthResult> {
    const { checkLogin } = await import("../transfer/check_login.ts");
    return await this.#run(
      options,
      (signal) => checkLogin(this.#engine, config, signal),
    );
  }

  /**
   * Deletes the builder's cache, or a part of it, as `docker builder prune` does.
   *
   * @example What was not used for a day
   * ```ts
   * import { DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * const { SpaceReclaimed } = await docker.buildPrune({
   *   filters: { until: ["24h"] },
   * });
   * console.log(SpaceReclaimed, "bytes");
   * ```
   * @throws {UnsupportedError} If this engine does not know an option; on podman.
   */
  async buildPrune(options?: BuildPruneOptions): Promise<BuildPruneResult> {
    const { buildPrune } = await import("../engine/build_prune.ts");
    return await this.#run(
      options,
      (signal) => buildPrune(this.#engine, { ...options, signal }),
    );
  }

  /** Makes a request that is aborted when the client is closed. */
  async #run<T>(
    options: RequestOptions | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return await this.#operations.run(options?.signal, work);
  }
}

/**
 * The options with docker's configuration on, unless the caller set the option.
 */
function withDockerConfig(options: DockerClientOptions): DockerClientOptions {
  checkOptionNames("make a client", options, OPTIONS);
  return { ...options, dockerConfig: options.dockerConfig ?? true };
}

/**
 * A variable that Deno's permissions do not allow to read counts as not set,
 * because a program should not need a permission for it.
 */
function apiVersionFromEnvironment(): string | undefined {
  return grantedEnvironment.get("DOCKER_API_VERSION") || undefined;
}

import type { BuildOperation } from "./imagebuild/build_operation.ts";
import type {
  DockerfileCheck,
  DockerfileOutline,
  DockerfileTarget,
} from "./imagebuild/calls/answers.ts";
import type { FrontendAnswer } from "./imagebuild/calls/frontend_call.ts";
import {
  type CallInit,
  startCheck,
  startNamed,
  startOutline,
  startTargets,
} from "./imagebuild/calls/start_call.ts";
import type { BuildContext } from "./imagebuild/context/source.ts";
import type { BuiltFiles } from "./imagebuild/files/built_files.ts";
import {
  type BuildFilesOptions,
  startFiles,
} from "./imagebuild/files/start_files.ts";
import type { ImageBuild } from "./imagebuild/image_build.ts";
import { startBuild } from "./imagebuild/image_build.ts";
import { engineHost } from "./imagebuild/host.ts";
import { type BuildStart, runImageBuild } from "./imagebuild/run.ts";
import type { ImageBuildOptions } from "./imagebuild/options.ts";
import { checkOptionNames } from "./option_names.ts";
import { requireDenoVersion } from "./deno_version.ts";
import type { AuthConfig } from "./credentials/auth_config.ts";
import type { AuthResult } from "./engine/auth.ts";
import type {
  BuildPruneOptions,
  BuildPruneResult,
} from "./engine/build_prune.ts";
import type { DistributionInspect } from "./engine/distribution_inspect.ts";
import { Engine } from "./engine/engine.ts";
import type { ImageHistoryEntry } from "./engine/image_history.ts";
import type { ImageImportOptions } from "./engine/image_import.ts";
import type { ImageInspect } from "./engine/image_inspect.ts";
import type { ImageListOptions, ImageSummary } from "./engine/image_list.ts";
import type { ImageLoadResult } from "./engine/image_load.ts";
import type {
  ImagePruneOptions,
  ImagePruneResult,
} from "./engine/image_prune.ts";
import type {
  ImageRemoveEntry,
  ImageRemoveOptions,
} from "./engine/image_remove.ts";
import type { EngineInfo } from "./engine/info.ts";
import type { BuildCacheRecord } from "./history/cache_record.ts";
import type {
  BuildDiskUsage,
  BuildDiskUsageOptions,
} from "./history/disk_usage.ts";
import { BuildHistory } from "./history/history.ts";
import type { BuildPruneRecordsOptions } from "./history/prune.ts";
import type { HistorySource } from "./history/source.ts";
import { ping } from "./engine/ping.ts";
import type { Ping } from "./engine/ping_headers.ts";
import type { EngineVersion } from "./engine/version.ts";
import { Operations } from "./operation/operations.ts";
import { type ByteSource, openTar } from "./streams/byte_source.ts";
import type { DistributionInspectOptions } from "./transfer/distribution.ts";
import type { ImageLoadOptions } from "./transfer/load.ts";
import type { ImagePullOptions } from "./transfer/pull.ts";
import type { ImagePushOptions } from "./transfer/push.ts";
import type { ImageSaveOptions } from "./transfer/save.ts";
import {
  type ImageTransfer,
  startTransfer,
  type TransferSubject,
} from "./transfer/transfer.ts";
import { connectEndpoint } from "./transport/connect.ts";
import {
  configFolder,
  endpointFromContext,
  endpointFromHost,
  findEndpoint,
} from "./transport/docker_config.ts";
import type { Endpoint } from "./transport/endpoint.ts";
import type { ClientCredentials, Credentials } from "./credentials/store.ts";
import type { SecretSources } from "./secrets/source.ts";
import type {
  SecretVerification,
  VerifySecretsOptions,
} from "./verify/verification.ts";
import type { DockerSettings } from "./transport/docker_settings.ts";
import { grantedEnvironment } from "./transport/environment.ts";
import { withHeaders } from "./transport/headers.ts";
import type { Transport } from "./transport/transport.ts";

// What a build needs is imported with this module. The code for everything else
// is imported when it is first used, because loading modules is most of the
// time that a program takes to start.

/** Options of a client. */
export interface DockerClientOptions {
  /**
   * API version to use, such as `1.41`; negotiated with the engine by default.
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
}

const OPTIONS = {
  apiVersion: true,
  credentials: true,
  dockerConfig: true,
} satisfies Record<keyof DockerClientOptions, true>;

/** The option that every request has. */
export interface RequestOptions {
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A client of one Docker engine. Make it with `fromDockerConfig()`,
 * `fromDockerHost()` or `fromDockerContext()`, and close it, or let
 * `await using` do that.
 *
 * Every method rejects with
 *
 * - a {@linkcode ConnectionError} if the engine can't be reached or the
 *   connection breaks,
 * - an {@linkcode EngineError} if the engine refuses the request (`status` 404:
 *   no such image),
 * - a {@linkcode ProtocolError} if the answer does not come from an engine,
 * - a `TypeError` if an option is wrong; nothing was sent then,
 * - the reason of its `signal` when that aborts.
 *
 * Methods that can fail in another way say so.
 *
 * @example A build with a secret
 * ```ts
 * import { DockerClient } from "@davit/build";
 *
 * const tar = (await Deno.open("context.tar")).readable;
 * await using docker = await DockerClient.fromDockerConfig();
 * const build = docker.imageBuild(tar, {
 *   tag: "myapp:latest",
 *   secrets: { npm_token: { env: "NPM_TOKEN" } },
 * });
 * console.log(await build.wait()); // sha256:…
 * ```
 */
export class DockerClient implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #logins: ClientCredentials;
  readonly #operations = new Operations();
  readonly #settings: (() => Promise<DockerSettings>) | undefined;

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
    this.#settings = settings;
    this.#engine = new Engine(
      settings === undefined
        ? transport
        : withHeaders(transport, async () => (await settings()).headers),
      options.apiVersion,
    );
    this.#logins = {
      credentials: options.credentials,
      dockerConfig: options.dockerConfig,
    };
  }

  /**
   * A client of the engine that docker's CLI would use: `DOCKER_HOST`, or else
   * the context that `DOCKER_CONTEXT` names, or else the current context, or
   * else the first of the default sockets that answers. `DOCKER_API_VERSION` is
   * used as well.
   *
   * Docker's logins, headers and proxies are used, too, unless the option
   * `dockerConfig` is `false`.
   *
   * Needs `--allow-env=DOCKER_HOST` if that variable is set, otherwise
   * `--allow-env` and `--allow-read` for docker's configuration.
   *
   * @throws {ConnectionError} If no engine is found.
   * @throws {TypeError} If an address or a context can't be used.
   */
  static async fromDockerConfig(
    options: DockerClientOptions = {},
  ): Promise<DockerClient> {
    return DockerClient.#at(await findEndpoint(), withDockerConfig(options));
  }

  /**
   * A client of the engine at an address: `unix:///path`, `tcp://host:port`,
   * `https://…` or `ssh://user@host`. Only for TLS are environment variables
   * read: `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH`.
   *
   * @param options For example `{ dockerConfig: true }` to use the logins of
   * docker's CLI, which is off by default.
   * @throws {TypeError} If the address has another form.
   */
  static async fromDockerHost(
    uri: string,
    options: DockerClientOptions = {},
  ): Promise<DockerClient> {
    return DockerClient.#at(await endpointFromHost(uri), options);
  }

  /**
   * A client of the engine of a docker context; `default` means the default
   * sockets. The option `dockerConfig` is `true` by default here.
   *
   * @throws {TypeError} If there is no such context.
   */
  static async fromDockerContext(
    name: string,
    options: DockerClientOptions = {},
  ): Promise<DockerClient> {
    return DockerClient.#at(
      await endpointFromContext(name),
      withDockerConfig(options),
    );
  }

  static #at(
    endpoint: Endpoint,
    options: DockerClientOptions,
  ): DockerClient {
    checkOptionNames("make a client", options, OPTIONS);
    const apiVersion = options.apiVersion ?? apiVersionFromEnvironment();
    return new DockerClient(connectEndpoint(endpoint), {
      ...options,
      ...(apiVersion === undefined ? {} : { apiVersion }),
    });
  }

  /**
   * Builds an image. The build starts at this call, and the method itself never
   * throws. Every failure, also that of a wrong option, rejects `wait()` and
   * `result()`, and ends `messages()`.
   *
   * @param buildContext What to build from:
   *
   * - the path of a folder, from which only files that the engine does not have
   *   are sent;
   * - `{ context, files, dockerfile, ignore }`: a folder, files in memory, or
   *   both; see {@linkcode FolderContext};
   * - a tar with the Dockerfile in it, plain or in gzip, bzip2 or xz. A
   *   stream is read as fast as the engine takes it, and cancelled when the
   *   build ends early;
   * - the URL of a git repository, a tar or a Dockerfile, which the engine
   *   fetches.
   * @example A folder, with a secret that must be used
   * ```ts
   * import { displayBuild, DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * const build = docker.imageBuild("./app", {
   *   tag: "app:1",
   *   secrets: { npm_token: { env: "NPM_TOKEN" } },
   *   strictSecrets: true,
   * });
   * await displayBuild(build);
   * const { imageId, warnings } = await build.result();
   * console.log(imageId, warnings.length);
   * ```
   */
  imageBuild(
    buildContext: BuildContext,
    options: ImageBuildOptions = {},
  ): ImageBuild {
    return startBuild({
      operations: this.#operations,
      startedBy: this.imageBuild,
      options,
      run: (record, stop) =>
        runImageBuild({
          ...this.#buildStart(buildContext),
          options,
          record,
          stop,
        }),
    });
  }

  /**
   * Checks a Dockerfile by BuildKit's rules, without building it. The context
   * and the options are those of the build that it is about, such as `target`,
   * `platform` and `buildargs`; options about a result of the build have no
   * effect. It takes BuildKit's API, and an engine from 27 on.
   *
   * A Dockerfile that can't be built is no error here: the result says why.
   *
   * @throws {UnsupportedError} (`result()`) If the engine can't do it.
   * @example
   * ```ts
   * import { DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * const { violations, error } = await docker.dockerfileCheck("./app").result();
   * for (const { rule, detail, place } of violations) {
   *   console.log(`${place?.file}:${place?.ranges[0]?.start}: ${rule}: ${detail}`);
   * }
   * if (error !== undefined) console.log(error.message);
   * ```
   */
  dockerfileCheck(
    buildContext: BuildContext,
    options: ImageBuildOptions = {},
  ): BuildOperation<DockerfileCheck> {
    return startCheck(
      this.#callInit(this.dockerfileCheck, buildContext, options),
    );
  }

  /**
   * What can be given to the build of a target: its build arguments with their
   * values, and the secrets and ssh agents that its steps mount. Nothing is
   * built. The context and the options are those of the build that it is about.
   * It takes BuildKit's API, and an engine from 24 on.
   *
   * @throws {UnsupportedError} (`result()`) If the engine can't do it.
   * @throws {BuildError} (`result()`) If the Dockerfile can't be read, or has no
   * such target.
   * @example The secrets that a target wants
   * ```ts
   * import { DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * const options = { target: "release" };
   * const { secrets } = await docker.dockerfileOutline("./app", options).result();
   * for (const { id, required } of secrets) console.log(id, required);
   * ```
   */
  dockerfileOutline(
    buildContext: BuildContext,
    options: ImageBuildOptions = {},
  ): BuildOperation<DockerfileOutline> {
    return startOutline(
      this.#callInit(this.dockerfileOutline, buildContext, options),
    );
  }

  /**
   * The stages of a Dockerfile, which can be targets of a build. Nothing is
   * built. It takes BuildKit's API, and an engine from 24 on.
   *
   * @throws {UnsupportedError} (`result()`) If the engine can't do it.
   * @throws {BuildError} (`result()`) If the Dockerfile can't be read.
   */
  dockerfileTargets(
    buildContext: BuildContext,
    options: ImageBuildOptions = {},
  ): BuildOperation<readonly DockerfileTarget[]> {
    return startTargets(
      this.#callInit(this.dockerfileTargets, buildContext, options),
    );
  }

  /**
   * Asks the frontend that reads a Dockerfile a question by its name, such as
   * `lint`, `outline`, `targets` or `subrequests.describe`; a frontend of its own
   * (`# syntax=`) may know others. The answer is as it came.
   *
   * @throws {UnsupportedError} (`result()`) If the engine can't do it, or the
   * frontend does not know the question.
   * @throws {TypeError} (`result()`) If the name can't be one.
   */
  dockerfileCall(
    name: string,
    buildContext: BuildContext,
    options: ImageBuildOptions = {},
  ): BuildOperation<FrontendAnswer> {
    return startNamed(
      this.#callInit(this.dockerfileCall, buildContext, options),
      name,
    );
  }

  /**
   * Builds, and gives access to the files of what was built before anything is
   * exported: a report of a stage of tests, a version, a list of what is there.
   * It takes BuildKit's API. Steps, secrets, events and logs are as in
   * {@linkcode imageBuild}.
   *
   * Close what `result()` gives, or let `await using` do that: until then the
   * build stays open on the engine, and the program does not end by itself.
   *
   * @throws {UnsupportedError} (`result()`) If the engine has no BuildKit API.
   * @example The report of a stage that runs tests
   * ```ts
   * import { displayBuild, DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * const build = docker.buildFiles("./app", { target: "test" });
   * await displayBuild(build);
   * await using files = await build.result();
   * for (const { name, size } of await files.readDir("/reports")) {
   *   console.log(name, size);
   * }
   * console.log(await files.readTextFile("/reports/junit.xml"));
   * ```
   */
  buildFiles(
    buildContext: BuildContext,
    options: BuildFilesOptions = {},
  ): BuildOperation<BuiltFiles> {
    return startFiles({
      operations: this.#operations,
      startedBy: this.buildFiles,
      start: this.#buildStart(buildContext),
      options,
    });
  }

  #callInit(
    startedBy: CallInit["startedBy"],
    context: BuildContext,
    options: ImageBuildOptions,
  ): CallInit {
    return {
      operations: this.#operations,
      startedBy,
      start: this.#buildStart(context),
      options,
    };
  }

  #buildStart(
    context: BuildContext,
  ): Omit<BuildStart, "record" | "stop" | "options"> {
    return {
      host: engineHost(this.#engine),
      logins: this.#logins,
      settings: this.#settings,
      context,
    };
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
    const { version } = await import("./engine/version.ts");
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
    const { info } = await import("./engine/info.ts");
    return await this.#run(options, (signal) => info(this.#engine, signal));
  }

  /** An image's id, names, size, layers and configuration. */
  async imageInspect(
    name: string,
    options: RequestOptions = {},
  ): Promise<ImageInspect> {
    const { imageInspect } = await import("./engine/image_inspect.ts");
    return await this.#run(
      options,
      (signal) => imageInspect(this.#engine, name, signal),
    );
  }

  /** How an image was made, newest step first. */
  async imageHistory(
    name: string,
    options: RequestOptions = {},
  ): Promise<ImageHistoryEntry[]> {
    const { imageHistory } = await import("./engine/image_history.ts");
    return await this.#run(
      options,
      (signal) => imageHistory(this.#engine, name, signal),
    );
  }

  /**
   * Gives an image a further name, `repo:tag`. If another image has this name,
   * it loses it.
   */
  async imageTag(
    name: string,
    repo: string,
    tag: string,
    options: RequestOptions = {},
  ): Promise<void> {
    const { imageTag } = await import("./engine/image_tag.ts");
    return await this.#run(
      options,
      (signal) => imageTag(this.#engine, name, repo, tag, signal),
    );
  }

  /** Removes a name of an image, and deletes the image when it was the last one. */
  async imageRemove(
    name: string,
    options?: ImageRemoveOptions,
  ): Promise<ImageRemoveEntry[]> {
    const { imageRemove } = await import("./engine/image_remove.ts");
    return await this.#run(
      options,
      (signal) => imageRemove(this.#engine, name, { ...options, signal }),
    );
  }

  /** Same as {@linkcode DockerClient.imageRemove}; @docker/node-sdk has this name. */
  async imageDelete(
    name: string,
    options?: ImageRemoveOptions,
  ): Promise<ImageRemoveEntry[]> {
    return await this.imageRemove(name, options);
  }

  /**
   * The images of the engine, newest first.
   *
   * @example Names of the images with a label
   * ```ts
   * import { DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * const images = await docker.imageList({ filters: { label: ["team=a"] } });
   * for (const { Id, RepoTags } of images) console.log(Id, RepoTags);
   * ```
   *
   * @throws {UnsupportedError} If this engine is too old for an option.
   */
  async imageList(options?: ImageListOptions): Promise<ImageSummary[]> {
    const { imageList } = await import("./engine/image_list.ts");
    return await this.#run(
      options,
      (signal) => imageList(this.#engine, { ...options, signal }),
    );
  }

  /** Deletes images that no container uses: those without a name, unless `filters` say otherwise. */
  async imagePrune(options?: ImagePruneOptions): Promise<ImagePruneResult> {
    const { imagePrune } = await import("./engine/image_prune.ts");
    return await this.#run(
      options,
      (signal) => imagePrune(this.#engine, { ...options, signal }),
    );
  }

  /**
   * Pushes an image to the registry that its name begins with (Docker Hub if it
   * names none). The push starts at this call, and every failure, also that of
   * a wrong option, rejects its `wait()`.
   *
   * @example
   * ```ts
   * import { DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * const push = docker.imagePush("registry.example/app:1");
   * for await (const event of push.events()) {
   *   if (event.type === "layer") console.log(event.id, event.status);
   * }
   * console.log(await push.wait()); // sha256:…
   * ```
   */
  imagePush(name: string, options: ImagePushOptions = {}): ImageTransfer {
    return startTransfer({
      operations: this.#operations,
      what: `push of "${name}"`,
      startedBy: this.imagePush,
      signal: options.signal,
      work: async (run) => {
        const { pushWithLogin } = await import("./transfer/push.ts");
        return await pushWithLogin(this.#subject(name, options), run);
      },
    });
  }

  /**
   * Pulls an image from the registry that its name begins with (Docker Hub if
   * it names none). The pull starts at this call, and every failure, also that
   * of a wrong option, rejects its `wait()`.
   *
   * @example
   * ```ts
   * import { DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * const digest = await docker.imagePull("registry.example/base:1").wait();
   * console.log(digest); // sha256:…
   * ```
   */
  imagePull(name: string, options: ImagePullOptions = {}): ImageTransfer {
    return startTransfer({
      operations: this.#operations,
      what: `pull of "${name}"`,
      startedBy: this.imagePull,
      signal: options.signal,
      work: async (run) => {
        const { pullWithLogin } = await import("./transfer/pull.ts");
        const platform = options.platform ??
          (await this.#settings?.())?.platform;
        const { platform: _, ...rest } = options;
        return await pullWithLogin(
          this.#subject(name, platform ? { ...rest, platform } : rest),
          run,
        );
      },
    });
  }

  #subject<Options>(name: string, options: Options): TransferSubject<Options> {
    return { engine: this.#engine, name, options, logins: this.#logins };
  }

  /**
   * One or several images as one tar, as `docker save` writes it. Read the stream
   * to its end, or cancel it.
   *
   * @example
   * ```ts
   * import { DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * await using file = await Deno.create("app.tar");
   * await (await docker.imageSave("app:1")).pipeTo(file.writable);
   * ```
   */
  async imageSave(
    names: string | readonly string[],
    options?: ImageSaveOptions,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const { saveImages } = await import("./transfer/save.ts");
    return await this.#operations.stream(
      options?.signal,
      (signal) => saveImages(this.#engine, names, { ...options, signal }),
    );
  }

  /**
   * Looks for secrets in an image as the engine stores it: every layer of every
   * manifest, packed or not, names and contents, files unpacked once, the
   * configuration, the history and attestations; in all encodings that davit
   * knows. The image is read as `imageSave()` gives it, and not kept.
   *
   * What it can't see is in `examples/verify`.
   *
   * @param secrets As `imageBuild()` takes them; functions are called.
   * @throws {EngineError} If there is no such image.
   * @throws {SecretError} If a secret can't be read.
   *
   * @example
   * ```ts
   * import { DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * const { finds } = await docker.imageVerifySecrets("app:1", {
   *   npm_token: { env: "NPM_TOKEN" },
   * });
   * for (const { id, layerNumber, path } of finds) {
   *   console.error(`${id} is in layer ${layerNumber}, ${path}`);
   * }
   * ```
   */
  async imageVerifySecrets(
    name: string,
    secrets: SecretSources,
    options: VerifySecretsOptions = {},
  ): Promise<SecretVerification> {
    const { openKnownSecrets, verifyImage } = await import(
      "./verify/verify.ts"
    );
    return await this.#run(options, async (signal) =>
      await verifyImage(
        this.#engine,
        name,
        await openKnownSecrets(secrets, signal),
        { ...options, signal },
      ));
  }

  /**
   * Adds the images of a tar to the engine, as `docker load` does.
   *
   * @param tar What {@linkcode imageSave} or `docker save` wrote.
   *
   * @throws What the tar's stream fails with, as it is.
   */
  async imageLoad(
    tar: ByteSource,
    options?: ImageLoadOptions,
  ): Promise<ImageLoadResult> {
    const stream = openTar("load images", tar);
    const { loadImages } = await import("./transfer/load.ts");
    return await this.#run(
      options,
      (signal) => loadImages(this.#engine, stream, { ...options, signal }),
    );
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
    const { inspectDistribution } = await import("./transfer/distribution.ts");
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
    const { checkLogin } = await import("./transfer/check_login.ts");
    return await this.#run(
      options,
      (signal) => checkLogin(this.#engine, config, signal),
    );
  }

  /**
   * Makes an image with one layer from the tar of a root file system, as
   * `docker import` does.
   *
   * @returns The image's id, `sha256:…`.
   * @throws What the tar's stream fails with, as it is.
   */
  async imageImport(
    tar: ByteSource,
    options: ImageImportOptions = {},
  ): Promise<string> {
    const stream = openTar("import an image", tar);
    const { imageImport } = await import("./engine/image_import.ts");
    const { sendTar } = await import("./transfer/send_tar.ts");
    return await this.#run(options, (signal) =>
      sendTar(
        stream,
        { signal },
        (body) => imageImport(this.#engine, body, { ...options, signal }),
      ));
  }

  /**
   * What the engine remembers of its builds, those of other clients among them:
   * their records, logs, errors and attestations. Nothing is asked of the engine
   * before a method of it is called.
   *
   * With the client's option `dockerConfig` it also knows what buildx wrote down
   * of its own builds on this machine: where their contexts lie.
   *
   * @example The last build that failed
   * ```ts
   * import { displayBuild, DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * const history = docker.buildHistory();
   * const [failed] = await history.list({ filters: ["status=error"], limit: 1 });
   * if (failed !== undefined) {
   *   await displayBuild(await history.logs(failed.ref));
   *   const { failure } = await history.inspect(failed.ref);
   *   console.error(failure?.step, failure?.source?.excerpt);
   * }
   * ```
   */
  buildHistory(): BuildHistory {
    return new BuildHistory(this.#historySource());
  }

  /**
   * What is in the build cache, and how much disk space it takes, as
   * `docker buildx du` tells.
   *
   * @example What a day has not used
   * ```ts
   * import { DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * const { records, reclaimable } = await docker.buildDiskUsage({
   *   filters: { until: ["24h"] },
   * });
   * console.log(records.length, reclaimable, "bytes");
   * ```
   * @throws {UnsupportedError} Where BuildKit's own API can't be reached.
   */
  async buildDiskUsage(
    options?: BuildDiskUsageOptions,
  ): Promise<BuildDiskUsage> {
    const { diskUsage } = await import("./history/disk_usage.ts");
    return await diskUsage(this.#historySource(), options);
  }

  /**
   * Deletes from the build cache as {@linkcode buildPrune} does, and gives each
   * record once it is deleted. It begins when the loop begins, and ends when the
   * loop is left.
   *
   * @example
   * ```ts
   * import { DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * for await (const { id, size } of docker.buildPruneRecords({ all: true })) {
   *   console.log(id, size);
   * }
   * ```
   * @throws {UnsupportedError} Where BuildKit's own API can't be reached, or if
   * it does not know an option; nothing is deleted then.
   */
  async *buildPruneRecords(
    options: BuildPruneRecordsOptions = {},
  ): AsyncGenerator<BuildCacheRecord, void> {
    const { pruneRecords } = await import("./history/prune.ts");
    yield* pruneRecords(this.#historySource(), options);
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
    const { buildPrune } = await import("./engine/build_prune.ts");
    return await this.#run(
      options,
      (signal) => buildPrune(this.#engine, { ...options, signal }),
    );
  }

  /**
   * Cancels everything that runs on this client, waits until it has ended, and
   * closes the connections. Builds, pushes, pulls, the stream of a save and all
   * requests reject with an `AbortError` that says so; what is started later
   * rejects with a {@linkcode ConnectionError}.
   *
   * Await a build before its client is closed, or before the program leaves the
   * scope of its `await using`.
   */
  async close(): Promise<void> {
    await this.#operations.close();
    this.#engine.close();
    await this.#engine.transport.close();
  }

  /** Same as {@linkcode close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #historySource(): HistorySource {
    const operations = this.#operations;
    return {
      buildkit: async () => {
        const { buildkitOf } = await import("./buildkit/engine_host.ts");
        return buildkitOf(this.#engine);
      },
      run: (signal, work) => operations.run(signal, work),
      iterate: (signal, work) => operations.iterate(signal, work),
      buildxFolder: this.#logins.dockerConfig === true
        ? buildxFolder
        : undefined,
    };
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

/**
 * The folder in which buildx keeps what it knows; undefined where it is not to be
 * found.
 */
function buildxFolder(): string | undefined {
  const own = grantedEnvironment.get("BUILDX_CONFIG");
  if (own) return own;
  try {
    return `${configFolder(grantedEnvironment)}/buildx`;
  } catch {
    return undefined; // there is no home folder
  }
}

/** Reads docker's settings once, with the first request. */
function dockerSettings(
  address: string | undefined,
): () => Promise<DockerSettings> {
  let settings: Promise<DockerSettings> | undefined;
  return () =>
    settings ??= import("./transport/docker_settings.ts").then(
      ({ readDockerSettings }) => readDockerSettings(address),
    );
}

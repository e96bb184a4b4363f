import type { BuilderTls } from "./tls_files.ts";
import type { BuildkitDaemon } from "./daemon.ts";
import type { Control, Worker as BuilderWorker } from "../buildkit/control.ts";
import type { ClientCredentials, Credentials } from "../credentials/store.ts";
import { requireDenoVersion } from "../deno_version.ts";
import type { BuildCacheRecord } from "../history/cache_record.ts";
import type {
  BuildDiskUsage,
  BuildDiskUsageOptions,
} from "../history/disk_usage.ts";
import { BuildHistory } from "../history/history.ts";
import type { BuildPruneRecordsOptions } from "../history/prune.ts";
import type { HistorySource } from "../history/source.ts";
import type { BuildContext } from "../imagebuild/context/source.ts";
import { daemonHost } from "../imagebuild/host.ts";
import { type ImageBuild, startBuild } from "../imagebuild/image_build.ts";
import type { ImageBuildOptions } from "../imagebuild/options.ts";
import { runImageBuild } from "../imagebuild/run.ts";
import type { BuildSettings } from "../imagebuild/settings.ts";
import { Operations } from "../operation/operations.ts";
import { checkOptionNames } from "../option_names.ts";

export type { BuilderTls, PemSource } from "./tls_files.ts";
export type { Worker as BuilderWorker } from "../buildkit/control.ts";

/** Options of {@linkcode Builder.fromAddress}. */
export interface BuilderOptions {
  /**
   * TLS for `tcp://`, mostly with a certificate on both sides; an empty object
   * for TLS alone. Without this option `tcp://` is not encrypted.
   */
  readonly tls?: BuilderTls | undefined;
  /**
   * Address of the engine that runs the container of `docker-container://`, as
   * for `DockerClient.fromDockerHost()`. The engine that docker's CLI would use
   * unless given.
   */
  readonly dockerHost?: string | undefined;
  /**
   * Logins for registries. The option of the same name of a build is used before
   * this one.
   */
  readonly credentials?: Credentials | undefined;
  /**
   * Whether docker's own configuration is used on this machine, after
   * `credentials` and the options of each build: logins, `proxies` as build
   * arguments, `DOCKER_DEFAULT_PLATFORM` and `SOURCE_DATE_EPOCH`.
   *
   * @default {false}
   */
  readonly dockerConfig?: boolean | undefined;
}

const OPTIONS = {
  tls: true,
  dockerHost: true,
  credentials: true,
  dockerConfig: true,
} satisfies Record<keyof BuilderOptions, true>;

/** Options of a question to a builder. */
export interface BuilderRequestOptions {
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined;
}

const REQUEST_OPTIONS = {
  signal: true,
} satisfies Record<keyof BuilderRequestOptions, true>;

/**
 * A BuildKit daemon (buildkitd), which builds as the BuildKit in a Docker engine
 * does. It has no image store in which docker finds images: a build names where
 * its result goes by the option `outputs`.
 *
 * - `{ type: "registry" }` pushes the image by the names in `tag`;
 * - `oci`, `docker`, `local` and `tar` come to this machine;
 * - `{ type: "image" }` is an image in the daemon's own store;
 * - without an output the result stays in the daemon's cache, which is a
 *   warning; `{ type: "cacheonly" }` says that this is meant.
 *
 * Nothing goes to a Docker engine by itself. An image is loaded there by the
 * output `docker` and {@linkcode DockerClient.imageLoad}, which may run at the
 * same time; see the example.
 *
 * One connection serves all builds. It is opened with the first request, closed
 * with the last one, and opened again when the daemon has been restarted. If the
 * daemon sends nothing for 15 seconds, and no answer to a PING of HTTP/2 for 15
 * more, the connection counts as broken.
 *
 * Every method rejects with
 *
 * - a {@linkcode ConnectionError} if the daemon can't be reached, refuses the
 *   certificate, or the connection breaks,
 * - an {@linkcode UnsupportedError} if a daemon can't do what is asked,
 * - a {@linkcode ProtocolError} if the answer does not come from BuildKit,
 * - a `TypeError` if an option is wrong; nothing was sent then,
 * - the reason of its `signal` when that aborts.
 *
 * @example An image that a daemon builds and an engine gets
 * ```ts
 * import { Builder, DockerClient } from "@davit/build";
 *
 * await using builder = await Builder.fromAddress("tcp://builds.example:1234", {
 *   tls: { ca: "ca.pem", cert: "cert.pem", key: "key.pem" },
 * });
 * await using docker = await DockerClient.fromDockerConfig();
 * const { readable, writable } = new TransformStream<
 *   Uint8Array<ArrayBuffer>,
 *   Uint8Array<ArrayBuffer>
 * >();
 * const build = builder.imageBuild("./app", {
 *   tag: "app:1",
 *   outputs: { type: "docker", dest: writable },
 *   secrets: { npm_token: { env: "NPM_TOKEN" } },
 * });
 * await Promise.all([build.wait(), docker.imageLoad(readable)]);
 * ```
 */
export class Builder implements AsyncDisposable {
  readonly #daemon: BuildkitDaemon;
  readonly #logins: ClientCredentials;
  readonly #settings: (() => Promise<BuildSettings>) | undefined;
  readonly #operations = new Operations();

  private constructor(
    daemon: BuildkitDaemon,
    { credentials, dockerConfig }: BuilderOptions,
  ) {
    this.#daemon = daemon;
    this.#logins = { credentials, dockerConfig };
    this.#settings = dockerConfig === true ? settingsFor(daemon) : undefined;
  }

  /**
   * The daemon at an address, in the forms that buildctl and buildx know:
   *
   * - `unix:///run/buildkit/buildkitd.sock`
   * - `tcp://host:1234`, with the option `tls` for TLS
   * - `ssh://user@host`: by the user's `ssh`, which runs `buildctl dial-stdio`
   *   there; `ssh://user@host:port/path/of/socket` for another socket
   * - `docker-container://NAME`: by the Engine API, which runs
   *   `buildctl dial-stdio` in the container; `?context=NAME` for the engine of
   *   a docker context
   * - `kube-pod://POD`: by the user's `kubectl exec`; behind it
   *   `?context=NAME&namespace=NAME&container=NAME`
   *
   * Nothing is sent yet; certificates are read.
   *
   * Needs the permission for its way: `--allow-net` for the address,
   * `--allow-run=ssh` or `--allow-run=kubectl`, or that for the engine.
   *
   * @throws {TypeError} If the address has another form, an option does not
   * belong to it, or a certificate can't be read.
   * @throws {UnsupportedError} If this version of Deno is too old.
   */
  static async fromAddress(
    address: string,
    options: BuilderOptions = {},
  ): Promise<Builder> {
    requireDenoVersion();
    checkOptionNames("make a builder", options, OPTIONS);
    const { openDaemon } = await import("./open_daemon.ts");
    return new Builder(await openDaemon(address, options), options);
  }

  /** The daemon's address, as it appears in messages. */
  get address(): string {
    return this.#daemon.where;
  }

  /**
   * Builds an image, as {@linkcode DockerClient.imageBuild} does: the same
   * contexts, options, events and results. The build starts at this call, and
   * the method itself never throws.
   *
   * A daemon has no Engine API, so `version: "1"`, `api: "engine"`,
   * `secretsVia: "header"` and `squash` are refused; `verify` takes an output
   * that comes to this machine.
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
          host: daemonHost(this.#daemon),
          logins: this.#logins,
          settings: this.#settings,
          context: buildContext,
          options,
          record,
          stop,
        }),
    });
  }

  /** What runs the daemon's builds, with the platforms that it can run. */
  async workers(
    options: BuilderRequestOptions = {},
  ): Promise<readonly BuilderWorker[]> {
    return await this.#ask(
      options,
      (control, signal) => control.workers({ signal }),
    );
  }

  /**
   * BuildKit's version, such as `v0.25.2`; undefined where the daemon does not
   * tell.
   */
  async version(
    options: BuilderRequestOptions = {},
  ): Promise<string | undefined> {
    return await this.#ask(
      options,
      (control, signal) => control.version({ signal }),
    );
  }

  /**
   * What the daemon remembers of its builds, as
   * {@linkcode DockerClient.buildHistory}.
   */
  buildHistory(): BuildHistory {
    return new BuildHistory(this.#historySource());
  }

  /**
   * What is in the daemon's cache, and how much disk space it takes, as
   * {@linkcode DockerClient.buildDiskUsage}.
   */
  async buildDiskUsage(
    options?: BuildDiskUsageOptions,
  ): Promise<BuildDiskUsage> {
    const { diskUsage } = await import("../history/disk_usage.ts");
    return await diskUsage(this.#historySource(), options);
  }

  /**
   * Deletes from the daemon's cache, and gives each record once it is deleted,
   * as {@linkcode DockerClient.buildPruneRecords}.
   */
  async *buildPruneRecords(
    options: BuildPruneRecordsOptions = {},
  ): AsyncGenerator<BuildCacheRecord, void> {
    const { pruneRecords } = await import("../history/prune.ts");
    yield* pruneRecords(this.#historySource(), options);
  }

  /**
   * Cancels everything that runs on this builder, waits until it has ended, and
   * ends what was started to reach the daemon. What is started later rejects
   * with a {@linkcode ConnectionError}.
   *
   * Await a build before its builder is closed, or before the program leaves the
   * scope of its `await using`.
   */
  async close(): Promise<void> {
    await this.#operations.close();
    await this.#daemon.close();
  }

  /** Same as {@linkcode close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Asks the daemon something, on the connection of its builds. */
  async #ask<T>(
    options: BuilderRequestOptions,
    question: (control: Control, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    checkOptionNames("ask a builder", options, REQUEST_OPTIONS);
    const { openControl } = await import("../buildkit/control.ts");
    return await this.#operations.run(options.signal, async (signal) => {
      await using control = await openControl(this.#daemon, { signal });
      return await question(control, signal);
    });
  }

  #historySource(): HistorySource {
    const operations = this.#operations;
    return {
      buildkit: () => Promise.resolve(this.#daemon),
      run: (signal, work) => operations.run(signal, work),
      iterate: (signal, work) => operations.iterate(signal, work),
    };
  }
}

/** Reads docker's settings once, with the first build. */
function settingsFor(
  { where }: Pick<BuildkitDaemon, "where">,
): () => Promise<BuildSettings> {
  let settings: Promise<BuildSettings> | undefined;
  return () =>
    settings ??= import("../transport/docker_settings.ts").then(
      ({ readDockerSettings }) => readDockerSettings(where),
    );
}

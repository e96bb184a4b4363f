import type { ClientCredentials } from "../credentials/source.ts";
import type { BuildCacheRecord } from "../history/cache_record.ts";
import type {
  BuildDiskUsage,
  BuildDiskUsageOptions,
} from "../history/disk_usage.ts";
import { BuildHistory } from "../history/history.ts";
import type { BuildPruneRecordsOptions } from "../history/prune.ts";
import type { HistorySource } from "../history/source.ts";
import type { BuildOperation } from "../imagebuild/build_operation.ts";
import type {
  DockerfileCheck,
  DockerfileOutline,
  DockerfileTarget,
} from "../imagebuild/calls/answers.ts";
import type { FrontendAnswer } from "../imagebuild/calls/frontend_call.ts";
import {
  type CallInit,
  startCheck,
  startNamed,
  startOutline,
  startTargets,
} from "../imagebuild/calls/start_call.ts";
import type { BuildContext } from "../imagebuild/context/source.ts";
import type { BuiltFiles } from "../imagebuild/files/built_files.ts";
import {
  type BuildFilesOptions,
  startFiles,
} from "../imagebuild/files/start_files.ts";
import type { BuildHost } from "../imagebuild/host.ts";
import { type ImageBuild, startBuild } from "../imagebuild/image_build.ts";
import type { ImageBuildOptions } from "../imagebuild/options.ts";
import type { BuildResult } from "../imagebuild/result.ts";
import type { BuildStart } from "../imagebuild/run.ts";
import type { BuildSettings } from "../imagebuild/settings.ts";
import type { Operations } from "../operation/operations.ts";

/** What is needed to make a client that builds. */
export interface BuildClientInit {
  /** Everything that runs on the client. */
  readonly operations: Operations;
  /** What builds. */
  readonly host: BuildHost;
  /** The client's own source of logins. */
  readonly logins: ClientCredentials;
  /** Reads docker's settings; undefined where they are not used. */
  readonly settings: (() => Promise<BuildSettings>) | undefined;
  /** Runs a build of an image. */
  readonly runBuild: (start: BuildStart) => Promise<BuildResult>;
  /**
   * BuildKit's own API, for what it remembers.
   *
   * @throws {UnsupportedError} If there are several.
   */
  readonly records: () => HistorySource["buildkit"];
  /** Closes the connections, when nothing runs any more. */
  readonly close: () => Promise<void>;
}

/**
 * What {@linkcode DockerClient} and {@linkcode Builder} have in common: builds,
 * questions about a Dockerfile, the history of builds and the build cache. As a
 * type it is for functions that take either of them.
 *
 * @example
 * ```ts
 * import { type BuildClient, DockerClient } from "@davit/build";
 *
 * async function build(client: BuildClient, tag: string): Promise<string> {
 *   return await client.imageBuild("./app", { tag }).wait();
 * }
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * console.log(await build(docker, "app:1"));
 * ```
 */
export abstract class BuildClient implements AsyncDisposable {
  readonly #init: BuildClientInit;

  /** @ignore */
  protected constructor(init: BuildClientInit) {
    this.#init = init;
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
      operations: this.#init.operations,
      startedBy: this.imageBuild,
      options,
      run: (record, stop) =>
        this.#init.runBuild({
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
      operations: this.#init.operations,
      startedBy: this.buildFiles,
      start: this.#buildStart(buildContext),
      options,
    });
  }

  /**
   * What the engine remembers of its builds, those of other clients among them:
   * their records, logs, errors and attestations. Nothing is asked of the engine
   * before a method of it is called.
   *
   * With the option `dockerConfig` it also knows what buildx wrote down
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
    const { diskUsage } = await import("../history/disk_usage.ts");
    return await diskUsage(this.#historySource(), options);
  }

  /**
   * Deletes from the build cache as {@linkcode DockerClient.buildPrune} does, and gives each
   * record once it is deleted. It begins when the loop begins, and ends when the
   * loop is left.
   *
   * @example
   * ```ts
   * import { DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * for await (const { id, size } of docker.buildPruneRecords({
   *   filters: { until: ["24h"] },
   * })) {
   *   console.log(id, size);
   * }
   * ```
   * @throws {UnsupportedError} Where BuildKit's own API can't be reached, or if
   * it does not know an option; nothing is deleted then.
   */
  async *buildPruneRecords(
    options: BuildPruneRecordsOptions = {},
  ): AsyncGenerator<BuildCacheRecord, void> {
    const { pruneRecords } = await import("../history/prune.ts");
    yield* pruneRecords(this.#historySource(), options);
  }

  /**
   * Cancels everything that runs on this client, waits until it has ended, and
   * closes its connections. Builds, pushes, pulls, the stream of a save and all
   * requests reject with an `AbortError` that says so; what is started later
   * rejects with a {@linkcode ConnectionError}.
   *
   * Await a build before its client is closed, or before the program leaves the
   * scope of its `await using`.
   */
  async close(): Promise<void> {
    await this.#init.operations.close();
    await this.#init.close();
  }

  /** Same as {@linkcode close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #callInit(
    startedBy: CallInit["startedBy"],
    context: BuildContext,
    options: ImageBuildOptions,
  ): CallInit {
    return {
      operations: this.#init.operations,
      startedBy,
      start: this.#buildStart(context),
      options,
    };
  }

  #buildStart(context: BuildContext): CallInit["start"] {
    const { host, logins, settings } = this.#init;
    return { host, logins, settings, context };
  }

  #historySource(): HistorySource {
    const { operations, logins, records } = this.#init;
    return {
      buildkit: records(),
      run: (signal, work) => operations.run(signal, work),
      iterate: (signal, work) => operations.iterate(signal, work),
      readsBuildxFolder: logins.dockerConfig === true,
    };
  }
}

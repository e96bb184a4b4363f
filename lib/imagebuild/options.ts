import type { Credentials } from "../credentials/source.ts";
import type { SshOption } from "../ssh/option.ts";
import type { SecretSources } from "../secrets/source.ts";
import type { AttestOptions } from "./attest_options.ts";
import type { CacheFrom, CacheTo } from "./cache_options.ts";
import type { NamedContext } from "./context/named_source.ts";
import type { BuildOutput } from "./output_options.ts";
import type { SourcePolicy } from "./source_policy.ts";
import type { BuildVerifyOptions } from "./verify_options.ts";

/** A limit for the processes of a step. */
export interface Ulimit {
  /** Name, such as `nofile`. */
  readonly name: string;
  /** Soft limit: a process may raise it up to the hard limit. */
  readonly soft: number;
  /** Hard limit. */
  readonly hard: number;
}

/**
 * How an image is built. Names and strings are those of @docker/node-sdk;
 * structured options may also be given as objects and lists.
 *
 * Options marked "classic builder" have no effect with BuildKit and then give a
 * warning message. An option that does not exist is a `TypeError`.
 *
 * @example The options that most builds need
 * ```ts
 * import { DockerClient, type ImageBuildOptions } from "@davit/build";
 *
 * const options: ImageBuildOptions = {
 *   tag: ["app:1", "app:latest"],
 *   target: "release",
 *   buildargs: { VERSION: "1.2.3" },
 *   labels: { "org.opencontainers.image.version": "1.2.3" },
 *   secrets: { npm_token: { env: "NPM_TOKEN" } },
 *   strictSecrets: true, // an id that is missing, or not used, is an error
 *   verify: true, // and so is a secret that is found in the image
 * };
 * await using docker = await DockerClient.fromDockerConfig();
 * console.log(await docker.imageBuild("./app", options).wait());
 * ```
 *
 * @example A folder in the place of an image
 * ```ts
 * import { DockerClient } from "@davit/build";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * await docker.imageBuild("./app", {
 *   outputs: { type: "local", dest: "./out" },
 * }).wait();
 * ```
 */
export interface ImageBuildOptions {
  /**
   * The builder: `"2"` is BuildKit, `"1"` the classic builder, which has no
   * secrets.
   *
   * @default {"2"}
   */
  readonly version?: "1" | "2" | undefined;
  /**
   * The interface of the engine that the build takes. `"engine"` is the Engine
   * API (`POST /build`); `"buildkit"` is BuildKit's own API behind the same
   * socket. By default BuildKit's API is taken where an option needs it, and the
   * Engine API otherwise. `"engine"` together with such an option, and
   * `"buildkit"` together with the classic builder (`version: "1"`), is a
   * `TypeError`; podman and a davit gateway have no such API, which is an
   * `UnsupportedError`.
   */
  readonly api?: "engine" | "buildkit" | undefined;
  /**
   * Path of the Dockerfile in the context.
   *
   * @default {"Dockerfile"}
   */
  readonly dockerfile?: string | undefined;
  /** Names for the image, as `name` or `name:tag`. */
  readonly tag?: string | readonly string[] | undefined;
  /**
   * Entries for the steps' `/etc/hosts`: `host:ip`, several of them, or an
   * object of hosts to addresses.
   */
  readonly extrahosts?:
    | string
    | readonly string[]
    | Readonly<Record<string, string>>
    | undefined;
  /**
   * URL of a git repository or an archive that the engine fetches as the
   * context; the given stream is then not read.
   */
  readonly remote?: string | undefined;
  /**
   * Further contexts by name (BuildKit's API, engines from 23 on, or a frontend
   * of the Dockerfile's own: `# syntax=`). A name stands in the Dockerfile where
   * a stage or an image can: `FROM deps`, `COPY --from=deps`,
   * `RUN --mount=from=deps`; it takes the place of a stage or an image of that
   * name. Names are those of images: in lower case, and `busybox` is
   * `docker.io/library/busybox:latest`, too. A name that nothing in the build
   * uses is a warning.
   *
   * @example
   * ```ts
   * import type { ImageBuildOptions } from "@davit/build";
   *
   * const options: ImageBuildOptions = {
   *   contexts: {
   *     deps: "./deps",
   *     config: { files: { "app.json": "{}" } },
   *     busybox: "docker-image://registry.example/busybox:1",
   *     base: "oci-layout://./dist/base:latest",
   *   },
   * };
   * ```
   */
  readonly contexts?:
    | Readonly<Record<string, NamedContext | undefined>>
    | undefined;
  /** Whether to print no log, only the image id. */
  readonly quiet?: boolean | undefined;
  /** Whether to run every step, without the cache. */
  readonly nocache?: boolean | undefined;
  /** Stages whose steps are run without the cache (BuildKit's API). */
  readonly nocachefilter?: string | readonly string[] | undefined;
  /**
   * Caches to use besides the engine's own: names of images, buildx's words such
   * as `type=registry,ref=IMAGE`, or objects; one, a list, or the JSON of a list.
   * What is more than an image's name takes BuildKit's API. A cache that can't
   * be read is a warning (code `cache-import-failed`).
   */
  readonly cachefrom?:
    | string
    | CacheFrom
    | readonly (string | CacheFrom)[]
    | undefined;
  /**
   * Caches to write, for builds on other engines: in the forms of `cachefrom`.
   * `inline` is kept within the image; others take BuildKit's API and an engine
   * with the containerd image store. A cache that can't be written fails the
   * build, unless its `ignoreError` makes that a warning.
   */
  readonly cacheto?:
    | string
    | CacheTo
    | readonly (string | CacheTo)[]
    | undefined;
  /** Whether to ask registries for newer base images. */
  readonly pull?: string | boolean | undefined;
  /** Whether to remove intermediate containers (classic builder). */
  readonly rm?: boolean | undefined;
  /**
   * Whether to remove intermediate containers also when the build fails
   * (classic builder).
   */
  readonly forcerm?: boolean | undefined;
  /** Memory for a step, in bytes (classic builder). */
  readonly memory?: number | undefined;
  /** Memory and swap, in bytes; -1 for no limit (classic builder). */
  readonly memswap?: number | undefined;
  /**
   * Weight of a step where processors are short, relative to the usual 1024
   * (classic builder).
   */
  readonly cpushares?: number | undefined;
  /** Processors to use, such as `0-3` (classic builder). */
  readonly cpusetcpus?: string | undefined;
  /** Length of a scheduler period, in microseconds (classic builder). */
  readonly cpuperiod?: number | undefined;
  /** Processor time within a period, in microseconds (classic builder). */
  readonly cpuquota?: number | undefined;
  /**
   * Parent control group of the steps: obeyed by the classic builder and with
   * BuildKit's API. The Engine API does not give it to BuildKit.
   */
  readonly cgroupparent?: string | undefined;
  /**
   * Build arguments: an object, or its JSON. A value of `null` or `undefined`
   * counts as not given, as with `--build-arg NAME` where that variable is not
   * set. Not for secrets: they would stay in the image's history.
   */
  readonly buildargs?:
    | string
    | Readonly<Record<string, string | null | undefined>>
    | undefined;
  /** Size of `/dev/shm` in bytes; with BuildKit from engine 23 on. */
  readonly shmsize?: number | undefined;
  /** Limits of the steps' processes: a JSON array, or a list; with BuildKit from engine 23 on. */
  readonly ulimits?: string | readonly Ulimit[] | undefined;
  /** Whether to squash all layers into one (experimental engines only). */
  readonly squash?: boolean | undefined;
  /** Labels: a JSON object, or an object. */
  readonly labels?: string | Readonly<Record<string, string>> | undefined;
  /** Network of the steps: `default`, `none` or `host`; the classic builder also knows named ones. */
  readonly networkmode?: string | undefined;
  /**
   * Logins for registries: an object by registry, or a function that is called
   * for each registry.
   *
   * BuildKit asks for the login of a registry when it needs it, and gets only
   * that one. An identity token is exchanged by davit, at the token server that
   * the registry names, as docker's buildx does it. The identity token itself
   * goes to the engine only where davit can't ask the registry (it can't be
   * reached, or `--allow-net` does not include it and its token server).
   *
   * The classic builder and podman can't ask. They get all logins of the object
   * in the `X-Registry-Config` header, and those that are found elsewhere for
   * the registries named in the Dockerfile of a folder.
   *
   * The client's own logins are used where this option has none.
   */
  readonly credentials?: Credentials | undefined;
  /**
   * The platforms to build for, each as `os/arch` or `os/arch/variant`; `local`
   * is that of this machine. The engine's own if none is given.
   */
  readonly platform?: string | readonly string[] | undefined;
  /**
   * What the steps may do besides (BuildKit's API), such as `network.host`, if
   * the engine's configuration allows it.
   */
  readonly allow?: string | readonly string[] | undefined;
  /**
   * What is recorded about the image, and stored with it (BuildKit's API).
   * Nothing is recorded unless asked for.
   */
  readonly attest?: AttestOptions | undefined;
  /**
   * Annotations of the image (BuildKit's API). A key may begin with the parts
   * that it is for, as in buildx: `index:KEY`, `manifest[linux/amd64]:KEY`,
   * `manifest,index:KEY`, `manifest-descriptor:KEY`, `index-descriptor:KEY`. A
   * platform can be named where the image has several, or attestations.
   */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /**
   * Which sources the build may use, and which are replaced by others
   * (BuildKit's API): an object, or the JSON of a file for buildx.
   */
  readonly sourcePolicy?: string | SourcePolicy | undefined;
  /**
   * The time that the image has as its own, in seconds since 1970 or as a
   * `Date`, in place of the time of the build. BuildKit of engines from 23 on
   * obeys it. The output's option `rewriteTimestamp` gives it to the files of
   * the layers, too.
   */
  readonly sourceDateEpoch?: number | Date | undefined;
  /**
   * Whether the engine keeps a record of the build, for `docker buildx history`.
   * Without one the build is faster (BuildKit's API). A record has the tokens of
   * caches in `cachefrom`: where there are such, the default is `false`.
   *
   * @default {true}
   */
  readonly history?: boolean | undefined;
  /** Name of the stage to build. */
  readonly target?: string | undefined;
  /**
   * Where the result goes. The default is the engine's image store;
   * `{ type: "local", dest }` writes a folder, `{ type: "tar", dest }` a file
   * or a stream. Also a JSON array of `{"Type","Attrs"}`.
   *
   * Several outputs need an engine from 26 on. None of them is at its
   * destination before the build has succeeded and all are received.
   */
  readonly outputs?: string | BuildOutput | readonly BuildOutput[] | undefined;
  /** Build secrets by id; see {@linkcode SecretSources}. */
  readonly secrets?: SecretSources | undefined;
  /**
   * How secrets travel. `"auto"`: over a session, which engines read, and also
   * in the `X-BuildKit-Secrets` header, which a gateway or proxy before the
   * engine may read. `"session"` and `"header"`: only that way. BuildKit's API
   * (see `api`) has no such header: there the session alone carries them, and
   * `"header"` is a `TypeError`.
   *
   * @default {"auto"}
   */
  readonly secretsVia?: "auto" | "session" | "header" | undefined;
  /**
   * Whether to look for the secrets in the result, as `imageVerifySecrets()`
   * does: in the image as the engine stores it, or in what is exported, before
   * it is moved to its destination. If a secret is found, the build fails with
   * a `SecretLeakError`, and the image loses the names that the build gave it.
   * Without secrets, or with an output that can't be searched before it is where
   * it goes (pushed by the engine, a stream, an image as a folder, `cacheonly`),
   * the option is a `TypeError`.
   *
   * @default {false}
   */
  readonly verify?: boolean | BuildVerifyOptions | undefined;
  /**
   * Which mistakes with secrets fail the build: `"missing"`, when a step of the
   * target mounts a secret that was not given; `"unused"`, when a secret was
   * given that no step of the target mounts; `true` for both.
   *
   * On an engine from 24 on, BuildKit tells before the first step what the target
   * mounts, so the build fails then, also if all steps would come from the cache.
   * Otherwise (an older engine, a gateway, a tar by the Engine API, a Dockerfile
   * with a frontend of its own) the build fails before the step that mounts a
   * missing secret, or once the image is built for an unused one; a secret whose
   * steps came from the cache is then neither, and where davit can't know whether
   * a step mounts a secret, there is only a warning. It is an `UnsupportedError`
   * where nobody tells davit what the build asks for.
   *
   * @default {false}
   */
  readonly strictSecrets?: boolean | "missing" | "unused" | undefined;
  /**
   * ssh agents for `RUN --mount=type=ssh` and for git contexts: `"default"` is
   * the one at `$SSH_AUTH_SOCK`; see {@linkcode SshOption}.
   */
  readonly ssh?: SshOption | undefined;
  /**
   * Whether secrets may be sent to podman as files inside the tar, because
   * podman has no sessions. The files lie on the server's disk while it builds.
   *
   * @default {false}
   */
  readonly allowSecretFiles?: boolean | undefined;
  /** Cancels the build; `wait()` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Id of a session that you opened yourself and that serves this build, or
   * `false` for no session. By default davit opens one. By BuildKit's API (see
   * `api`) a context that is a tar, and without a session any context of this
   * machine, can't be built then.
   */
  readonly session?: string | false | undefined;
}

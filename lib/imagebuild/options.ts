import type { Credentials } from "../credentials/store.ts";
import type { ExportOutput } from "../exporter/output.ts";
import type { SshOption } from "../ssh/option.ts";
import type { SecretSources } from "../secrets/source.ts";
import type { SecretFind } from "../verify/find.ts";

export type { AuthConfig } from "../credentials/auth_config.ts";

/** A limit for the processes of a step. */
export interface Ulimit {
  /** Name, such as `nofile`. */
  readonly name: string;
  /** Limit that a process may raise. */
  readonly soft: number;
  /** Limit that it may not pass. */
  readonly hard: number;
}

/** A result that stays with the engine. */
export interface ImageOutput {
  /** `moby` (the engine's image store, the default), `image` or `cacheonly`. */
  readonly type: "moby" | "image" | "cacheonly";
  /** Attributes of the exporter, such as `{ name: "app:latest" }`. */
  readonly attrs?: Readonly<Record<string, string>> | undefined;
}

/** What becomes of the result. */
export type BuildOutput = ImageOutput | ExportOutput;

/** How a build's result is looked through. */
export interface BuildVerifyOptions {
  /**
   * Whether the image keeps its names when secrets were found in it.
   *
   * @default {false}
   */
  readonly keepTags?: boolean | undefined;
  /**
   * Whether the build fails, too, where something could not be looked through,
   * or a secret not be looked for; otherwise that is a warning.
   *
   * @default {false}
   */
  readonly strict?: boolean | undefined;
  /** Says of a find that it is none: a line of a secret that anybody may write, for example. */
  readonly ignore?: ((find: SecretFind) => boolean) | undefined;
}

/**
 * How an image is built. Names and strings are those of @docker/node-sdk; what
 * is structured may also be given as a plain value.
 *
 * Options marked "classic builder" have no effect with BuildKit and then give
 * a warning message.
 */
export interface ImageBuildOptions {
  /**
   * The builder: `"2"` is BuildKit, `"1"` the classic builder, which knows no secrets.
   *
   * @default {"2"}
   */
  readonly version?: "1" | "2" | undefined;
  /**
   * Path of the Dockerfile in the context.
   *
   * @default {"Dockerfile"}
   */
  readonly dockerfile?: string | undefined;
  /** Names for the image, as `name` or `name:tag`. */
  readonly tag?: string | readonly string[] | undefined;
  /** Hosts for the steps' `/etc/hosts`: `host:ip`, several of them, or an object of hosts to addresses. */
  readonly extrahosts?:
    | string
    | readonly string[]
    | Readonly<Record<string, string>>
    | undefined;
  /** A git or http URL as the context, fetched by the engine; the given stream is then not read. */
  readonly remote?: string | undefined;
  /** No log, only the image id. */
  readonly quiet?: boolean | undefined;
  /** Run every step, whatever the cache holds. */
  readonly nocache?: boolean | undefined;
  /** Images to take cache from: a JSON array, a list, or one name. */
  readonly cachefrom?: string | readonly string[] | undefined;
  /** Ask registries for newer base images. */
  readonly pull?: string | boolean | undefined;
  /** Remove intermediate containers (classic builder). */
  readonly rm?: boolean | undefined;
  /** Remove them also when the build fails (classic builder). */
  readonly forcerm?: boolean | undefined;
  /** Memory for a step, in bytes (classic builder). */
  readonly memory?: number | undefined;
  /** Memory and swap, in bytes; -1 for no limit (classic builder). */
  readonly memswap?: number | undefined;
  /** Relative weight of the processor share (classic builder). */
  readonly cpushares?: number | undefined;
  /** Processors to use, such as `0-3` (classic builder). */
  readonly cpusetcpus?: string | undefined;
  /** Length of a scheduler period, in microseconds (classic builder). */
  readonly cpuperiod?: number | undefined;
  /** Processor time within a period, in microseconds (classic builder). */
  readonly cpuquota?: number | undefined;
  /** Parent control group of the steps (classic builder). */
  readonly cgroupparent?: string | undefined;
  /**
   * Build arguments: a JSON object, or an object. One that is `null` or
   * `undefined` is not given, as with `--build-arg NAME` where that variable is
   * not set. Not for secrets: they stay in the image's history.
   */
  readonly buildargs?:
    | string
    | Readonly<Record<string, string | null | undefined>>
    | undefined;
  /** Size of `/dev/shm` in bytes; with BuildKit from engine 23 on. */
  readonly shmsize?: number | undefined;
  /** Limits of the steps' processes: a JSON array, or a list; with BuildKit from engine 23 on. */
  readonly ulimits?: string | readonly Ulimit[] | undefined;
  /** One layer in the place of all (experimental engines only). */
  readonly squash?: boolean | undefined;
  /** Labels: a JSON object, or an object. */
  readonly labels?: string | Readonly<Record<string, string>> | undefined;
  /** Network of the steps: `default`, `none` or `host`; the classic builder also knows named ones. */
  readonly networkmode?: string | undefined;
  /**
   * Logins for registries: by registry, or a function that is asked for each.
   * BuildKit asks for the login of a registry when it needs it, and gets that
   * one alone. An identity token is traded here, at the token server that the
   * registry itself names, as docker's buildx does it; it goes to the engine
   * only where the registry can't be asked from here (it is out of reach, or
   * `--allow-net` does not name it and its token server). The classic builder
   * and podman can't ask: they get all that are given by registry, in the
   * `X-Registry-Config` header, and what else is known of the registries that
   * the Dockerfile of a folder names. Behind these come the client's own.
   */
  readonly credentials?: Credentials | undefined;
  /** One platform, as `os/arch` or `os/arch/variant`; `local` is that of this machine. */
  readonly platform?: string | undefined;
  /** Stage to build. */
  readonly target?: string | undefined;
  /**
   * Where the result goes: the engine's image store unless given; with
   * `{ type: "local", dest }` a folder, with `{ type: "tar", dest }` a file or
   * a stream. Also a JSON array of `{"Type","Attrs"}`. One at the most.
   */
  readonly outputs?: string | BuildOutput | readonly BuildOutput[] | undefined;
  /** Build secrets by id; see {@linkcode SecretSources}. */
  readonly secrets?: SecretSources | undefined;
  /**
   * How secrets travel. `"auto"`: over a session, which is what makes an engine
   * mount them, and in the `X-BuildKit-Secrets` header, for what stands before
   * an engine. `"session"` and `"header"`: that way alone.
   *
   * @default {"auto"}
   */
  readonly secretsVia?: "auto" | "session" | "header" | undefined;
  /**
   * Whether to look for the secrets in the result, as `imageVerifySecrets()`
   * does: the image as the engine stores it, or what is exported, before it is
   * put in its place. Where one is found the build fails with a
   * `SecretLeakError`, and the image loses the names that the build gave it.
   * Without secrets, and with an output that the engine pushes by itself, it is
   * a `TypeError`.
   *
   * @default {false}
   */
  readonly verify?: boolean | BuildVerifyOptions | undefined;
  /**
   * Fail when a step mounts a secret that was not given (`"missing"`, before that
   * step runs), when one was given that no step of what is built mounts
   * (`"unused"`, once the image is built), or on both (`true`). A secret whose
   * steps came from the cache is neither; where a step may mount it, and davit
   * can't know, there is a warning in any case. It is an `UnsupportedError` where
   * nobody tells davit what the build asks for.
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
   * Whether secrets may go to podman, which has no sessions, as files inside
   * the tar: they lie on the server's disk while it builds.
   *
   * @default {false}
   */
  readonly allowSecretFiles?: boolean | undefined;
  /** Cancels the build; `wait()` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Id of a session of your own that serves this build, or `false` for none. One is opened unless given. */
  readonly session?: string | false | undefined;
}

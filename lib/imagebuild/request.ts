// The request of a build: its options and context, checked, as plain typed
// values. It has no parameters or fields of a protocol; each way to build makes
// those from it.

import type { Credentials } from "../credentials/source.ts";
import type { SecretSources } from "../secrets/source.ts";
import type { SshOption } from "../ssh/option.ts";
import type { BuildKitOptions } from "./checks/buildkit_options.ts";
import type { RequestedCache } from "./checks/requested_cache.ts";
import type { RequestedOutput } from "./checks/requested_output.ts";
import type { Strictness } from "./checks/secrets.ts";
import type { HostAddress } from "./checks/values.ts";
import type { NamedSource } from "./context/named_source.ts";
import type { Source } from "./context/source.ts";
import type { ImageBuildOptions, Ulimit } from "./options.ts";
import type { BuildVerifyOptions } from "./verify_options.ts";

/**
 * Options that only the classic builder obeys; BuildKit accepts and ignores
 * them. Options that were not given are left out.
 */
export type ClassicOptions = Readonly<
  Pick<
    ImageBuildOptions,
    | "rm"
    | "forcerm"
    | "memory"
    | "memswap"
    | "cpushares"
    | "cpusetcpus"
    | "cpuperiod"
    | "cpuquota"
    | "cgroupparent"
  >
>;

/**
 * What to build, from what, and how: checked, but no file is read yet.
 * Undefined stands for what was not given.
 */
export interface BuildRequest extends BuildKitOptions {
  /** The builder that is asked for. */
  readonly builder: "buildkit" | "classic";
  /** The engine's interface that is asked for. */
  readonly api: "engine" | "buildkit" | undefined;
  /** The build context. */
  readonly context: Source;
  /** Further contexts, by their names. */
  readonly contexts: ReadonlyMap<string, NamedSource>;
  /** Path of the Dockerfile in the context; undefined where it is not named. */
  readonly dockerfile: string | undefined;
  /** The image's names. */
  readonly tags: readonly string[];
  /** Stage to build. */
  readonly target: string | undefined;
  /**
   * The platforms, each as `os/arch` or `os/arch/variant`; empty for the
   * engine's own.
   */
  readonly platforms: readonly string[];
  /**
   * Build arguments; for `null`, the engine takes the value from its
   * environment.
   */
  readonly buildArgs: Readonly<Record<string, string | null>> | undefined;
  /** Labels. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** Network of the steps. */
  readonly network: string | undefined;
  /** Hosts for the steps' `/etc/hosts`. */
  readonly hosts: readonly HostAddress[] | undefined;
  /** Limits of the steps' processes. */
  readonly ulimits: readonly Ulimit[] | undefined;
  /** Size of `/dev/shm` in bytes. */
  readonly shmSize: number | undefined;
  /**
   * Whether to ask registries for newer base images, as text in the form that
   * engines read.
   */
  readonly pull: string | boolean | undefined;
  /** Whether every step is run, without the cache. */
  readonly noCache: boolean | undefined;
  /**
   * The time that the image gets, in seconds since 1970; also a build argument.
   */
  readonly sourceDateEpoch: number | undefined;
  /** Parent control group of the steps, for builders that obey it. */
  readonly cgroupParent: string | undefined;
  /** The caches that are read besides the engine's own. */
  readonly cacheImports: readonly RequestedCache[];
  /** The caches that are written. */
  readonly cacheExports: readonly RequestedCache[];
  /**
   * Images to use as cache, for `POST /build`; undefined where the option was
   * not given, or where it asks for more than that.
   */
  readonly cacheFrom: readonly string[] | undefined;
  /** Whether all layers are squashed into one. */
  readonly squash: boolean | undefined;
  /** Whether the engine prints no log, only the image's id. */
  readonly quiet: boolean | undefined;
  /** Options for the classic builder alone. */
  readonly classic: ClassicOptions;
  /**
   * Where the result goes; empty for the engine's image store, or for nowhere
   * where there is none.
   */
  readonly outputs: readonly RequestedOutput[];
  /** Whether an image id will be reported. */
  readonly makesImage: boolean;
  /** How the result is searched for secrets; undefined if it is not. */
  readonly verify: BuildVerifyOptions | undefined;
  /** Build secrets by id; empty for a builder that has no secrets. */
  readonly secrets: SecretSources;
  /** How the secrets travel. */
  readonly secretsVia: "auto" | "session" | "header";
  /**
   * Whether the secrets may lie on the disk of podman's server while it builds.
   */
  readonly allowSecretFiles: boolean;
  /** Which mistakes with secrets fail the build. */
  readonly strict: Strictness;
  /** ssh agents; undefined for a builder that has no ssh mounts. */
  readonly ssh: SshOption | undefined;
  /** Logins for registries. */
  readonly credentials: Credentials | undefined;
  /**
   * Id of a session that the caller opened and that serves the build, or
   * `false` for no session.
   */
  readonly session: string | false | undefined;
  /**
   * What is asked for that `POST /build` can't do, and only BuildKit's own API
   * can: in words that follow "Cannot build with".
   */
  readonly needs: readonly string[];
  /** Names of options that were given and that the builder ignores. */
  readonly ignored: readonly (keyof ImageBuildOptions)[];
}

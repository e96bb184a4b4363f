// The request of a build: its options and context, checked, as plain typed
// values. It has no parameters or fields of a protocol; each way to build makes
// those from it.

import { checkOptionNames } from "../option_names.ts";
import type { Credentials } from "../credentials/store.ts";
import type { SecretSources } from "../secrets/source.ts";
import type { SshOption } from "../ssh/option.ts";
import { checkApiOption } from "./checks/api.ts";
import {
  type BuildKitOptions,
  checkBuildKitOptions,
  checkPlaces,
} from "./checks/buildkit_options.ts";
import {
  checkCacheFrom,
  checkCacheTo,
  checkInline,
  holdsSecret,
  namesOfCaches,
  type RequestedCache,
} from "./checks/cache.ts";
import { checkImageOptions } from "./checks/image_output.ts";
import {
  checkOutputs,
  isImage,
  namesOf as outputNames,
  type RequestedOutput,
} from "./checks/output.ts";
import {
  checkSecretOptions,
  checkSessionOptions,
  checkStrict,
  type Strictness,
} from "./checks/secrets.ts";
import {
  checkSourceDateEpoch,
  EPOCH_ARGUMENT,
} from "./checks/source_date_epoch.ts";
import {
  checkExtraHosts,
  checkNetwork,
  checkNumber,
  checkPlatforms,
  checkRemote,
  checkSwitch,
  checkTags,
  checkText,
  checkTextMap,
  checkUlimits,
  type HostAddress,
} from "./checks/values.ts";
import { checkVerify } from "./checks/verify.ts";
import type { NamedSource } from "./context/named_source.ts";
import type { Source } from "./context/source.ts";
import type { BuildHost } from "./host.ts";
import type {
  BuildVerifyOptions,
  ImageBuildOptions,
  Ulimit,
} from "./options.ts";

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

/** All options: a misspelt name is refused, not ignored. */
const OPTIONS = {
  version: true,
  api: true,
  dockerfile: true,
  tag: true,
  extrahosts: true,
  remote: true,
  contexts: true,
  quiet: true,
  nocache: true,
  nocachefilter: true,
  cachefrom: true,
  cacheto: true,
  pull: true,
  rm: true,
  forcerm: true,
  memory: true,
  memswap: true,
  cpushares: true,
  cpusetcpus: true,
  cpuperiod: true,
  cpuquota: true,
  cgroupparent: true,
  buildargs: true,
  shmsize: true,
  ulimits: true,
  squash: true,
  labels: true,
  networkmode: true,
  credentials: true,
  platform: true,
  allow: true,
  attest: true,
  annotations: true,
  sourcePolicy: true,
  sourceDateEpoch: true,
  history: true,
  target: true,
  outputs: true,
  secrets: true,
  secretsVia: true,
  strictSecrets: true,
  verify: true,
  ssh: true,
  allowSecretFiles: true,
  signal: true,
  session: true,
} satisfies Record<keyof ImageBuildOptions, true>;

/**
 * Checks the options and the context of a build.
 *
 * @param context The build context; the option `remote` replaces it.
 * @param host What builds; an engine unless given.
 * @param contexts The contexts by name, sorted out of the option `contexts`.
 * @throws {TypeError} If an option has the wrong form.
 * @throws {RangeError} If a number is out of range.
 * @throws {UnsupportedError} If no builder can do what is asked.
 */
export function checkRequest(
  options: ImageBuildOptions,
  context: Source,
  { keepsImages }: Pick<BuildHost, "keepsImages"> = { keepsImages: true },
  contexts: BuildRequest["contexts"] = new Map(),
): BuildRequest {
  checkOptionNames("build", options, OPTIONS);
  const builder = checkBuilder(options.version);
  const strict = checkStrict(options.strictSecrets, builder);
  checkSecretOptions(options, builder);
  if (options.remote !== undefined && context.kind !== "tar") {
    throw new TypeError(
      "Cannot build: the context is named twice, also by the option remote",
    );
  }
  const outputs = given(options.outputs, checkOutputs) ?? [];
  const platforms = given(options.platform, checkPlatforms) ?? [];
  checkSessionOptions(outputs, options, builder);
  const { secrets = {} } = options;
  const hasSecrets = Object.keys(secrets).length > 0;
  const classic = checkClassic(options);
  const knowsSecrets = builder === "buildkit";
  const buildArgs = given(
    options.buildargs,
    (v) => checkTextMap("buildargs", v),
  );
  const sourceDateEpoch = given(
    options.sourceDateEpoch,
    (v) => checkSourceDateEpoch(v, buildArgs, builder),
  );
  const network = given(options.networkmode, (v) => checkNetwork(v, builder));
  const special = checkBuildKitOptions(options, network);
  const cacheImports = given(options.cachefrom, checkCacheFrom) ?? [];
  const cacheExports = given(options.cacheto, checkCacheTo) ?? [];
  const cacheFrom = namesOfCaches(cacheImports);
  checkInline(cacheExports, outputs, builder);
  checkPlaces(special, outputs);
  const makesImage = outputs.length === 0 ? keepsImages : outputs.some(isImage);
  const needs = [
    ...(outputs.some(({ layout }) => layout !== undefined)
      ? ["an image as a folder"]
      : []),
    ...(outputs.length > 1 ? ["several outputs"] : []),
    ...(platforms.length > 1 ? ["several platforms"] : []),
    ...(contexts.size > 0 ? ["contexts"] : []),
    ...special.needs,
    ...(cacheFrom === undefined ? ["cachefrom"] : []),
    ...(cacheExports.some(({ type }) => type !== "inline") ? ["cacheto"] : []),
  ];
  const checked = {
    builder,
    api: checkApiOption(options, needs, builder),
    ...special,
    history: options.history ?? !cacheImports.some(holdsSecret),
    dockerfile: given(options.dockerfile, (v) => checkText("dockerfile", v)),
    tags: [
      ...new Set([
        ...given(options.tag, checkTags) ?? [],
        ...checkTags(outputs.flatMap(outputNames)),
      ]),
    ],
    hosts: given(options.extrahosts, checkExtraHosts),
    context: given(options.remote, remoteContext) ?? context,
    contexts,
    quiet: given(options.quiet, (v) => checkSwitch("quiet", v)),
    noCache: given(options.nocache, (v) => checkSwitch("nocache", v)),
    cacheImports,
    cacheExports,
    cacheFrom: options.cachefrom === undefined ? undefined : cacheFrom,
    pull: options.pull,
    classic,
    cgroupParent: classic.cgroupparent,
    buildArgs: sourceDateEpoch === undefined
      ? buildArgs
      : { ...buildArgs, [EPOCH_ARGUMENT]: `${sourceDateEpoch}` },
    sourceDateEpoch,
    shmSize: given(options.shmsize, (v) => checkNumber("shmsize", v, 1)),
    ulimits: given(options.ulimits, checkUlimits),
    squash: given(options.squash, (v) => checkSwitch("squash", v)),
    labels: given(options.labels, checkLabels),
    network,
    platforms,
    target: given(options.target, (v) => checkText("target", v)),
    outputs,
    makesImage,
    needs,
    secrets: knowsSecrets ? secrets : {},
    secretsVia: options.secretsVia ?? "auto",
    allowSecretFiles: options.allowSecretFiles ?? false,
    strict,
    ssh: knowsSecrets ? options.ssh : undefined,
    credentials: options.credentials,
    session: options.session,
    ignored: knowsSecrets ? Object.keys(classic) as (keyof ClassicOptions)[] : [
      ...(options.ssh === undefined ? [] : ["ssh" as const]),
      ...(hasSecrets ? ["secrets" as const] : []),
    ],
  };
  const { verify } = options;
  checkImageOptions(checked);
  return {
    ...checked,
    verify: checkVerify(verify, { builder, outputs, hasSecrets }),
  };
}

/** The image's names as they were given, before any check. */
export function namesOf(options: ImageBuildOptions): string[] {
  const { tag }: ImageBuildOptions = Object(options); // not checked yet
  if (typeof tag === "string") return [tag];
  return Array.isArray(tag) ? [...tag] : [];
}

function checkBuilder(
  version: ImageBuildOptions["version"] = "2",
): BuildRequest["builder"] {
  if (version === "2") return "buildkit";
  if (version === "1") return "classic";
  throw new TypeError(
    `Cannot build with version ${JSON.stringify(version)}: expected "1" or "2"`,
  );
}

function checkClassic(options: ImageBuildOptions): ClassicOptions {
  const checked: ClassicOptions = {
    rm: given(options.rm, (v) => checkSwitch("rm", v)),
    forcerm: given(options.forcerm, (v) => checkSwitch("forcerm", v)),
    memory: given(options.memory, (v) => checkNumber("memory", v, 0)),
    memswap: given(options.memswap, (v) => checkNumber("memswap", v, -1)),
    cpushares: given(options.cpushares, (v) => checkNumber("cpushares", v, 0)),
    cpusetcpus: given(options.cpusetcpus, (v) => checkText("cpusetcpus", v)),
    cpuperiod: given(options.cpuperiod, (v) => checkNumber("cpuperiod", v, 0)),
    cpuquota: given(options.cpuquota, (v) => checkNumber("cpuquota", v, -1)),
    cgroupparent: given(
      options.cgroupparent,
      (v) => checkText("cgroupparent", v),
    ),
  };
  return Object.fromEntries(
    Object.entries(checked).filter(([, value]) => value !== undefined),
  );
}

/** Labels that are `null` were refused before. */
function checkLabels(
  labels: NonNullable<ImageBuildOptions["labels"]>,
): Readonly<Record<string, string>> {
  return checkTextMap("labels", labels) as Readonly<Record<string, string>>;
}

function remoteContext(remote: string): Source {
  return { kind: "remote", url: checkRemote(remote) };
}

function given<T, R>(
  value: T | undefined,
  check: (value: T) => R,
): R | undefined {
  return value === undefined ? undefined : check(value);
}

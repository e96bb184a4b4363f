// Makes the request of a build from what a caller gives, or refuses that.

import { checkOptionNames } from "../option_names.ts";
import { checkApiOption } from "./checks/api.ts";
import {
  checkBuildKitOptions,
  checkPlaces,
} from "./checks/buildkit_options.ts";
import { holdsSecret, namesOfCaches } from "./checks/requested_cache.ts";
import { isImage, namesOf as outputNames } from "./checks/requested_output.ts";
import { loadChecks, type RareChecks } from "./checks/rare_checks.ts";
import {
  checkSecretOptions,
  checkSessionOptions,
  checkStrict,
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
} from "./checks/values.ts";
import type { Source } from "./context/source.ts";
import type { BuildHost } from "./host.ts";
import type { ImageBuildOptions } from "./options.ts";

import type { BuildRequest, ClassicOptions } from "./request.ts";

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
export async function checkRequest(
  options: ImageBuildOptions,
  context: Source,
  host?: Pick<BuildHost, "keepsImages">,
  contexts?: BuildRequest["contexts"],
): Promise<BuildRequest> {
  const checks = await loadChecks(options);
  return requestWith(checks, options, context, host, contexts);
}

/** Makes the request with checks that are loaded; see {@linkcode checkRequest}. */
export function requestWith(
  checks: RareChecks,
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
  const outputs =
    given(options.outputs, (v) => checks.output!.checkOutputs(v)) ?? [];
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
  const special = checkBuildKitOptions(checks, options, network);
  const cacheImports =
    given(options.cachefrom, (v) => checks.cache!.checkCacheFrom(v)) ?? [];
  const cacheExports =
    given(options.cacheto, (v) => checks.cache!.checkCacheTo(v)) ?? [];
  const cacheFrom = namesOfCaches(cacheImports);
  checks.inlineCache?.checkInline(cacheExports, outputs, builder);
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
  checks.imageOutput?.checkImageOptions(checked);
  return {
    ...checked,
    verify: checks.verify?.checkVerify(verify, {
      builder,
      outputs,
      hasSecrets,
    }),
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

import { advised } from "../advice.ts";
import { UnsupportedError } from "../errors.ts";
import { checkOptionNames } from "../option_names.ts";
import { compareApi } from "../engine/api_version.ts";
import { type EngineFacts, isPodman, type Query } from "../engine/engine.ts";
import {
  checkCacheFrom,
  type CheckedOutput,
  checkExtraHosts,
  checkNetwork,
  checkNumber,
  checkOutput,
  checkPlatform,
  checkSwitch,
  checkTags,
  checkText,
  checkTextMap,
  checkUlimits,
} from "./check.ts";
import type { ContextSource } from "./context/build_context.ts";
import type { ImageBuildOptions } from "./options.ts";
import type { OwnWarning } from "./record.ts";
import { checkSecretOptions, checkSessionOptions } from "./session_options.ts";

/** What a build will ask of the engine; made of the options alone. */
export interface BuildPlan {
  /** The builder. */
  readonly version: "1" | "2";
  /** Query parameters of `/build`, without session and build id. */
  readonly query: Record<string, Query[string]>;
  /** Path of the Dockerfile in the context, if it is named. */
  readonly dockerfile: string | undefined;
  /** Headers of `/build`, without secrets and logins. */
  readonly headers: Record<string, string>;
  /** What the builder will ignore. */
  readonly warnings: readonly OwnWarning[];
  /** Whether the engine will name an image id. */
  readonly makesImage: boolean;
  /** Where the result goes, unless that is the engine's image store. */
  readonly output: CheckedOutput | undefined;
}

/** Every option there is: a misspelt one is refused, not ignored. */
const OPTIONS = {
  version: true,
  dockerfile: true,
  tag: true,
  extrahosts: true,
  remote: true,
  quiet: true,
  nocache: true,
  cachefrom: true,
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

/** What BuildKit reads and forgets. */
const IGNORED_BY_BUILDKIT = [
  "rm",
  "forcerm",
  "memory",
  "memswap",
  "cpushares",
  "cpusetcpus",
  "cpuperiod",
  "cpuquota",
  "cgroupparent",
] as const satisfies readonly (keyof ImageBuildOptions)[];

/**
 * Checks the options and turns them into a request.
 *
 * @param kind What the context is.
 * @throws {TypeError} If an option has the wrong form.
 * @throws {RangeError} If a number is out of range.
 * @throws {UnsupportedError} If no engine can do it.
 */
export function planBuild(
  options: ImageBuildOptions,
  kind: ContextSource["kind"] = "tar",
): BuildPlan {
  checkOptionNames("build", options, OPTIONS);
  const version = options.version ?? "2";
  if (version !== "1" && version !== "2") {
    throw new TypeError(
      `Cannot build with version ${
        JSON.stringify(version)
      }: expected "1" or "2"`,
    );
  }
  checkSecretOptions(options, version);
  if (options.remote !== undefined && kind !== "tar") {
    throw new TypeError(
      "Cannot build: the context is named twice, also by the option remote",
    );
  }
  const output = given(options.outputs, checkOutput);
  checkSessionOptions(output, options);
  const query: Record<string, Query[string]> = {
    version,
    dockerfile: given(options.dockerfile, (v) => checkText("dockerfile", v)),
    t: given(options.tag, checkTags),
    extrahosts: given(options.extrahosts, checkExtraHosts),
    remote: given(options.remote, checkRemote),
    q: given(options.quiet, (v) => checkSwitch("quiet", v)),
    nocache: given(options.nocache, (v) => checkSwitch("nocache", v)),
    cachefrom: given(options.cachefrom, checkCacheFrom),
    pull: options.pull,
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
    buildargs: given(options.buildargs, (v) => checkTextMap("buildargs", v)),
    shmsize: given(options.shmsize, (v) => checkNumber("shmsize", v, 1)),
    ulimits: given(options.ulimits, checkUlimits),
    squash: given(options.squash, (v) => checkSwitch("squash", v)),
    labels: given(options.labels, (v) => checkTextMap("labels", v)),
    networkmode: given(options.networkmode, (v) => checkNetwork(v, version)),
    platform: given(options.platform, checkPlatform),
    target: given(options.target, (v) => checkText("target", v)),
    outputs: output === undefined ? undefined : outputQuery(output, options),
  };
  const headers = { "content-type": "application/x-tar" };
  return {
    version,
    query,
    dockerfile: options.dockerfile,
    headers,
    warnings: version === "2"
      ? ignoredOptions(options)
      : options.ssh === undefined
      ? []
      : [[
        "option-ignored",
        'ssh is ignored: the classic builder (version "1") knows none',
        "ssh",
      ]],
    makesImage: output === undefined ||
      (output.type !== "cacheonly" && output.exporter === undefined),
    output,
  };
}

/**
 * Checks the plan against the engine that was found.
 *
 * @throws {UnsupportedError} If this engine can't do it.
 * @returns What its builder will ignore.
 */
export function checkPlan(
  plan: BuildPlan,
  facts: EngineFacts,
): readonly OwnWarning[] {
  const needs = (feature: string, api: string) => {
    if (compareApi(facts.negotiated, api) >= 0) return;
    throw new UnsupportedError(
      feature,
      `This engine can not build with ${feature}: it speaks API ${facts.negotiated}, and that needs ${api}`,
    );
  };
  const podman = isPodman(facts);
  if (plan.version === "2" && !podman) needs("BuildKit", "1.39");
  if (plan.query.platform !== undefined) needs("a platform", "1.32");
  if (plan.query.outputs !== undefined) needs("outputs", "1.40");
  if (
    plan.output?.type === "cacheonly" &&
    compareApi(facts.negotiated, "1.45") >= 0
  ) {
    throw advised(
      (message) => new UnsupportedError('output "cacheonly"', message),
      "no-outputs",
      'This engine can not build with output "cacheonly": engines from 26 on lost it',
    );
  }
  // Podman obeys what BuildKit ignores, whatever version says.
  if (podman) return [];
  if (plan.version === "1" || compareApi(facts.negotiated, "1.42") >= 0) {
    return plan.warnings;
  }
  const late = (["shmsize", "ulimits"] as const)
    .filter((option) => plan.query[option] !== undefined)
    .map((option): OwnWarning => [
      "option-ignored",
      `${option} has no effect: BuildKit of this engine ignores it, engines from 23 on do not`,
      option,
    ]);
  return [...plan.warnings, ...late];
}

/** The image's names, as they were given; not checked yet. */
export function namesOf(options: ImageBuildOptions): string[] {
  const { tag }: ImageBuildOptions = Object(options); // not checked yet
  if (typeof tag === "string") return [tag];
  return Array.isArray(tag) ? [...tag] : [];
}

function ignoredOptions(options: ImageBuildOptions): OwnWarning[] {
  return IGNORED_BY_BUILDKIT
    .filter((option) => options[option] !== undefined)
    .map((option): OwnWarning => [
      "option-ignored",
      `${option} has no effect: BuildKit ignores it, only the classic builder (version "1") obeys`,
      option,
    ]);
}

function checkRemote(remote: string): string {
  if (remote === "client-session" || remote.startsWith("upload-request")) {
    throw new UnsupportedError(
      `remote "${remote}"`,
      `Cannot build with remote "${remote}": that is between an engine and its client; give the context as a folder or a stream`,
    );
  }
  return checkText("remote", remote);
}

function given<T, R>(
  value: T | undefined,
  check: (value: T) => R,
): R | undefined {
  return value === undefined ? undefined : check(value);
}

/** An image in an archive is named by its exporter's attributes, and by the tags only through them. */
function outputQuery(
  { type, attrs }: CheckedOutput,
  options: ImageBuildOptions,
): string {
  const names = namesOf(options).join(",");
  const named = (type === "oci" || type === "docker") && names !== "" &&
    attrs.name === undefined;
  const Attrs = named ? { ...attrs, name: names } : attrs;
  return JSON.stringify([{ Type: type, Attrs }]);
}

// @ts-types="../std/base64.d.ts"
import { encodeBase64 } from "@std/encoding/base64";
import { UnsupportedError } from "../errors.ts";
import { compareApi } from "../engine/api_version.ts";
import type { EngineFacts, Query } from "../engine/engine.ts";
import {
  checkCacheFrom,
  checkExtraHosts,
  checkNetwork,
  checkNumber,
  checkOutput,
  checkPlatform,
  checkTags,
  checkText,
  checkTextMap,
  checkUlimits,
} from "./check.ts";
import { warning, type WarningMessage } from "./message.ts";
import type { ImageBuildOptions } from "./options.ts";

/** What a build will ask of the engine; made of the options alone. */
export interface BuildPlan {
  /** The builder. */
  readonly version: "1" | "2";
  /** Query parameters of `/build`, without session and build id. */
  readonly query: Record<string, Query[string]>;
  /** Path of the Dockerfile in the context. */
  readonly dockerfile: string;
  /** Headers of `/build`, without secrets. */
  readonly headers: Record<string, string>;
  /** What the builder will ignore. */
  readonly warnings: WarningMessage[];
  /** Whether the engine will name an image id. */
  readonly makesImage: boolean;
}

/** Every option there is: a misspelt one is refused, not ignored. */
const OPTIONS: ReadonlySet<string> = new Set<keyof ImageBuildOptions>([
  "version",
  "dockerfile",
  "tag",
  "extrahosts",
  "remote",
  "quiet",
  "nocache",
  "cachefrom",
  "pull",
  "rm",
  "forcerm",
  "memory",
  "memswap",
  "cpushares",
  "cpusetcpus",
  "cpuperiod",
  "cpuquota",
  "cgroupparent",
  "buildargs",
  "shmsize",
  "ulimits",
  "squash",
  "labels",
  "networkmode",
  "credentials",
  "platform",
  "target",
  "outputs",
  "secrets",
  "secretsVia",
  "strictSecrets",
  "signal",
  "session",
]);

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
  "credentials",
] as const satisfies readonly (keyof ImageBuildOptions)[];

/**
 * Checks the options and turns them into a request.
 *
 * @throws {TypeError} If an option has the wrong form.
 * @throws {RangeError} If a number is out of range.
 * @throws {UnsupportedError} If no engine can do it.
 */
export function planBuild(options: ImageBuildOptions): BuildPlan {
  for (const name of Object.keys(options)) {
    if (!OPTIONS.has(name)) {
      throw new TypeError(`Cannot build: there is no option "${name}"`);
    }
  }
  const version = options.version ?? "2";
  if (version !== "1" && version !== "2") {
    throw new TypeError(
      `Cannot build with version ${
        JSON.stringify(version)
      }: expected "1" or "2"`,
    );
  }
  checkSecretOptions(options, version);
  const output = given(options.outputs, checkOutput);
  const query: Record<string, Query[string]> = {
    version,
    dockerfile: given(options.dockerfile, (v) => checkText("dockerfile", v)),
    t: given(options.tag, checkTags),
    extrahosts: given(options.extrahosts, checkExtraHosts),
    remote: given(options.remote, checkRemote),
    q: options.quiet,
    nocache: options.nocache,
    cachefrom: given(options.cachefrom, checkCacheFrom),
    pull: options.pull,
    rm: options.rm,
    forcerm: options.forcerm,
    memory: given(options.memory, (v) => checkNumber("memory", v, 0)),
    memswap: given(options.memswap, (v) => checkNumber("memswap", v, -1)),
    cpushares: given(options.cpushares, (v) => checkNumber("cpushares", v, 0)),
    cpusetcpus: options.cpusetcpus,
    cpuperiod: given(options.cpuperiod, (v) => checkNumber("cpuperiod", v, 0)),
    cpuquota: given(options.cpuquota, (v) => checkNumber("cpuquota", v, -1)),
    cgroupparent: options.cgroupparent,
    buildargs: given(options.buildargs, (v) => checkTextMap("buildargs", v)),
    shmsize: given(options.shmsize, (v) => checkNumber("shmsize", v, 1)),
    ulimits: given(options.ulimits, checkUlimits),
    squash: options.squash,
    labels: given(options.labels, (v) => checkTextMap("labels", v)),
    networkmode: given(options.networkmode, (v) => checkNetwork(v, version)),
    platform: given(options.platform, checkPlatform),
    target: given(options.target, (v) => checkText("target", v)),
    outputs: output === undefined ? undefined : JSON.stringify([output]),
  };
  const headers: Record<string, string> = {
    "content-type": "application/x-tar",
  };
  if (options.credentials !== undefined) {
    headers["X-Registry-Config"] = urlSafe(
      encodeBase64(JSON.stringify(options.credentials)),
    );
  }
  return {
    version,
    query,
    dockerfile: options.dockerfile ?? "Dockerfile",
    headers,
    warnings: version === "2" ? ignoredOptions(options) : [],
    makesImage: output?.Type !== "cacheonly",
  };
}

/**
 * Checks the plan against the engine that was found.
 *
 * @throws {UnsupportedError} If this engine can't do it.
 * @returns What this engine will ignore.
 */
export function checkPlan(
  plan: BuildPlan,
  facts: EngineFacts,
): WarningMessage[] {
  const needs = (feature: string, api: string) => {
    if (compareApi(facts.negotiated, api) >= 0) return;
    throw new UnsupportedError(
      feature,
      `This engine can not build with ${feature}: it speaks API ${facts.negotiated}, and that needs ${api}`,
    );
  };
  if (plan.version === "2" && facts.libpodApiVersion === undefined) {
    needs("BuildKit", "1.39");
  }
  if (plan.query.platform !== undefined) needs("a platform", "1.32");
  if (plan.query.outputs !== undefined) needs("outputs", "1.40");
  if (!plan.makesImage && compareApi(facts.negotiated, "1.45") >= 0) {
    throw new UnsupportedError(
      'output "cacheonly"',
      'This engine can not build with output "cacheonly": engines from 26 on lost it; build without outputs',
    );
  }
  if (plan.version === "1" || compareApi(facts.negotiated, "1.42") >= 0) {
    return [];
  }
  return (["shmsize", "ulimits"] as const)
    .filter((option) => plan.query[option] !== undefined)
    .map((option) =>
      warning(
        "option-ignored",
        `${option} has no effect: BuildKit of this engine ignores it, engines from 23 on do not`,
        option,
      )
    );
}

/** The image's names, as they were given; not checked yet. */
export function namesOf({ tag }: ImageBuildOptions): string[] {
  if (typeof tag === "string") return [tag];
  return Array.isArray(tag) ? [...tag] : [];
}

function checkSecretOptions(
  options: ImageBuildOptions,
  version: "1" | "2",
): void {
  const { secrets, secretsVia: via = "auto", session } = options;
  if (!["auto", "session", "header"].includes(via)) {
    throw new TypeError(
      'Cannot build: secretsVia is one of "auto", "session" and "header"',
    );
  }
  if (
    session !== undefined && session !== false &&
    (typeof session !== "string" || session === "")
  ) {
    throw new TypeError("Cannot build: session is the id of one, or false");
  }
  if (
    version === "1" || secrets === undefined ||
    Object.keys(secrets).length === 0
  ) return;
  if (typeof secrets !== "object") {
    throw new TypeError("Cannot build: secrets is an object of ids to sources");
  }
  if (session !== undefined && via !== "header") {
    throw new TypeError(
      'Cannot build: secrets are served over a session of davit\'s own; leave the option session out, or use secretsVia: "header"',
    );
  }
}

function ignoredOptions(options: ImageBuildOptions): WarningMessage[] {
  return IGNORED_BY_BUILDKIT
    .filter((option) => options[option] !== undefined)
    .map((option) =>
      warning(
        "option-ignored",
        option === "credentials"
          ? "credentials have no effect: BuildKit asks the session for logins, and davit does not serve them yet"
          : `${option} has no effect: BuildKit ignores it, only the classic builder (version "1") obeys`,
        option,
      )
    );
}

function checkRemote(remote: string): string {
  if (remote === "client-session" || remote.startsWith("upload-request")) {
    throw new UnsupportedError(
      `remote "${remote}"`,
      `Cannot build with remote "${remote}": that is between an engine and its client; give the context as a stream`,
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

/** The engine decodes this header in the URL-safe alphabet, with padding. */
function urlSafe(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_");
}

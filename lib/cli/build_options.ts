import type { ImageBuildOptions } from "../imagebuild/options.ts";
import { parseAnnotations } from "./annotation_flag.ts";
import { attestOptions } from "./attest_flags.ts";
import { parseBytes } from "./bytes_flag.ts";
import { parseBuildContexts } from "./build_context_flag.ts";
import { UsageError } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";
import { cachesFrom, cachesTo } from "./cache_flags.ts";
import { parseHosts } from "./host_flag.ts";
import { type OutputPlan, planOutput } from "./output_flag.ts";
import { secretSources } from "./secret_flag.ts";
import { parseUlimits } from "./ulimit_flag.ts";

/**
 * Reads the flags into the options of the build.
 *
 * @param planOf Reads those about the output; for an engine, unless given.
 * @throws {UsageError} If a value can't be used.
 */
export function buildOptions(
  parsed: ParsedWords,
  planOf: (parsed: ParsedWords) => OutputPlan = planOutput,
): { options: ImageBuildOptions; plan: OutputPlan } {
  const plan = planOf(parsed);
  const tags = parsed.list("tag");
  // As in buildx: the names in `--output` are used where no tag is given.
  const tag = tags.length === 0 ? plan.names : tags;
  if (plan.push && tag.length === 0) {
    throw new UsageError("--push needs a --tag to push");
  }
  const options: ImageBuildOptions = {
    tag,
    ...given("api", api(parsed)),
    ...given("target", parsed.text("target")),
    ...some("contexts", parseBuildContexts(parsed.list("build-context"))),
    ...many("platform", parsed.list("platform")),
    ...given("networkmode", parsed.text("network")),
    ...some("buildargs", buildArgs(parsed.list("build-arg"))),
    ...some("labels", labels(parsed.list("label"))),
    ...some("secrets", secretSources(parsed.list("secret"))),
    ...many("ssh", parsed.list("ssh")),
    ...many("allow", [...new Set(parsed.list("allow"))]),
    ...some("attest", attestOptions(parsed)),
    ...some("annotations", parseAnnotations(parsed.list("annotation"))),
    ...many("nocachefilter", stages(parsed.list("no-cache-filter"))),
    ...given("cgroupparent", parsed.text("cgroup-parent")),
    ...many("extrahosts", parsed.list("add-host").flatMap(parseHosts)),
    ...many("ulimits", parseUlimits(parsed.list("ulimit"))),
    ...many("cachefrom", cachesFrom(parsed.list("cache-from"))),
    ...many("cacheto", cachesTo(parsed.list("cache-to"))),
    nocache: parsed.switched("no-cache"),
    ...(parsed.switched("pull") ? { pull: true } : {}),
    ...verify(parsed),
  };
  const shm = parsed.text("shm-size");
  // As in docker: an empty value or 0 means the default size.
  const shmsize = shm === undefined ? 0 : parseBytes("--shm-size", shm);
  return { options: shmsize === 0 ? options : { ...options, shmsize }, plan };
}

/**
 * The interface of the engine that the build takes. Only BuildKit's own obeys
 * `--cgroup-parent`.
 */
function api(parsed: ParsedWords): ImageBuildOptions["api"] {
  const word = parsed.text("api");
  if (word !== undefined && word !== "engine" && word !== "buildkit") {
    throw new UsageError(
      `--api ${JSON.stringify(word)}: expected engine or buildkit`,
    );
  }
  return word ??
    (parsed.text("cgroup-parent") === undefined ? undefined : "buildkit");
}

/** The stages of `--no-cache-filter`, which may be lists; each one once. */
function stages(words: readonly string[]): readonly string[] {
  return [...new Set(words.flatMap((word) => word.split(",")))];
}

/** The option `verify`, from `--verify` and the flags that belong to it. */
function verify(parsed: ParsedWords): Pick<ImageBuildOptions, "verify"> {
  const keepTags = parsed.switched("verify-keep-tags");
  const strict = parsed.switched("verify-strict");
  return parsed.switched("verify") || keepTags || strict
    ? { verify: { keepTags, strict } }
    : {};
}

function given<Name extends string, T>(
  name: Name,
  value: T | undefined,
): { [N in Name]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { [N in Name]?: T };
}

function some<Name extends string, T extends object>(
  name: Name,
  value: T,
): { [N in Name]?: T } {
  return given(name, Object.keys(value).length === 0 ? undefined : value);
}

function many<Name extends string, T>(
  name: Name,
  value: readonly T[],
): { [N in Name]?: readonly T[] } {
  return given(name, value.length === 0 ? undefined : value);
}

/**
 * Reads `NAME=value`; for `NAME` alone, takes the environment variable of that
 * name, if it is set.
 */
function buildArgs(words: readonly string[]): Record<string, string> {
  const args: Record<string, string> = {};
  for (const word of words) {
    const [name, value] = split("--build-arg", word);
    const text = value ?? Deno.env.get(name);
    if (text !== undefined) args[name] = text;
  }
  return args;
}

function labels(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(words.map((word) => {
    const [name, value = ""] = split("--label", word);
    return [name, value];
  }));
}

/**
 * Splits `NAME=value`. The error does not repeat the value, because it may be
 * private.
 */
function split(flag: string, word: string): [string, string | undefined] {
  const cut = word.indexOf("=");
  const name = cut === -1 ? word : word.slice(0, cut);
  if (name === "") throw new UsageError(`${flag} needs a name, as NAME=value`);
  return [name, cut === -1 ? undefined : word.slice(cut + 1)];
}

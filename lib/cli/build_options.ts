import type { ImageBuildOptions } from "../imagebuild/options.ts";
import { UsageError } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";
import { loadModule } from "./load_module.ts";
import { given, many, some } from "./option_fields.ts";
import type { OutputPlan } from "./output_flag.ts";

/**
 * Flags whose values have a form of their own. What reads them is loaded where
 * one is given.
 */
const FORMED_FLAGS: readonly string[] = [
  "add-host",
  "annotation",
  "attest",
  "build-context",
  "cache-from",
  "cache-to",
  "provenance",
  "sbom",
  "secret",
  "shm-size",
  "ulimit",
];

/** What is asked of the output where no flag is about it: an image in the store. */
const STORED: OutputPlan = {
  outputs: [],
  alsoImage: false,
  paths: [],
  names: [],
  push: false,
  load: false,
};

/**
 * Reads the flags into the options of the build.
 *
 * @param planOf Reads those about the output; for an engine, unless given.
 * @throws {UsageError} If a value can't be used.
 */
export async function buildOptions(
  parsed: ParsedWords,
  planOf: (
    parsed: ParsedWords,
  ) => OutputPlan | Promise<OutputPlan> = planEngineOutput,
): Promise<{ options: ImageBuildOptions; plan: OutputPlan }> {
  const plan = await planOf(parsed);
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
    ...many("platform", parsed.list("platform")),
    ...given("networkmode", parsed.text("network")),
    ...some("buildargs", buildArgs(parsed.list("build-arg"))),
    ...some("labels", labels(parsed.list("label"))),
    ...many("ssh", parsed.list("ssh")),
    ...many("allow", [...new Set(parsed.list("allow"))]),
    ...many("nocachefilter", stages(parsed.list("no-cache-filter"))),
    ...given("cgroupparent", parsed.text("cgroup-parent")),
    nocache: parsed.switched("no-cache"),
    ...(parsed.switched("pull") ? { pull: true } : {}),
    ...verify(parsed),
    ...await formedOptions(parsed),
  };
  return { options, plan };
}

async function planEngineOutput(parsed: ParsedWords): Promise<OutputPlan> {
  const isAsked = parsed.list("output").length > 0 ||
    parsed.switched("push") || parsed.switched("load");
  if (!isAsked) return STORED;
  const { planOutput } = await loadModule<typeof import("./output_flag.ts")>(
    "./output_flag.ts",
  );
  return planOutput(parsed);
}

async function formedOptions(parsed: ParsedWords): Promise<ImageBuildOptions> {
  if (FORMED_FLAGS.every((name) => parsed.list(name).length === 0)) return {};
  const { readFormedFlags } = await loadModule<
    typeof import("./formed_flags.ts")
  >("./formed_flags.ts");
  return readFormedFlags(parsed);
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

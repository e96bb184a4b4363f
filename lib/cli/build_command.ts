import type { DockerClient } from "../client.ts";
import type { BuildResult } from "../imagebuild/result.ts";
import type { ImageBuildOptions } from "../imagebuild/options.ts";
import { checkRequest } from "../imagebuild/request.ts";
import { type BuildInput, buildInput, optionsOf } from "./build_input.ts";
import { buildAll, buildsTwice } from "./build_all.ts";
import { buildOptions } from "./build_options.ts";
import { callOf } from "./call_flag.ts";
import { withDefaults } from "./buildx_defaults.ts";
import type { CommandContext } from "./command.ts";
import { BuildError } from "../errors.ts";
import { tellIgnoredVariables } from "./ignored_variables.ts";
import { openClient } from "./open_client.ts";
import { EXIT_OK, UsageError } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";
import type { OutputPlan } from "./output_flag.ts";
import { tellExports } from "./tell_exports.ts";
import { print } from "./print.ts";
import { type ProgressMode, progressMode } from "./progress_mode.ts";
import { refuseFlags } from "./refused_flags.ts";
import type { ResultFiles } from "./result_files.ts";
import { showBuild } from "./show_build.ts";
import { environmentPolicy } from "./source_policy.ts";

/** How a build is shown where sentences for people may stand beside it. */
const TOLD: readonly ProgressMode[] = ["auto", "tty", "plain"];

/** Runs `davit build`. */
export async function runBuild(context: CommandContext): Promise<number> {
  const { parsed, signal, interrupt } = context;
  refuseFlags(parsed);
  const call = callOf(parsed);
  if (call !== undefined) {
    const { runCall } = await import("./call_command.ts");
    return await runCall(call, context);
  }
  const mode = progressMode(parsed);
  const { options, plan } = buildOptions(parsed);
  for (const name of ["rm", "force-rm"]) {
    if (parsed.switched(name)) {
      print(
        `WARNING: --${name} is for the classic builder: BuildKit keeps no containers`,
        Deno.stderr,
      );
    }
  }
  tellIgnoredVariables(parsed);
  const watching = parsed.switched("watch");
  if (watching) checkWatch(parsed, plan);
  const [word] = parsed.words;
  const input = await buildInput(word!, parsed, signal);
  const files = await resultFiles(parsed, plan);
  const sourcePolicy = await environmentPolicy();
  await files?.clear();
  // The build checks them again, after the engine was asked for its store.
  await checkOptions(options);
  await using docker = await openClient(parsed);
  if (plan.outputs.some(({ type }) => type === "moby")) {
    await checkStore(docker, signal);
  }
  const twice = plan.alsoImage &&
    buildsTwice(plan, options.api, await docker.ping({ signal }));
  if (twice) checkOnce(parsed);
  const settled = await withDefaults(docker, {
    options,
    plan,
    metadata: parsed.text("metadata-file") !== undefined,
    watching,
  }, signal);
  const buildOnce = async (
    signal: AbortSignal,
    shown: ProgressMode,
  ): Promise<BuildResult> => {
    await files?.clear();
    const given: ImageBuildOptions = {
      ...settled,
      ...optionsOf(input),
      ...(sourcePolicy === undefined ? {} : { sourcePolicy }),
      signal,
    };
    const result = await buildAll(
      twice,
      plan,
      given,
      (options) => build(docker, input, options, shown, interrupt),
    );
    if (TOLD.includes(shown)) tellExports(result.exports);
    const pushed = plan.push ? await push(docker, result, signal, shown) : [];
    await files?.write(docker, result, pushed[0], signal);
    if (mode === "quiet" && result.imageId !== "") print(result.imageId);
    return result;
  };
  if (!watching) {
    await buildOnce(signal, mode);
    return EXIT_OK;
  }
  const { watchBuilds } = await import("./watch.ts");
  await watchBuilds({
    folder: word!,
    context: input.context,
    ...(options.contexts === undefined ? {} : { contexts: options.contexts }),
    results: { files: files?.paths ?? [], outputs: plan.paths },
    signal,
    tell: (text) => print(text, Deno.stderr),
    build: (signal) => buildOnce(signal, mode === "auto" ? "none" : mode),
  });
  return EXIT_OK;
}

/** Checks the options before anything is asked of the engine. */
async function checkOptions(options: ImageBuildOptions): Promise<void> {
  const contexts = options.contexts && (await import(
    "../imagebuild/context/named_source.ts"
  )).namedSources(options.contexts);
  const tar = { kind: "tar", stream: new ReadableStream() } as const;
  checkRequest(options, tar, undefined, contexts);
}

/** Pushes all names of an image and returns their digests. */
async function push(
  docker: DockerClient,
  { names }: BuildResult,
  signal: AbortSignal,
  shown: ProgressMode,
): Promise<string[]> {
  const { pushAll } = await import("./push_command.ts");
  const { transferTeller } = await import("./tell_transfer.ts");
  const tell = transferTeller(shown === "quiet");
  return await pushAll(docker, names, { signal, tell });
}

/**
 * The files of `--iidfile` and `--metadata-file`; undefined if neither is
 * given.
 */
async function resultFiles(
  parsed: ParsedWords,
  plan: OutputPlan,
): Promise<ResultFiles | undefined> {
  const flags = ["iidfile", "metadata-file"];
  if (flags.every((name) => parsed.text(name) === undefined)) return undefined;
  const { ResultFiles } = await import("./result_files.ts");
  return await ResultFiles.open(parsed, plan);
}

/**
 * Refuses a second build of an input that can be read only once: standard
 * input.
 */
function checkOnce(parsed: ParsedWords): void {
  if (parsed.words[0] !== "-" && parsed.text("file") !== "-") return;
  throw new UsageError(
    "--load or --push beside another --output build twice with this engine: standard input can be read once",
  );
}

/**
 * Refuses `--watch` with standard input or standard output: they can be used
 * for one build only.
 */
function checkWatch(parsed: ParsedWords, { paths }: OutputPlan): void {
  if (parsed.text("file") === "-") {
    throw new UsageError(
      "--watch reads the Dockerfile again and again: --file - can't be",
    );
  }
  if (parsed.words[0] === "-") {
    throw new UsageError("--watch needs a folder as the context");
  }
  if (paths.includes("-")) {
    throw new UsageError(
      "--watch builds again and again: --output to standard output can't be",
    );
  }
}

/**
 * Checks that the engine has the containerd image store: only that store reads
 * the attributes of an output.
 *
 * @throws {UsageError} If the engine has another store.
 */
async function checkStore(
  docker: DockerClient,
  signal: AbortSignal,
): Promise<void> {
  const { isContainerdStore } = await import("../engine/info.ts");
  if (isContainerdStore(await docker.info({ signal }))) return;
  throw new UsageError(
    "--output of an image takes a name and push here: only engines with the containerd image store know its other fields",
  );
}

async function build(
  docker: DockerClient,
  { context }: BuildInput,
  options: ImageBuildOptions,
  mode: ProgressMode,
  interrupt: CommandContext["interrupt"],
): Promise<BuildResult> {
  await using running = docker.imageBuild(context, options);
  try {
    if (mode !== "none" && mode !== "quiet") {
      await showBuild(running, mode, interrupt);
    }
    return await running.result();
  } catch (error) {
    if (mode === "none" || mode === "quiet") await printFailure(error);
    throw error;
  }
}

/**
 * Prints the log of a failed step, for modes in which no display has shown it.
 */
async function printFailure(error: unknown): Promise<void> {
  if (!(error instanceof BuildError) || error.step === undefined) return;
  const { printable } = await import("../display/printable.ts");
  print(
    ["------", ` > ${error.step}:`, ...error.log, "------"].map((line) =>
      printable(line)
    )
      .join("\n"),
    Deno.stderr,
  );
}

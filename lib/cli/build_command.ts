import type { ListedBuilder } from "../buildx/builders.ts";
import type { BuildResult } from "../imagebuild/result.ts";
import type { ImageBuildOptions } from "../imagebuild/options.ts";
import { DockerClient } from "../client/docker_client.ts";
import { checkRequest } from "../imagebuild/check_request.ts";
import { type BuildInput, buildInput, optionsOf } from "./build_input.ts";
import type { BuildSite, ImageBuilder, SiteInit } from "./build_site.ts";
import { buildBuilder, type ChosenBuilder } from "./build_builder.ts";
import { buildOptions } from "./build_options.ts";
import type { Call } from "./call_flag.ts";
import type { CommandContext } from "./command.ts";
import { BuildError } from "../errors.ts";
import { tellIgnoredVariables } from "./ignored_variables.ts";
import { engineSite } from "./engine_site.ts";
import { openBuilderFor } from "./open_builder.ts";
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
import type { TimingsFile } from "./timings_file.ts";
import { loadModule } from "./load_module.ts";

/** How a build is shown where sentences for people may stand beside it. */
const TOLD: readonly ProgressMode[] = ["auto", "tty", "plain"];

/** Runs `davit build`. */
export async function runBuild(context: CommandContext): Promise<number> {
  const { parsed, signal, interrupt } = context;
  refuseFlags(parsed);
  const call = await callOf(parsed);
  if (call !== undefined) {
    const { runCall } = await loadModule<typeof import("./call_command.ts")>(
      "./call_command.ts",
    );
    return await runCall(call, context);
  }
  const mode = progressMode(parsed);
  const chosen = await buildBuilder(parsed);
  const planOf = await outputPlanner(chosen?.builder);
  const { options, plan } = await buildOptions(parsed, planOf);
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
  const timings = await timingsFile(parsed, plan);
  const sourcePolicy = await environmentPolicy();
  await files?.clear();
  // The build checks them again, after the engine was asked for its store.
  await checkOptions(options);
  const init = {
    options,
    metadata: parsed.text("metadata-file") !== undefined,
    watching,
    loadRun,
    signal,
  };
  await using site = await openSite(chosen, parsed, plan, init);
  const buildOnce = async (
    signal: AbortSignal,
    shown: ProgressMode,
  ): Promise<BuildResult> => {
    await files?.clear();
    const given: ImageBuildOptions = {
      ...site.options,
      ...optionsOf(input),
      ...(sourcePolicy === undefined ? {} : { sourcePolicy }),
      signal,
    };
    const building = site.build(
      given,
      (builder, options) =>
        build(builder, input, options, { mode: shown, interrupt, timings }),
      { shown, signal },
    );
    const { result, pushed } = timings === undefined
      ? await building
      : await timings.writeAfter(building, TOLD.includes(shown));
    if (TOLD.includes(shown)) tellExports(result.exports);
    await files?.write(site.docker, result, pushed, signal, site.node);
    if (mode === "quiet" && result.imageId !== "") print(result.imageId);
    return result;
  };
  if (!watching) {
    await buildOnce(signal, mode);
    return EXIT_OK;
  }
  const { watchBuilds } = await loadModule<typeof import("./watch.ts")>(
    "./watch.ts",
  );
  await watchBuilds({
    folder: word!,
    context: input.context,
    ...(options.contexts === undefined ? {} : { contexts: options.contexts }),
    results: {
      files: [...files?.paths ?? [], ...timings?.paths ?? []],
      outputs: plan.paths,
    },
    signal,
    tell: (text) => print(text, Deno.stderr),
    build: (signal) => buildOnce(signal, mode === "auto" ? "none" : mode),
  });
  return EXIT_OK;
}

/** What is asked about the Dockerfile; undefined for a build. */
async function callOf(parsed: ParsedWords): Promise<Call | undefined> {
  const flags = ["call", "format"];
  if (flags.every((name) => parsed.text(name) === undefined)) return undefined;
  const { readCall } = await loadModule<typeof import("./call_flag.ts")>(
    "./call_flag.ts",
  );
  return readCall(parsed);
}

/** Checks the options before anything is asked of the engine. */
async function checkOptions(options: ImageBuildOptions): Promise<void> {
  const contexts = options.contexts &&
    (await loadModule<typeof import("../imagebuild/context/named_source.ts")>(
      "../imagebuild/context/named_source.ts",
    )).namedSources(options.contexts);
  const tar = { kind: "tar", stream: new ReadableStream() } as const;
  await checkRequest(options, tar, undefined, contexts);
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
  const { ResultFiles } = await loadModule<typeof import("./result_files.ts")>(
    "./result_files.ts",
  );
  return await ResultFiles.open(parsed, plan);
}

/** What writes where the time went; undefined if that is not asked for. */
async function timingsFile(
  parsed: ParsedWords,
  plan: OutputPlan,
): Promise<TimingsFile | undefined> {
  const isAsked = parsed.switched("timings") ||
    ["timings", "timings-against"].some((name) =>
      parsed.text(name) !== undefined
    );
  if (!isAsked) return undefined;
  const { TimingsFile } = await loadModule<typeof import("./timings_file.ts")>(
    "./timings_file.ts",
  );
  const dest = parsed.text("timings");
  if (dest === "-" && plan.paths.includes("-")) {
    throw new UsageError(
      "--timings=- and --output to standard output can't be at once",
    );
  }
  const { buildTitle } = await loadModule<typeof import("./build_title.ts")>(
    "./build_title.ts",
  );
  return await TimingsFile.open({
    dest,
    against: parsed.text("timings-against"),
    title: parsed.list("tag")[0] ?? buildTitle(parsed.words[0]!),
  });
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

/** How the flags about the output are read for what builds. */
async function outputPlanner(
  builder: ListedBuilder | undefined,
): Promise<((parsed: ParsedWords) => OutputPlan) | undefined> {
  if (builder === undefined || builder.isContext) return undefined;
  const { loadsByDefault } = await loadModule<
    typeof import("../buildx/driver.ts")
  >("../buildx/driver.ts");
  const { planDaemonOutput } = await loadModule<
    typeof import("./output_flag.ts")
  >("./output_flag.ts");
  const loads = loadsByDefault(builder);
  return (parsed) => planDaemonOutput(parsed, loads);
}

/** Loads what runs a build. */
async function loadRun(): Promise<void> {
  await loadModule<typeof import("../imagebuild/run.ts")>(
    "../imagebuild/run.ts",
  );
}

/** Opens what builds: the engine of the flags, or the builder that was chosen. */
async function openSite(
  chosen: ChosenBuilder | undefined,
  parsed: ParsedWords,
  plan: OutputPlan,
  init: SiteInit,
): Promise<BuildSite> {
  const opened = await openBuilderFor(chosen, parsed, init.signal);
  if (opened instanceof DockerClient) {
    return await engineSite(opened, parsed, plan, init);
  }
  const { daemonSite } = await loadModule<typeof import("./daemon_site.ts")>(
    "./daemon_site.ts",
  );
  const { name, nodes } = chosen!.builder;
  const node = `${name}/${nodes[0]!.name}`;
  return daemonSite(opened, node, parsed, plan, init);
}

async function build(
  builder: ImageBuilder,
  { context }: BuildInput,
  options: ImageBuildOptions,
  { mode, interrupt, timings }: {
    readonly mode: ProgressMode;
    readonly interrupt: CommandContext["interrupt"];
    readonly timings: TimingsFile | undefined;
  },
): Promise<BuildResult> {
  await using running = builder.imageBuild(context, options);
  try {
    if (mode !== "none" && mode !== "quiet") {
      await showBuild(running, mode, interrupt);
    }
    return await running.result();
  } catch (error) {
    if (mode === "none" || mode === "quiet") await printFailure(error);
    throw error;
  } finally {
    await timings?.take(running);
  }
}

/**
 * Prints the log of a failed step, for modes in which no display has shown it.
 */
async function printFailure(error: unknown): Promise<void> {
  if (!(error instanceof BuildError) || error.step === undefined) return;
  const { printable } = await loadModule<
    typeof import("../display/printable.ts")
  >("../display/printable.ts");
  print(
    ["------", ` > ${error.step}:`, ...error.log, "------"].map((line) =>
      printable(line)
    )
      .join("\n"),
    Deno.stderr,
  );
}

import type { DockerClient } from "../client.ts";
import type { BuildResult } from "../build/result.ts";
import type { DisplayMode } from "../display/display_events.ts";
import { displayBuild } from "../display/display_build.ts";
import { PROGRESS_MODES } from "./build_flags.ts";
import { type BuildInput, buildInput } from "./build_input.ts";
import { buildOptions } from "./build_options.ts";
import type { CommandContext } from "./command.ts";
import { BuildError } from "../errors.ts";
import { openClient } from "./open_client.ts";
import { EXIT_OK, UsageError } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";
import { print } from "./print.ts";
import { refuseFlags } from "./refused_flags.ts";

type Progress = (typeof PROGRESS_MODES)[number];

/** `davit build`. */
export async function runBuild(
  { parsed, signal }: CommandContext,
): Promise<number> {
  refuseFlags(parsed);
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
  const watching = parsed.switched("watch");
  const input = await buildInput(parsed.words[0]!, parsed);
  if (watching && input.folder === undefined) {
    throw new UsageError("--watch needs a folder as the context");
  }
  if (watching && parsed.text("file") === "-") {
    throw new UsageError(
      "--watch reads the Dockerfile again and again: --file - can't be",
    );
  }
  await checkFiles(parsed);
  await using docker = await openClient(parsed);
  const buildOnce = async (
    signal: AbortSignal,
    shown: Progress,
  ): Promise<BuildResult> => {
    const result = await build(
      docker,
      input,
      { ...options, ...dockerfileOf(input), signal },
      shown,
    );
    await writeResult(parsed, result, options.tag);
    if (plan.push) {
      const { pushAll } = await import("./push_command.ts");
      await pushAll(docker, result.names, { signal, quiet: shown === "quiet" });
    }
    return result;
  };
  if (watching) {
    const { watchBuilds } = await import("./watch.ts");
    await watchBuilds({
      folder: input.folder!,
      dockerfile: parsed.text("file"),
      signal,
      build: (signal) => buildOnce(signal, mode === "auto" ? "none" : mode),
    });
    return EXIT_OK;
  }
  const { imageId } = await buildOnce(signal, mode);
  if (mode === "quiet" && imageId !== "") print(imageId);
  return EXIT_OK;
}

async function build(
  docker: DockerClient,
  { context }: BuildInput,
  options: NonNullable<Parameters<DockerClient["imageBuild"]>[1]>,
  mode: Progress,
): Promise<BuildResult> {
  await using running = docker.imageBuild(context, options);
  try {
    if (mode !== "none" && mode !== "quiet") {
      await displayBuild(running, { mode: mode satisfies DisplayMode });
    }
    return await running.result();
  } catch (error) {
    if (mode === "none" || mode === "quiet") printFailure(error);
    throw error;
  }
}

/** What a failed step printed, where no display has shown it. */
function printFailure(error: unknown): void {
  if (!(error instanceof BuildError) || error.step === undefined) return;
  print(
    ["------", ` > ${error.step}:`, ...error.log, "------"].join("\n"),
    Deno.stderr,
  );
}

function dockerfileOf({ dockerfile }: BuildInput): { dockerfile?: string } {
  return dockerfile === undefined ? {} : { dockerfile };
}

function progressMode(parsed: ParsedWords): Progress {
  const word = parsed.text("progress") ??
    (Deno.env.get("BUILDKIT_PROGRESS") || "auto");
  const mode = PROGRESS_MODES.find((mode) => mode === word);
  if (mode === undefined) {
    throw new UsageError(
      `invalid progress mode ${JSON.stringify(word)}: expected one of ${
        PROGRESS_MODES.join(", ")
      }`,
    );
  }
  if (mode === "tty" && !Deno.stderr.isTerminal()) {
    throw new UsageError(
      "--progress=tty needs a terminal: failed to get console",
    );
  }
  return parsed.switched("quiet") ? "quiet" : mode;
}

/** A build whose result can't be written is not begun. */
async function checkFiles(parsed: ParsedWords): Promise<void> {
  for (const name of ["iidfile", "metadata-file"]) {
    const path = parsed.text(name);
    if (path === undefined) continue;
    const parent = path.includes("/") ? path.replace(/[^/]*$/, "") : ".";
    const info = await Deno.stat(parent).catch(() => undefined);
    if (info?.isDirectory !== true || path.endsWith("/")) {
      throw new UsageError(
        `--${name}: there is no folder for ${JSON.stringify(path)}`,
      );
    }
    // What an earlier build left says nothing of this one.
    if (name !== "iidfile") continue;
    try {
      await Deno.remove(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** `--iidfile` and `--metadata-file`, as buildx writes them. */
async function writeResult(
  parsed: ParsedWords,
  { imageId, names }: BuildResult,
  tags: string | readonly string[] = [],
): Promise<void> {
  const idFile = parsed.text("iidfile");
  if (idFile !== undefined) await Deno.writeTextFile(idFile, imageId);
  const file = parsed.text("metadata-file");
  if (file === undefined) return;
  const tagged = [...names.length > 0 ? names : [tags].flat()];
  const metadata = {
    ...(imageId === "" ? {} : {
      "containerimage.config.digest": imageId,
      "containerimage.digest": imageId,
    }),
    ...(tagged.length === 0 ? {} : { "image.name": tagged.join(",") }),
  };
  await Deno.writeTextFile(file, `${JSON.stringify(metadata, null, 2)}\n`);
}

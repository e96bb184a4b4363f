import type { DockerClient } from "../client/docker_client.ts";
import type { ImageBuildOptions } from "../imagebuild/options.ts";
import type { BuildResult } from "../imagebuild/result.ts";
import type { ProgressMode } from "./progress_mode.ts";

/** What builds: both an engine and a BuildKit daemon do. */
export type ImageBuilder = Pick<DockerClient, "imageBuild">;

/** One run of a build, as it is shown. */
export type RunBuild = (
  builder: ImageBuilder,
  options: ImageBuildOptions,
) => Promise<BuildResult>;

/** What a build came to. */
export interface SiteResult {
  readonly result: BuildResult;
  /** The digest that the image got in its registry, if it was pushed afterwards. */
  readonly pushed: string | undefined;
}

/** Where `davit build` builds: an engine, or a builder of buildx. */
export interface BuildSite extends AsyncDisposable {
  /** The options, with what the command does without being asked. */
  readonly options: ImageBuildOptions;
  /** The engine, where one builds. */
  readonly docker: DockerClient | undefined;
  /** The builder and its node, where buildx names them. */
  readonly node: string | undefined;
  /** Builds, and does what the outputs ask for beside that. */
  build(
    options: ImageBuildOptions,
    run: RunBuild,
    how: { readonly shown: ProgressMode; readonly signal: AbortSignal },
  ): Promise<SiteResult>;
}

/** What of a command line a site needs. */
export interface SiteInit {
  readonly options: ImageBuildOptions;
  /** Whether a file with facts about the build is asked for. */
  readonly metadata: boolean;
  /** Whether the command builds at each change. */
  readonly watching: boolean;
  /**
   * Loads what runs a build; called while an engine answers a question, and else
   * not at all: the build loads it anyway.
   */
  readonly loadRun: () => Promise<void>;
  readonly signal: AbortSignal;
}

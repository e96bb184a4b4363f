import { checkOptionNames } from "../option_names.ts";
import { stateOf } from "../imagebuild/build_operation.ts";
import type { ImageBuild } from "../imagebuild/image_build.ts";
import {
  displayEvents,
  type DisplayFile,
  type DisplayOptions,
} from "./display_events.ts";

/** Options of {@linkcode displayBuild}. */
export interface DisplayBuildOptions extends DisplayOptions {
  /**
   * Where to write: a stream, or a file such as `Deno.stdout`. It is not
   * closed.
   *
   * @default {Deno.stderr}
   */
  readonly output?:
    | WritableStream<Uint8Array<ArrayBuffer>>
    | DisplayFile
    | undefined;
}

const OPTIONS = {
  mode: true,
  name: true,
  terminal: true,
  color: true,
  notice: true,
  now: true,
  output: true,
} satisfies Record<keyof DisplayBuildOptions, true>;

/**
 * Shows a build as docker's own tools do, until it ends. The display is only
 * one reader of the build: `wait()`, `result()` and further readers work beside
 * it.
 *
 * Any number of builds may be shown on one output at a time. In a terminal,
 * builds that run stand below each other, and those that have ended above them;
 * in plain text each line begins with the build's name; in raw JSON each line
 * has the field `build`.
 *
 * @throws The error that `wait()` rejects with, once the failure is shown; and
 * what the output throws.
 * @example
 * ```ts
 * import { displayBuild, DockerClient } from "@davit/build";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const build = docker.imageBuild("./app", { tag: "app:1" });
 * await displayBuild(build); // in a terminal with colours, else as plain lines
 * console.log((await build.result()).imageId);
 * ```
 */
export async function displayBuild(
  build: Pick<ImageBuild, "events"> & Partial<Pick<ImageBuild, "names">>,
  options: DisplayBuildOptions = {},
): Promise<void> {
  checkOptionNames("display", options, OPTIONS);
  if (typeof build?.events !== "function") {
    throw new TypeError(
      "Cannot display: expected what imageBuild() gives, without wait() behind it",
    );
  }
  const { output = Deno.stderr, name = build.names?.[0] } = options;
  const state = stateOf(build);
  await displayEvents(build.events(), output, { ...options, name }, state);
}

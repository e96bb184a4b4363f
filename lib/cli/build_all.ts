import type { ImageBuildOptions } from "../imagebuild/options.ts";
import type { BuildResult } from "../imagebuild/result.ts";
import type { OutputPlan } from "./output_flag.ts";

/**
 * Builds for the output and, where the image store is to get the image too,
 * builds a second time: an engine's `/build` has only one output. The second
 * build takes its steps from the cache, so the image is made of the same steps.
 *
 * @returns The result of the last build, with what was sent for the context of
 * the first one.
 */
export async function buildAll(
  { alsoImage }: Pick<OutputPlan, "alsoImage">,
  options: ImageBuildOptions,
  build: (options: ImageBuildOptions) => Promise<BuildResult>,
): Promise<BuildResult> {
  const result = await build(options);
  if (!alsoImage) return result;
  const { outputs: _, ...others } = options;
  const image = await build({ ...others, nocache: false });
  return { ...image, context: result.context };
}

import type { ImageBuildOptions } from "../imagebuild/options.ts";
import type { BuildResult } from "../imagebuild/result.ts";
import type { OutputPlan } from "./output_flag.ts";

/**
 * Builds for the output, and once more for the image store where that gets the
 * image, too: an engine's `/build` has one output. What was built a moment ago
 * is in the cache, and the image is made of the same steps.
 *
 * @returns What the last build came to, and what the first one was sent.
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

import { compareApi } from "../engine/api_version.ts";
import type { Ping } from "../engine/ping_headers.ts";
import type { ImageBuildOptions } from "../imagebuild/options.ts";
import type { BuildOutput } from "../imagebuild/output_options.ts";
import type { BuildResult } from "../imagebuild/result.ts";
import type { OutputPlan } from "./output_flag.ts";

/** The API of the first engines whose builds have several outputs (26). */
const SEVERAL_OUTPUTS_API = "1.45";

/**
 * Whether a build must be run twice to make an image beside another output:
 * with an engine, or something before it, that gives a build one output.
 */
export function buildsTwice(
  { outputs, alsoImage }: Pick<OutputPlan, "outputs" | "alsoImage">,
  api: ImageBuildOptions["api"],
  { apiVersion, gateway, libpodApiVersion }: Ping,
): boolean {
  if (!alsoImage || outputs.length !== 1) return false;
  // An image that is a folder is the only one of its build.
  if (isFolder(outputs[0]!)) return true;
  if (api === "buildkit") return false;
  return api === "engine" || gateway || libpodApiVersion !== undefined ||
    compareApi(apiVersion, SEVERAL_OUTPUTS_API) < 0;
}

function isFolder(output: BuildOutput): boolean {
  return (output.type === "oci" || output.type === "docker") &&
    output.attrs?.tar === "false";
}

/**
 * Builds once, or twice: then for the output, and a second time for the image
 * store. The second build takes its steps from the cache, so the image is made
 * of the same steps.
 *
 * @returns The result of the last build, with what was sent for the contexts of
 * the first one.
 */
export async function buildAll(
  twice: boolean,
  { outputs, alsoImage }: Pick<OutputPlan, "outputs" | "alsoImage">,
  options: ImageBuildOptions,
  build: (options: ImageBuildOptions) => Promise<BuildResult>,
): Promise<BuildResult> {
  if (outputs.length === 0) return await build(options);
  if (!alsoImage) return await build({ ...options, outputs });
  if (!twice) {
    return await build({ ...options, outputs: [{ type: "moby" }, ...outputs] });
  }
  // A cache is written once, and may need the image.
  const { cacheto: _, ...first } = options;
  const result = await build({ ...first, outputs });
  const image = await build({ ...options, nocache: false });
  const { context, contexts } = result;
  return { ...image, context, contexts };
}

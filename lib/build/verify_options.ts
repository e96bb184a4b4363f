import type { SecretFind } from "../verify/find.ts";
import type { ImageBuildOptions } from "./options.ts";
import type { BuildPlan } from "./plan.ts";

/** How a build's result is looked through. */
export interface BuildVerifyOptions {
  /**
   * Whether the image keeps its names when secrets were found in it.
   *
   * @default {false}
   */
  readonly keepTags?: boolean;
  /** Says of a find that it is none: a line of a secret that anybody may write, for example. */
  readonly ignore?: (find: SecretFind) => boolean;
}

/**
 * Checks that the options can be obeyed, before anything is sent.
 *
 * @throws {TypeError} If they can not.
 */
export function checkVerify(plan: BuildPlan, options: ImageBuildOptions): void {
  if (!options.verify) return;
  const { output } = plan;
  if (plan.version === "1") {
    throw new TypeError(
      'Cannot verify: the classic builder (version "1") knows no secrets',
    );
  }
  if (output?.exporter === undefined) {
    if (plan.makesImage) return;
    throw new TypeError(
      `Cannot verify: output ${
        JSON.stringify(output?.type)
      } leaves nothing to look through`,
    );
  }
  if (output.exporter.canStage) return;
  throw new TypeError(
    "Cannot verify what goes to a stream: it can't be taken back; export to a file, or look through it with verifySecrets()",
  );
}

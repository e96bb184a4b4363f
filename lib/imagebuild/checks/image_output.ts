// The check of options against the outputs: what is said of an image needs an
// output that is one, and what is said of its time needs a time.

import { UnsupportedError } from "../../errors.ts";
import type { RequestedAnnotation } from "./annotations.ts";
import { holdsImage, isTrue, type RequestedOutput } from "./output.ts";
import { EPOCH_ARGUMENT } from "./source_date_epoch.ts";

/** The options that are checked against the outputs. */
interface ImageOptions {
  readonly outputs: readonly RequestedOutput[];
  readonly platforms: readonly string[];
  readonly annotations: readonly RequestedAnnotation[];
  readonly buildArgs: Readonly<Record<string, string | null>> | undefined;
}

/**
 * Refuses what BuildKit would ignore without a word: annotations where no output
 * is an image, and `rewriteTimestamp` without a time. Refuses also what it would
 * refuse only when all steps have been run.
 *
 * @throws {TypeError} If there is such an option.
 * @throws {UnsupportedError} If a docker archive is to hold several platforms.
 */
export function checkImageOptions(
  { outputs, platforms, annotations, buildArgs }: ImageOptions,
): void {
  if (platforms.length > 1 && outputs.some(({ type }) => type === "docker")) {
    throw new UnsupportedError(
      'output "docker"',
      'Cannot build with output "docker" for several platforms: the archive holds one; take "oci", or build once for each',
    );
  }
  if (
    annotations.length > 0 && outputs.length > 0 && !outputs.some(holdsImage)
  ) {
    throw new TypeError(
      "Cannot build with annotations: none of the outputs is an image",
    );
  }
  const isRewritten = outputs.some(({ attrs }) =>
    isTrue(attrs["rewrite-timestamp"]) && !attrs["source-date-epoch"]
  );
  if (!isRewritten || buildArgs?.[EPOCH_ARGUMENT]) return;
  throw new TypeError(
    "Cannot build with rewriteTimestamp: it needs a time; give sourceDateEpoch",
  );
}

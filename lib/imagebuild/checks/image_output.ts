// The check of outputs that are images against other options.

import { UnsupportedError } from "../../errors.ts";
import { isTrue, type RequestedOutput } from "./requested_output.ts";
import { EPOCH_ARGUMENT } from "./source_date_epoch.ts";

/** The options that are checked against the outputs. */
interface ImageOptions {
  readonly outputs: readonly RequestedOutput[];
  readonly platforms: readonly string[];
  readonly buildArgs: Readonly<Record<string, string | null>> | undefined;
}

/**
 * Refuses `rewriteTimestamp` without a time, which BuildKit would ignore without
 * a word, and what it would refuse only when all steps have been run.
 *
 * @throws {TypeError} If the time is missing.
 * @throws {UnsupportedError} If a docker archive is to hold several platforms.
 */
export function checkImageOptions(
  { outputs, platforms, buildArgs }: ImageOptions,
): void {
  if (platforms.length > 1 && outputs.some(({ type }) => type === "docker")) {
    throw new UnsupportedError(
      'output "docker"',
      'Cannot build with output "docker" for several platforms: the archive holds one; take "oci", or build once for each',
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

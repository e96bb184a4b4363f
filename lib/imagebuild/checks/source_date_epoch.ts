// The check of the option `sourceDateEpoch`.

import { UnsupportedError } from "../../errors.ts";
import type { ImageBuildOptions } from "../options.ts";

/** The build argument in which BuildKit takes the time. */
export const EPOCH_ARGUMENT = "SOURCE_DATE_EPOCH";

/** The end of the year 9999: the times of an image have years of four digits. */
const MAX_EPOCH = 253_402_300_799;

/**
 * Checks the time that an image gets.
 *
 * @param buildArgs The build arguments, which may hold it too.
 * @returns Seconds since 1970; a part of a second is cut off.
 * @throws {TypeError} If it is no time, or is given twice.
 * @throws {RangeError} If no image can have it.
 * @throws {UnsupportedError} If the builder knows no such time.
 */
export function checkSourceDateEpoch(
  given: NonNullable<ImageBuildOptions["sourceDateEpoch"]>,
  buildArgs: Readonly<Record<string, string | null>> | undefined,
  builder: "buildkit" | "classic",
): number {
  if (typeof given !== "number" && !(given instanceof Date)) {
    throw new TypeError(
      "Cannot use sourceDateEpoch: expected seconds since 1970, or a Date",
    );
  }
  const seconds = typeof given === "number"
    ? given
    : Math.floor(given.getTime() / 1000);
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > MAX_EPOCH) {
    throw new RangeError(
      `Cannot use sourceDateEpoch ${
        typeof given === "number" ? given : Deno.inspect(given)
      }: expected whole seconds from 0 (1970) to ${MAX_EPOCH} (the end of the year 9999)`,
    );
  }
  if (Object.hasOwn(buildArgs ?? {}, EPOCH_ARGUMENT)) {
    throw new TypeError(
      `Cannot use sourceDateEpoch: the build argument ${EPOCH_ARGUMENT} gives the time too`,
    );
  }
  if (builder === "classic") {
    throw new UnsupportedError(
      "sourceDateEpoch",
      'Cannot build with sourceDateEpoch: the classic builder (version "1") gives every image its own time',
    );
  }
  return seconds;
}

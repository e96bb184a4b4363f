import { advised } from "../advice.ts";
import { UnsupportedError } from "../errors.ts";

/**
 * The error for something that can't be built with; the command names its flag
 * in place of the option.
 *
 * @param feature What it is: the name of an option, perhaps with its value
 * behind it, or other words.
 * @param why Why not, and what to do instead.
 */
export function cannotBuildWith(
  feature: string,
  why: string,
): UnsupportedError {
  return advised(
    (message) => new UnsupportedError(feature, message),
    "build-with",
    why,
    feature,
  );
}

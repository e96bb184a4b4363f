// What the option `verify` takes.

import type { SecretFind } from "../verify/find.ts";

/** How the result of a build is searched for secrets. */
export interface BuildVerifyOptions {
  /**
   * Whether the image keeps its names when secrets were found in it.
   *
   * @default {false}
   */
  readonly keepTags?: boolean | undefined;
  /**
   * Whether the build also fails when a part of the result could not be
   * searched, or a secret could not be looked for. Otherwise that is a warning.
   *
   * @default {false}
   */
  readonly strict?: boolean | undefined;
  /**
   * Decides that a find is no leak, for example a line of a secret that is not
   * confidential.
   */
  readonly ignore?: ((find: SecretFind) => boolean) | undefined;
}

// The check of the option `api`: which of an engine's interfaces a build takes.

import { advised } from "../../advice.ts";
import { cannotBuildWith } from "../cannot_build_with.ts";
import type { ImageBuildOptions } from "../options.ts";

/**
 * Checks the option `api` beside the options that only one interface knows.
 *
 * @param needs Options that were given and that only BuildKit's API can do.
 * @throws {TypeError} If the option has another form, or names the interface
 * that can't do what else is asked.
 * @throws {UnsupportedError} If the classic builder is asked for what only
 * BuildKit can do.
 */
export function checkApiOption(
  { api, secretsVia }: Pick<ImageBuildOptions, "api" | "secretsVia">,
  needs: readonly string[],
  builder: "buildkit" | "classic",
): ImageBuildOptions["api"] {
  if (![undefined, "engine", "buildkit"].includes(api)) {
    throw new TypeError(
      `Cannot build with api ${
        JSON.stringify(api)
      }: expected "engine" or "buildkit"`,
    );
  }
  const [need] = needs;
  if (builder === "classic" && api === "buildkit") {
    throw new TypeError(
      'Cannot build with api "buildkit" and version "1": the classic builder is reached by the Engine API alone; leave one of them out',
    );
  }
  if (secretsVia === "header" && (need !== undefined || api === "buildkit")) {
    throw new TypeError(
      `Cannot build with secretsVia "header" and ${
        need ?? 'api "buildkit"'
      }: BuildKit's API has no such header, and nothing between davit and the engine reads one there; leave secretsVia out`,
    );
  }
  if (need === undefined) return api;
  if (builder === "classic") {
    throw cannotBuildWith(
      need,
      'the classic builder (version "1") can\'t do that; leave version out',
    );
  }
  if (api === "engine") {
    throw advised(
      (message) => new TypeError(message),
      "build-with",
      `only BuildKit's API can do that, and api is "engine"; leave api out`,
      need,
    );
  }
  return api;
}

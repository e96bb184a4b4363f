import { cannotBuildWith } from "../cannot_build_with.ts";
import type { RequestedCache } from "./requested_cache.ts";
import { cacheError } from "./cache_words.ts";
import { holdsImage } from "./output.ts";
import type { RequestedOutput } from "./requested_output.ts";

/**
 * Checks that something of the result can hold the cache that is written into an
 * image.
 *
 * @throws {TypeError} If nothing can.
 * @throws {UnsupportedError} If the builder can't write one.
 */
export function checkInline(
  caches: readonly RequestedCache[],
  outputs: readonly RequestedOutput[],
  builder: "buildkit" | "classic",
): void {
  if (!caches.some(({ type }) => type === "inline")) return;
  if (builder === "classic") {
    throw cannotBuildWith(
      "cacheto",
      'the classic builder (version "1") writes none; leave version out',
    );
  }
  if (outputs.length === 0 || outputs.some(holdsImage)) return;
  throw cacheError(
    "cacheto",
    ` of type inline: it needs an image to be kept in, and output "${
      outputs[0]!.type
    }" makes none`,
  );
}

import { UsageError } from "./exit.ts";
import { fieldsOf } from "./fields.ts";
import type { OutputPlan } from "./output_flag.ts";

/**
 * The build argument that makes an engine's `/build` keep the cache in the
 * image.
 */
const INLINE: Readonly<Record<string, string>> = { BUILDKIT_INLINE_CACHE: "1" };

/**
 * `--cache-from`: an image, or `type=registry,ref=IMAGE`.
 *
 * @throws {UsageError} If it is something else.
 */
export function parseCacheFrom(word: string): string {
  if (!word.includes("=")) return word;
  const { type, ref, ...others } = Object.fromEntries(
    fieldsOf("--cache-from", word),
  );
  if (type !== "registry" || ref === undefined || !isEmpty(others)) {
    throw new UsageError(
      "--cache-from can be an image, or type=registry,ref=IMAGE: an engine's /build knows no other",
    );
  }
  return ref;
}

/**
 * Reads `--cache-to`, which can only be `type=inline`.
 *
 * @returns The build argument that asks an engine's `/build` for an inline
 * cache.
 * @throws {UsageError} If the value is something else, or the output has no
 * image to keep the cache in.
 */
export function cacheToArgs(
  words: readonly string[],
  { outputs, alsoImage }: OutputPlan,
): Readonly<Record<string, string>> {
  if (words.length === 0) return {};
  for (const word of words) {
    const { type, mode = "min", ...others } = word.includes("=")
      ? Object.fromEntries(fieldsOf("--cache-to", word))
      : {} as Record<string, string>;
    if (type !== "inline" || mode !== "min" || !isEmpty(others)) {
      throw new UsageError(
        "--cache-to can't be used: an engine's /build exports no cache but type=inline, which keeps that of the last stage in the image",
      );
    }
  }
  const isImage = outputs.length === 0 || alsoImage ||
    outputs.some(({ type }) =>
      type !== "local" && type !== "tar" && type !== "cacheonly"
    );
  if (!isImage) {
    throw new UsageError(
      `--cache-to type=inline needs an image to be kept in: --output type=${
        outputs[0]!.type
      } makes none`,
    );
  }
  return INLINE;
}

function isEmpty(object: object): boolean {
  return Object.keys(object).length === 0;
}

import type { CacheFrom, CacheTo } from "../imagebuild/cache_options.ts";
import { checkCacheFrom, checkCacheTo } from "../imagebuild/checks/cache.ts";
import { readCacheWords } from "../imagebuild/checks/cache_words.ts";
import { commandWords } from "./command_words.ts";
import { UsageError } from "./exit.ts";

/**
 * Reads `--cache-from`: names of images, or `type=registry,ref=IMAGE` and the
 * other kinds.
 *
 * @throws {UsageError} If one is something else.
 */
export function cachesFrom(
  words: readonly string[],
): readonly (string | CacheFrom)[] {
  return caches<CacheFrom>("cachefrom", words, checkCacheFrom);
}

/**
 * Reads `--cache-to`, as {@linkcode cachesFrom}.
 *
 * @throws {UsageError} If one is something else.
 */
export function cachesTo(
  words: readonly string[],
): readonly (string | CacheTo)[] {
  return caches<CacheTo>("cacheto", words, checkCacheTo);
}

/** Reads words, of which buildx ignores empty ones. */
function caches<Cache extends CacheFrom | CacheTo>(
  option: "cachefrom" | "cacheto",
  words: readonly string[],
  check: (caches: readonly (string | Cache)[]) => unknown,
): readonly (string | Cache)[] {
  try {
    const given = words.filter(Boolean);
    check(given);
    return given.flatMap((word) => readCacheWords(option, word)).map(
      ({ type, attrs }) => {
        const { ref, ...others } = attrs;
        return type === "registry" && Object.keys(others).length === 0
          ? ref!
          // As in buildx, GitHub's runners tell the rest.
          : {
            type,
            attrs,
            ...(type === "gha" ? FROM_ENVIRONMENT : {}),
          } as unknown as Cache;
      },
    );
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(commandWords(error));
  }
}

const FROM_ENVIRONMENT = { fromEnvironment: true };

import {
  type BuildCacheFilters,
  cacheFilters,
} from "../history/cache_filters.ts";
import { FlagError } from "./exit.ts";

/**
 * The filters of `--filter`, as docker's command reads them: names in lower
 * case, blanks around them left out.
 *
 * @param what What the command does, for errors.
 * @throws {FlagError} If one is not `KEY=VALUE`.
 * @throws {TypeError} If one is unknown, or has a wrong value.
 */
export function cacheFilterFlag(
  what: string,
  words: readonly string[],
): BuildCacheFilters {
  const filters: Record<string, string[]> = {};
  for (const word of words) {
    const cut = word.indexOf("=");
    if (cut < 0) {
      throw new FlagError(
        `invalid argument ${
          JSON.stringify(word)
        } for "--filter": expected KEY=VALUE`,
      );
    }
    const key = word.slice(0, cut).trim().toLowerCase();
    const values = filters[key] ??= [];
    const value = word.slice(cut + 1).trim();
    if (!values.includes(value)) values.push(value);
  }
  cacheFilters(what, filters);
  return filters;
}

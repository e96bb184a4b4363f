import { checkOptionNames } from "../option_names.ts";
import { type BuildCacheFilters, cacheFilters } from "./cache_filters.ts";
import { type BuildCacheRecord, cacheRecordOf } from "./cache_record.ts";
import { asking, type HistorySource } from "./source.ts";

/** Options of `buildDiskUsage()`. */
export interface BuildDiskUsageOptions {
  /**
   * Filters by name in the words of `docker buildx du --filter`, one value each;
   * a record has to fit all: `type`, `description`, `parents` are equal to the
   * value, `id` matches it as a regular expression; `inuse`, `mutable`,
   * `immutable`, `shared`, `private` are `true`; `until` leaves out what was used
   * since, as `{ until: ["24h"] }`. A name that ends in `~` (`description~`) is
   * for a regular expression, one that ends in `!` for what a record is not.
   */
  readonly filters?: BuildCacheFilters | undefined;
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined;
}

/** How much disk space the build cache takes. Sizes are in bytes. */
export interface BuildDiskUsage {
  /** What is there, the smallest first. */
  readonly records: readonly BuildCacheRecord[];
  /** Size of all of it. */
  readonly total: number;
  /** Size of what can be deleted. */
  readonly reclaimable: number;
  /** Size of what images or other records have as well. */
  readonly shared: number;
}

const OPTIONS = {
  filters: true,
  signal: true,
} satisfies Record<keyof BuildDiskUsageOptions, true>;

/**
 * What is in the build cache.
 *
 * @throws {UnsupportedError} Where BuildKit's own API can't be reached.
 * @throws {TypeError} If an option is wrong.
 */
export async function diskUsage(
  source: Pick<HistorySource, "buildkit" | "run">,
  options: BuildDiskUsageOptions = {},
): Promise<BuildDiskUsage> {
  checkOptionNames("ask for the disk usage", options, OPTIONS);
  const what = "ask for the disk usage";
  const { filter, age } = cacheFilters(what, options.filters ?? {});
  return await asking(
    source,
    "The build cache",
    options.signal,
    async (control, signal) => {
      const messages = await control.diskUsage({ filter }, { signal });
      // Chosen here, because BuildKit up to 0.21 takes no age.
      const since = age === 0 ? Infinity : Date.now() - age / 1e6;
      const records = messages.map(cacheRecordOf)
        .filter(({ lastUsedAt }) =>
          lastUsedAt === undefined || Date.parse(lastUsedAt) <= since
        )
        .sort((a, b) => a.size - b.size || (a.id < b.id ? -1 : 1));
      const sum = (fits: (record: BuildCacheRecord) => boolean) =>
        records.filter(fits).reduce((sum, { size }) => sum + size, 0);
      return {
        records,
        total: sum(() => true),
        reclaimable: sum(({ reclaimable }) => reclaimable),
        shared: sum(({ shared }) => shared),
      };
    },
  );
}

import { capabilitiesOf } from "../buildkit/ask_capabilities.ts";
import { UnsupportedError } from "../errors.ts";
import { checkOptionNames } from "../option_names.ts";
import { type BuildCacheFilters, cacheFilters } from "./cache_filters.ts";
import { type BuildCacheRecord, cacheRecordOf } from "./cache_record.ts";
import { type HistorySource, iterating } from "./source.ts";

/** What `buildPruneRecords()` deletes. Sizes are in bytes. */
export interface BuildPruneRecordsOptions {
  /** Also what BuildKit keeps for itself, as images of frontends. */
  readonly all?: boolean | undefined;
  /** Size of the cache that is always kept. */
  readonly reservedSpace?: number | undefined;
  /** Delete until the cache is no larger than this. */
  readonly maxUsedSpace?: number | undefined;
  /** Delete until this much of the disk is free. */
  readonly minFreeSpace?: number | undefined;
  /**
   * Filters by name, as those of `buildDiskUsage()`; `until` keeps what was used
   * since, as `{ until: ["24h"] }`.
   */
  readonly filters?: BuildCacheFilters | undefined;
  /** Ends the work. What is deleted stays so. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS = {
  all: true,
  reservedSpace: true,
  maxUsedSpace: true,
  minFreeSpace: true,
  filters: true,
  signal: true,
} satisfies Record<keyof BuildPruneRecordsOptions, true>;

/** What BuildKit has to know for sizes other than `reservedSpace`. */
const SIZES = "gc.freespacefilter";

/**
 * Deletes from the build cache, and gives each record once it is deleted.
 *
 * @throws {UnsupportedError} Where BuildKit's own API can't be reached, or if
 * this BuildKit does not know a size that was given; nothing is deleted then.
 * @throws {TypeError} If an option is wrong.
 */
export async function* pruneRecords(
  source: Pick<HistorySource, "buildkit" | "iterate">,
  options: BuildPruneRecordsOptions,
): AsyncGenerator<BuildCacheRecord, void> {
  checkOptionNames("prune", options, OPTIONS);
  const { all = false, reservedSpace = 0, maxUsedSpace = 0, minFreeSpace = 0 } =
    options;
  const sizes = { reservedSpace, maxUsedSpace, minFreeSpace };
  for (const [name, size] of Object.entries(sizes)) {
    if (Number.isSafeInteger(size) && size >= 0) continue;
    throw new TypeError(
      `Cannot prune: ${name} is ${size}, and must be a whole number of bytes`,
    );
  }
  const { filter, age } = cacheFilters("prune", options.filters ?? {});
  yield* iterating(
    source,
    "The build cache",
    options.signal,
    async function* (control, signal, host) {
      if (maxUsedSpace > 0 || minFreeSpace > 0) {
        const capabilities = await capabilitiesOf(host, control, signal);
        if (!capabilities.has(SIZES)) {
          // An older BuildKit ignores the size and would delete more.
          throw new UnsupportedError(
            "prune by size",
            "This engine can not prune with maxUsedSpace or minFreeSpace: its BuildKit does not know them; reservedSpace is older",
          );
        }
      }
      const records = control.prune(
        { filter, all, keepDuration: age, ...sizes },
        { signal },
      );
      for await (const record of records) yield cacheRecordOf(record);
    },
  );
}

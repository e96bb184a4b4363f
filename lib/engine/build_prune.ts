import { checkOptionNames } from "../option_names.ts";
import { UnsupportedError } from "../errors.ts";
import { compareApi } from "./api_version.ts";
import { filtersQuery } from "./filters.ts";
import type { Engine } from "./engine.ts";
import type { AnswerShape } from "./fields.ts";
import { requestFeature } from "./podman.ts";

/** Which of the builder's cache goes. Sizes are in bytes. */
export interface BuildPruneOptions {
  /** Everything that no build uses, not only what has no name. */
  readonly all?: boolean | undefined;
  /** Keep about this much. */
  readonly reservedSpace?: number | undefined;
  /** Go down to this much; engines from API 1.48 on. */
  readonly maxUsedSpace?: number | undefined;
  /** Free the disk up to this much; engines from API 1.48 on. */
  readonly minFreeSpace?: number | undefined;
  /**
   * Conditions by name, one value each, such as `{ until: ["24h"] }` or
   * `{ type: ["source.local"] }`; also `id` (a regular expression), `parent`,
   * `description` (fits nothing on engines up to 26), `inuse`, `shared`
   * and `private`.
   */
  readonly filters?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined;
}

/** What a prune freed. */
export interface BuildPruneResult {
  /** Ids of the records that went. */
  CachesDeleted?: string[] | null;
  /** Bytes on disk. */
  SpaceReclaimed?: number;
}

const OPTIONS = {
  all: true,
  reservedSpace: true,
  maxUsedSpace: true,
  minFreeSpace: true,
  filters: true,
  signal: true,
} satisfies Record<keyof BuildPruneOptions, true>;

const PRUNED: AnswerShape = {
  type: "object",
  fields: { CachesDeleted: "texts", SpaceReclaimed: "number" },
};

/**
 * `POST /build/prune`: empties the builder's cache.
 *
 * @throws {UnsupportedError} If this engine would overlook a size that was
 * given, or is podman, which keeps its cache as images.
 * @throws {EngineError} If a filter is not one that the engine knows.
 */
export async function buildPrune(
  engine: Engine,
  options: BuildPruneOptions = {},
): Promise<BuildPruneResult> {
  checkOptionNames("prune", options, OPTIONS);
  const { negotiated } = await engine.facts(options.signal);
  const old = compareApi(negotiated, "1.48") < 0;
  for (const option of ["maxUsedSpace", "minFreeSpace"] as const) {
    // It would go unread, and the cache be emptied of more than was meant.
    if (!old || options[option] === undefined) continue;
    throw new UnsupportedError(
      `buildPrune with ${option}`,
      `This engine can not prune with ${option}: it speaks API ${negotiated}, and that needs 1.48; reservedSpace is older`,
    );
  }
  return await requestFeature(
    engine,
    "buildPrune",
    "its cache is made of images, so use imagePrune",
    {
      method: "POST",
      path: "/build/prune",
      query: {
        all: options.all,
        [old ? "keep-storage" : "reserved-space"]: options.reservedSpace,
        "max-used-space": options.maxUsedSpace,
        "min-free-space": options.minFreeSpace,
        filters: filtersQuery(options.filters),
      },
      signal: options.signal,
    },
    PRUNED,
  );
}

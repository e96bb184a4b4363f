import { checkOptionNames } from "../option_names.ts";
import { UnsupportedError } from "../errors.ts";
import { compareApi } from "./api_version.ts";
import { filtersQuery } from "./filters.ts";
import type { Engine } from "./engine.ts";
import type { AnswerShape } from "./fields.ts";
import { requestFeature } from "./podman.ts";

/** Which parts of the builder's cache are deleted. Sizes are in bytes. */
export interface BuildPruneOptions {
  /** Delete everything that no build uses, not only what has no name. */
  readonly all?: boolean | undefined;
  /** Size of the cache that is always kept. */
  readonly reservedSpace?: number | undefined;
  /**
   * Delete until the cache is no larger than this; engines from API 1.48 on.
   */
  readonly maxUsedSpace?: number | undefined;
  /** Delete until this much of the disk is free; engines from API 1.48 on. */
  readonly minFreeSpace?: number | undefined;
  /**
   * Filters by name, one value each, such as `{ until: ["24h"] }` or
   * `{ type: ["source.local"] }`; also `id` (a regular expression), `parent`,
   * `description` (matches nothing on engines up to 26), `inuse`, `shared` and
   * `private`.
   */
  readonly filters?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined;
}

/** What was deleted. */
export interface BuildPruneResult {
  /** Ids of the cache records that were deleted. */
  CachesDeleted?: string[] | null;
  /** Freed disk space in bytes. */
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
 * `POST /build/prune`: deletes the builder's cache.
 *
 * @throws {UnsupportedError} If this engine does not know a size that was
 * given, or if it is podman, which keeps its cache as images.
 * @throws {EngineError} If the engine does not know a filter.
 */
export async function buildPrune(
  engine: Engine,
  options: BuildPruneOptions = {},
): Promise<BuildPruneResult> {
  checkOptionNames("prune", options, OPTIONS);
  const { negotiated } = await engine.facts(options.signal);
  const old = compareApi(negotiated, "1.48") < 0;
  for (const option of ["maxUsedSpace", "minFreeSpace"] as const) {
    // An older engine ignores the size and would delete more than was meant.
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

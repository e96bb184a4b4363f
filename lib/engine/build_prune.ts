import { compareApi } from "./api_version.ts";
import type { Engine } from "./engine.ts";

/** Which of the builder's cache goes. Sizes are in bytes. */
export interface BuildPruneOptions {
  /** Everything that no build uses, not only what has no name. */
  readonly all?: boolean;
  /** Keep about this much. */
  readonly reservedSpace?: number;
  /** Go down to this much; engines from API 1.48 on. */
  readonly maxUsedSpace?: number;
  /** Free the disk up to this much; engines from API 1.48 on. */
  readonly minFreeSpace?: number;
  /** Conditions by name, such as `{ until: ["24h"], type: ["source.local"] }`. */
  readonly filters?: Readonly<Record<string, readonly string[]>>;
  /** Aborts the request. */
  readonly signal?: AbortSignal;
}

/** What a prune freed. */
export interface BuildPruneResult {
  /** Ids of the records that went. */
  CachesDeleted?: string[] | null;
  /** Bytes on disk. */
  SpaceReclaimed?: number;
}

/** `POST /build/prune`: empties the builder's cache. */
export async function buildPrune(
  engine: Engine,
  options: BuildPruneOptions = {},
): Promise<BuildPruneResult> {
  const { negotiated } = await engine.facts();
  const keep = compareApi(negotiated, "1.48") < 0
    ? "keep-storage"
    : "reserved-space";
  const response = await engine.request({
    method: "POST",
    path: "/build/prune",
    query: {
      all: options.all,
      [keep]: options.reservedSpace,
      "max-used-space": options.maxUsedSpace,
      "min-free-space": options.minFreeSpace,
      filters: options.filters === undefined
        ? undefined
        : JSON.stringify(options.filters),
    },
    signal: options.signal,
  });
  return await response.json();
}

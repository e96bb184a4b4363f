import { checkOptionNames } from "../option_names.ts";
import { filtersQuery } from "./filters.ts";
import type { Engine } from "./engine.ts";
import type { AnswerShape } from "./fields.ts";
import type { ImageRemoveEntry } from "./image_remove.ts";

/** Which images go. */
export interface ImagePruneOptions {
  /**
   * Conditions by name; only images that no container uses, and by default
   * only those without a name, are taken at all.
   *
   * - `dangling: ["false"]`: those with a name too;
   * - `until: ["24h"]`, or a time: those made before;
   * - `label: ["key", "key=value"]`, `"label!"`: those with and without.
   */
  readonly filters?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined;
}

/** What went. */
export interface ImagePruneResult {
  /** Names that were taken away, and images that were deleted. */
  ImagesDeleted?: ImageRemoveEntry[] | null;
  /** Bytes on disk. */
  SpaceReclaimed?: number;
}

const OPTIONS = {
  filters: true,
  signal: true,
} satisfies Record<keyof ImagePruneOptions, true>;

const PRUNED: AnswerShape = {
  type: "object",
  fields: { ImagesDeleted: "objects", SpaceReclaimed: "number" },
};

/**
 * `POST /images/prune`: deletes images that nothing uses.
 *
 * @throws {EngineError} If a filter is not one that the engine knows.
 */
export async function imagePrune(
  engine: Engine,
  options: ImagePruneOptions = {},
): Promise<ImagePruneResult> {
  checkOptionNames("prune", options, OPTIONS);
  return await engine.json({
    method: "POST",
    path: "/images/prune",
    query: {
      filters: filtersQuery(options.filters),
    },
    signal: options.signal,
  }, PRUNED);
}

import { checkOptionNames } from "../option_names.ts";
import { filtersQuery } from "./filters.ts";
import type { Engine } from "./engine.ts";
import type { AnswerShape } from "./fields.ts";
import type { ImageRemoveEntry } from "./image_remove.ts";

/** Which images are deleted. */
export interface ImagePruneOptions {
  /**
   * Filters by name. Images that a container uses are never deleted, and by
   * default only images without a name are.
   *
   * - `dangling: ["false"]`: also images with a name;
   * - `until: ["24h"]`, or a time: only images made before;
   * - `label: ["key", "key=value"]`, `"label!"`: only images with, or without,
   *   a label.
   */
  readonly filters?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined;
}

/** What was deleted. */
export interface ImagePruneResult {
  /** The names that were removed, and the images that were deleted. */
  ImagesDeleted?: ImageRemoveEntry[] | null;
  /** Freed disk space in bytes. */
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
 * `POST /images/prune`: deletes images that no container uses.
 *
 * @throws {EngineError} If the engine does not know a filter.
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

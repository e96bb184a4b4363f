import { checkOptionNames } from "../option_names.ts";
import type { Engine } from "./engine.ts";
import type { AnswerShape } from "./fields.ts";
import { imagePath } from "./image_name.ts";

/** How an image is removed. */
export interface ImageRemoveOptions {
  /**
   * Remove it also when it has further names, or a stopped container uses it.
   */
  readonly force?: boolean | undefined;
  /** Keep parent images that have no name. */
  readonly noprune?: boolean | undefined;
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined;
}

/** What was removed: either a name or an image. */
export interface ImageRemoveEntry {
  /** A name that was removed. */
  Untagged?: string;
  /** The id of an image that was deleted. */
  Deleted?: string;
}

const OPTIONS = {
  force: true,
  noprune: true,
  signal: true,
} satisfies Record<keyof ImageRemoveOptions, true>;

const REMOVED: AnswerShape = {
  type: "list",
  fields: { Untagged: "text", Deleted: "text" },
};

/** `DELETE /images/{name}`. */
export async function imageRemove(
  engine: Engine,
  name: string,
  options: ImageRemoveOptions = {},
): Promise<ImageRemoveEntry[]> {
  checkOptionNames("remove", options, OPTIONS);
  return await engine.json({
    method: "DELETE",
    path: `/images/${imagePath(name)}`,
    query: { force: options.force, noprune: options.noprune },
    signal: options.signal,
  }, REMOVED);
}

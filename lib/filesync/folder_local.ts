import type { ContextEntry } from "../context/entry.ts";
import { ContextFilter } from "../context/filter.ts";
import { followPaths } from "../context/follow_paths.ts";
import { walkContext } from "../context/walk.ts";
import type { Local, LocalRequest } from "./local.ts";

/** A folder of this machine. */
export class FolderLocal implements Local {
  readonly #root: string;

  /** @param root Its real path. */
  constructor(root: string) {
    this.#root = root.endsWith("/") ? root : `${root}/`;
  }

  entries(
    request: LocalRequest,
  ): Iterator<ContextEntry, void, undefined> {
    const { include, exclude, follow } = request;
    const followed = follow.length === 0 ? [] : followPaths(this.#root, follow);
    const filter = new ContextFilter({
      // With the root among the paths, everything is wanted.
      include: followed === undefined ? [] : [...include, ...followed],
      exclude,
    });
    return walkContext(this.#root, filter);
  }

  content(path: string): string {
    return this.#root + path;
  }
}

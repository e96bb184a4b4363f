import type { ContextEntry } from "../context/entry.ts";
import { ContextFilter } from "../context/filter.ts";
import { followPaths } from "../context/follow_paths.ts";
import { walkContext } from "../context/walk.ts";
import type { Local, LocalFile, LocalRequest } from "./local.ts";

/** A folder of this machine. */
export class FolderLocal implements Local {
  readonly #root: string;
  readonly #without: ReadonlySet<string>;

  /**
   * @param root Its real path.
   * @param without Paths in it that are never offered.
   */
  constructor(root: string, without: ReadonlySet<string> = new Set()) {
    this.#root = root.endsWith("/") ? root : `${root}/`;
    this.#without = without;
  }

  *entries(
    request: LocalRequest,
  ): Generator<ContextEntry | undefined, void, undefined> {
    const { include, exclude, follow } = request;
    // With the root among the paths, they ask for nothing that is not asked
    // for anyway; with the root among the patterns, everything is wanted.
    const followed = (yield* followPaths(this.#root, follow)) ?? [];
    const all = [...include, ...followed];
    const filter = new ContextFilter({
      include: all.includes(".") ? [] : all,
      exclude,
    });
    yield* walkContext(this.#root, filter, this.#without);
  }

  content(path: string): LocalFile {
    return { root: this.#root, path };
  }
}

import type { ContextEntry } from "../context/entry.ts";
import { ContextFilter } from "../context/filter.ts";
import { followPaths } from "../context/follow_paths.ts";
import type { MemoryFiles } from "../context/memory_files.ts";
import { overlayEntries } from "../context/overlay.ts";
import type { Local, LocalFile, LocalRequest } from "./local.ts";

/** A folder of this machine, with files from memory over it, or these alone. */
export class FolderLocal implements Local {
  readonly #root: string | undefined;
  readonly #files: MemoryFiles | undefined;

  /**
   * @param root Its real path; undefined for none.
   * @param files What lies over it.
   */
  constructor(root: string | undefined, files?: MemoryFiles) {
    this.#root = root === undefined || root.endsWith("/") ? root : `${root}/`;
    this.#files = files;
  }

  *entries(
    request: LocalRequest,
  ): Generator<ContextEntry | undefined, void, undefined> {
    const { include, exclude, follow } = request;
    // With the root among the paths, they ask for nothing that is not asked
    // for anyway; with the root among the patterns, everything is wanted.
    const followed = (yield* followPaths(this.#root, follow, this.#files)) ??
      [];
    const all = [...include, ...followed];
    const filter = new ContextFilter({
      include: all.includes(".") ? [] : all,
      exclude,
    });
    yield* overlayEntries(this.#root, this.#files, filter);
  }

  content(path: string): LocalFile | Uint8Array<ArrayBuffer> {
    const bytes = this.#files?.content(path);
    // Of an entry without a folder there are only bytes.
    return bytes ?? { root: this.#root!, path };
  }
}

import type { ContextEntry } from "../context/entry.ts";
import { ContextFilter } from "../context/filter.ts";
import { followPaths } from "../context/follow_paths.ts";
import type { KnownFile } from "../context/known_file.ts";
import type { MemoryFiles } from "../context/memory_files.ts";
import { overlayEntries } from "../context/overlay.ts";
import type { Local, LocalFile, LocalRequest } from "./local.ts";

/**
 * A folder of this machine with files in memory laid over it, or such files
 * alone.
 */
export class FolderLocal implements Local {
  readonly #root: string | undefined;
  readonly #files: MemoryFiles | undefined;
  readonly #known: KnownFile | undefined;

  /**
   * @param root The folder's real path; undefined if there is none.
   * @param files The files in memory.
   * @param known A file of the folder that was read already; undefined if there
   * is none.
   */
  constructor(
    root: string | undefined,
    files?: MemoryFiles,
    known?: KnownFile,
  ) {
    this.#root = root === undefined || root.endsWith("/") ? root : `${root}/`;
    this.#files = files;
    this.#known = known;
  }

  *entries(
    request: LocalRequest,
  ): Generator<ContextEntry | undefined, void, undefined> {
    const { include, exclude, follow } = request;
    // If the followed paths lead to the root, they add no patterns; if the
    // include patterns name the root, everything is included.
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
    if (bytes !== undefined) return bytes;
    // Without a folder every file is in memory.
    const root = this.#root!;
    const read = this.#known?.path === path
      ? this.#known.contentIn(root)
      : undefined;
    return read ?? { root, path };
  }
}

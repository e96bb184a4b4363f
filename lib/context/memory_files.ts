import {
  type ContextEntry,
  contextEntry,
  type ContextEntryType,
} from "./entry.ts";
import type { ContextFilter, FilterState } from "./filter.ts";
import { comparePaths } from "./order.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** One file or link whose content is in memory. */
export interface MemoryFile {
  /** The bytes of the file, or the target of the link. */
  readonly content: Bytes | { readonly target: string };
  /** Permissions of the file. */
  readonly mode: number;
  /**
   * Time of the last change, in milliseconds since 1970; undefined if none is
   * given.
   */
  readonly mtimeMs: number | undefined;
}

/** A folder on the way from the root to the current entry. */
interface Level {
  /** Its path with a `/` at the end; empty for the root. */
  readonly prefix: string;
  readonly state: FilterState;
  /**
   * The folder's own entry if it still has to be sent: only once something in
   * it is.
   */
  pending: ContextEntry | undefined;
}

/**
 * A tree of files in memory, alone or laid over a folder of this machine.
 *
 * The fraction of a second in a file's time is made from its content: an engine
 * takes two files with the same length and time for the same file.
 */
export class MemoryFiles {
  readonly #entries: ReadonlyMap<string, ContextEntry>;
  readonly #contents: ReadonlyMap<string, Bytes>;

  private constructor(
    entries: ReadonlyMap<string, ContextEntry>,
    contents: ReadonlyMap<string, Bytes>,
  ) {
    this.#entries = entries;
    this.#contents = contents;
  }

  /**
   * @param files The files by their paths, which are clean and relative; no
   * path may be below another file's.
   */
  static async of(
    files: ReadonlyMap<string, MemoryFile>,
  ): Promise<MemoryFiles> {
    const entries: ContextEntry[] = [];
    const contents = new Map<string, Bytes>();
    const folders = new Set<string>();
    for (const [path, { content, mode, mtimeMs }] of files) {
      for (const folder of foldersOf(path)) folders.add(folder);
      if (!(content instanceof Uint8Array)) {
        const { target } = content;
        const size = new TextEncoder().encode(target).length;
        entries.push({ ...entryOf(path, "symlink", 0o777), size, target });
        continue;
      }
      contents.set(path, content);
      const digest = await crypto.subtle.digest("SHA-256", content);
      const mark = new DataView(digest);
      entries.push({
        ...entryOf(path, "file", mode),
        size: content.length,
        mtimeMs: mtimeMs ?? mark.getUint32(0) % 1000,
        stamp: mark.getUint32(4) % 1_000_000,
      });
    }
    for (const folder of folders) {
      entries.push(entryOf(folder, "directory", 0o755));
    }
    entries.sort((a, b) => comparePaths(a.path, b.path));
    return new MemoryFiles(
      new Map(entries.map((entry) => [entry.path, entry])),
      contents,
    );
  }

  /** The entry at a path; undefined if there is none. */
  at(path: string): ContextEntry | undefined {
    return this.#entries.get(path);
  }

  /** The bytes of the file at a path; undefined if there is no file. */
  content(path: string): Bytes | undefined {
    return this.#contents.get(path);
  }

  /**
   * Whether something here hides what the folder has at a path: a file or link
   * at the path itself, or in the place of a folder above it.
   */
  hides(path: string): boolean {
    const there = this.#entries.get(path);
    if (there !== undefined) return there.type !== "directory";
    return foldersOf(path).some((folder) => {
      const above = this.#entries.get(folder);
      return above !== undefined && above.type !== "directory";
    });
  }

  /**
   * The target of the link at a path; it takes precedence over what the folder
   * below has there. Undefined if nothing here is at the path or hides it.
   *
   * @returns `null` if something here is at the path or hides it, and is not a
   * link.
   */
  linkAt(path: string): string | null | undefined {
    const there = this.#entries.get(path);
    // An entry here, also a folder, takes the place of a link in the folder
    // below.
    if (there !== undefined) return there.target ?? null;
    return this.hides(path) ? null : undefined;
  }

  /** All entries; a folder comes before what is in it. */
  all(): Iterable<ContextEntry> {
    return this.#entries.values();
  }

  /**
   * The names of the links in a folder.
   *
   * @param prefix The folder's path with a `/` at the end; empty for the root.
   */
  linksIn(prefix: string): string[] {
    return [...this.#entries.values()]
      .filter(({ type, path }) =>
        type === "symlink" && path.startsWith(prefix) &&
        !path.slice(prefix.length).includes("/")
      )
      .map(({ path }) => path.slice(prefix.length));
  }

  /**
   * The entries that a filter keeps, in the order in which they are sent. For a
   * kept entry the folders above it come first, even if the filter does not
   * keep them.
   */
  *entries(
    filter: ContextFilter,
  ): Generator<ContextEntry | undefined, void, undefined> {
    const levels: Level[] = [
      { prefix: "", state: filter.root, pending: undefined },
    ];
    for (const entry of this.#entries.values()) {
      const { path } = entry;
      while (!path.startsWith(levels.at(-1)!.prefix)) levels.pop();
      const level = levels.at(-1)!;
      // A folder above it was not entered, so nothing in it is kept.
      if (path.slice(level.prefix.length).includes("/")) continue;
      const state = yield* filter.steps(path, level.state);
      if (state.keep) {
        for (const above of levels) {
          if (above.pending === undefined) continue;
          yield above.pending;
          above.pending = undefined;
        }
        yield entry;
      }
      if (entry.type !== "directory" || !state.enter) continue;
      const pending = state.keep ? undefined : entry;
      levels.push({ prefix: `${path}/`, state, pending });
    }
  }
}

function entryOf(
  path: string,
  type: ContextEntryType,
  mode: number,
): ContextEntry {
  return contextEntry({ path, type, mode });
}

/** The folders above a path: `a` and `a/b` for `a/b/c`. */
export function foldersOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

import type { ContextEntry, ContextEntryType } from "./entry.ts";
import type { ContextFilter, FilterState } from "./filter.ts";
import { comparePaths } from "./order.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** One file or link that is in memory. */
export interface MemoryFile {
  /** What is in it; of a link, where it points to. */
  readonly content: Bytes | { readonly target: string };
  /** Permissions of a file. */
  readonly mode: number;
  /** Time of its last change, in milliseconds since 1970; undefined where none is given. */
  readonly mtimeMs: number | undefined;
}

/** A folder that the walk is in. */
interface Level {
  /** Its path with a `/` behind it; empty for the root. */
  readonly prefix: string;
  readonly state: FilterState;
  /** Its own entry, as long as it was not given out. */
  pending: ContextEntry | undefined;
}

/**
 * A tree of files that lies in memory, alone or over a folder of this machine.
 *
 * Each file's time gets parts of a second that are made of its content: an
 * engine takes a file with the length and time of one that it has for that one.
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

  /** @param files By their paths: clean, relative, none below another one. */
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

  /** What is at a path; undefined for nothing. */
  at(path: string): ContextEntry | undefined {
    return this.#entries.get(path);
  }

  /** The bytes of a file; undefined for what is none. */
  content(path: string): Bytes | undefined {
    return this.#contents.get(path);
  }

  /** Whether what a folder below has at a path is not seen: something here is there, or above it. */
  hides(path: string): boolean {
    const there = this.#entries.get(path);
    if (there !== undefined) return there.type !== "directory";
    return foldersOf(path).some((folder) => {
      const above = this.#entries.get(folder);
      return above !== undefined && above.type !== "directory";
    });
  }

  /**
   * Where the link at a path points to, in the place of what a folder below has
   * there; undefined where nothing here is at the path, or above it.
   *
   * @returns `null` for what is here and is no link, or hidden by it.
   */
  linkAt(path: string): string | null | undefined {
    const there = this.#entries.get(path);
    // A folder here takes the place of a link there.
    if (there !== undefined) return there.target ?? null;
    return this.hides(path) ? null : undefined;
  }

  /** All entries, a folder before what is in it. */
  all(): Iterable<ContextEntry> {
    return this.#entries.values();
  }

  /** The names of the links in a folder, by its path with a `/` at the end; empty for the root. */
  linksIn(prefix: string): string[] {
    return [...this.#entries.values()]
      .filter(({ type, path }) =>
        type === "symlink" && path.startsWith(prefix) &&
        !path.slice(prefix.length).includes("/")
      )
      .map(({ path }) => path.slice(prefix.length));
  }

  /**
   * The entries that a filter keeps, in the order of the wire; folders above
   * one that is kept come before it.
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
      // The folder that it is in was not entered.
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
  return {
    path,
    type,
    mode,
    size: 0,
    mtimeMs: 0,
    stamp: 0,
    target: undefined,
    hardlink: undefined,
    major: 0,
    minor: 0,
  };
}

/** `a`, `a/b` for `a/b/c`. */
function foldersOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** The folders to watch. */
export interface WatchedFolders {
  /** Folders to watch with everything below them. */
  readonly trees: readonly string[];
  /** Folders to watch for changes of their own entries only. */
  readonly folders: readonly string[];
  /**
   * The same, for folders that are watched only if the permission to read them
   * is given.
   */
  readonly optional: readonly string[];
}

/** Watches a set of folders that may change over time. */
export class FolderWatchers implements Disposable {
  readonly #watchers = new Map<string, Deno.FsWatcher>();
  readonly #changed: (paths: readonly string[]) => void;

  /**
   * @param changed Called with paths that were written, made, renamed or
   * removed.
   */
  constructor(changed: (paths: readonly string[]) => void) {
    this.#changed = changed;
  }

  /** Watches these folders from now on, and no others. */
  watch({ trees, folders, optional }: WatchedFolders): void {
    const wanted = new Map<string, () => Deno.FsWatcher>([
      ...[...optional.filter(isReadable), ...folders].map((path) =>
        [path, () => Deno.watchFs(path, { recursive: false })] as const
      ),
      ...trees.map((path) => [`${path}/**`, () => Deno.watchFs(path)] as const),
    ]);
    for (const [key, watcher] of this.#watchers) {
      if (wanted.has(key)) continue;
      watcher.close();
      this.#watchers.delete(key);
    }
    for (const [key, open] of wanted) {
      if (this.#watchers.has(key)) continue;
      const watcher = open();
      this.#watchers.set(key, watcher);
      this.#follow(watcher);
    }
  }

  async #follow(watcher: Deno.FsWatcher): Promise<void> {
    for await (const { kind, paths } of watcher) {
      if (kind !== "access") this.#changed(paths);
    }
  }

  [Symbol.dispose](): void {
    this.watch({ trees: [], folders: [], optional: [] });
  }
}

function isReadable(path: string): boolean {
  const { state } = Deno.permissions.querySync({ name: "read", path });
  return state === "granted";
}

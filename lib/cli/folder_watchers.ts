/** What is to be watched. */
export interface WatchedFolders {
  /** Folders with all that is in them. */
  readonly trees: readonly string[];
  /** Folders for the names in them alone. */
  readonly folders: readonly string[];
  /** The same, where the permission for it is given. */
  readonly optional: readonly string[];
}

/** Watches folders, which may be others from one time to the next. */
export class FolderWatchers implements Disposable {
  readonly #watchers = new Map<string, Deno.FsWatcher>();
  readonly #changed: (paths: readonly string[]) => void;

  /** @param changed Told of paths that were written, made, renamed or removed. */
  constructor(changed: (paths: readonly string[]) => void) {
    this.#changed = changed;
  }

  /** Watches these from now on, and no others. */
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

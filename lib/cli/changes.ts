/**
 * How long nothing may change before a build begins, in milliseconds: an editor
 * writes a file in several steps.
 */
const QUIET_MS = 100;
/**
 * How long a build waits at most while files change all the time, in
 * milliseconds.
 */
const PATIENCE_MS = 2000;
/**
 * How many changed paths are kept. If more changed, the change counts as real
 * and is not checked for being a log.
 */
const MAX_PATHS = 50;

/** Collects changed paths until a build has to begin. */
export class Changes {
  /** Whether a change of this path can change the build. */
  matters: (path: string) => boolean = () => true;
  /**
   * Called for each path that matters when nothing changes any more: whether
   * the file is only a log of this command's own output.
   */
  isLog: (path: string) => Promise<boolean> = () => Promise.resolve(false);
  /** The changed paths, up to the limit. */
  #paths = new Set<string>();
  #ended = false;
  #wake: () => void = () => {};

  /** Adds changed paths. */
  add(paths: readonly string[]): void {
    const found = paths.filter((path) => this.matters(path));
    if (found.length === 0) return;
    for (const path of found) {
      if (this.#paths.size <= MAX_PATHS) this.#paths.add(path);
    }
    this.#wake();
  }

  /** Ends the collection: a call of `next` that waits returns. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Forgets the paths that changed so far. */
  clear(): void {
    this.#paths = new Set();
  }

  /**
   * Resolves when a path that matters has changed and nothing changes any more.
   */
  async next(): Promise<void> {
    while (!this.#ended) {
      if (this.#paths.size === 0) await this.#woken();
      const deadline = performance.now() + PATIENCE_MS;
      while (!this.#ended && performance.now() < deadline) {
        if (!await this.#woken(QUIET_MS)) break;
      }
      const paths = this.#paths;
      this.clear();
      if (!await this.#areLogs(paths)) return;
    }
  }

  async #areLogs(paths: ReadonlySet<string>): Promise<boolean> {
    if (paths.size > MAX_PATHS) return false;
    for (const path of paths) {
      if (!await this.isLog(path)) return false;
    }
    return true;
  }

  #woken(patience?: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = patience === undefined
        ? undefined
        : setTimeout(() => resolve(false), patience);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}

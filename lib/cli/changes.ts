/** How long it must be quiet before a build begins: an editor writes in several steps. */
const QUIET_MS = 100;
/** How long a build is put off at most, where something is written all the time. */
const PATIENCE_MS = 2000;
/** How many paths are kept; where more changed, it is no log. */
const MAX_PATHS = 50;

/** Whether anything changed since the last look. */
export class Changes {
  /** Whether a change of this path can change the build. */
  matters: (path: string) => boolean = () => true;
  /** Asked of each such path when all is quiet: whether nothing but a log was written there. */
  isLog: (path: string) => Promise<boolean> = () => Promise.resolve(false);
  /** What changed, as far as it is kept. */
  #paths = new Set<string>();
  #ended = false;
  #wake: () => void = () => {};

  /** Takes note of changed paths. */
  add(paths: readonly string[]): void {
    const found = paths.filter((path) => this.matters(path));
    if (found.length === 0) return;
    for (const path of found) {
      if (this.#paths.size <= MAX_PATHS) this.#paths.add(path);
    }
    this.#wake();
  }

  /** Nothing comes any more; who waits need not. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Forgets what changed so far. */
  clear(): void {
    this.#paths = new Set();
  }

  /** Resolves when something that matters changed and all is quiet again. */
  async next(): Promise<void> {
    while (!this.#ended) {
      if (this.#paths.size === 0) await this.#woken();
      const deadline = Date.now() + PATIENCE_MS;
      while (!this.#ended && Date.now() < deadline) {
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

/** How long it must be quiet before a build begins: an editor writes in several steps. */
const QUIET_MS = 100;
/** How long a build is put off at most, where something is written all the time. */
const PATIENCE_MS = 2000;

/** Whether anything changed since the last look; of what changed nothing is kept. */
export class Changes {
  /** Whether a change of this path can change the build. */
  matters: (path: string) => boolean = () => true;
  #changed = false;
  #ended = false;
  #wake: () => void = () => {};

  /** Takes note of changed paths. */
  add(paths: readonly string[]): void {
    if (!paths.some((path) => this.matters(path))) return;
    this.#changed = true;
    this.#wake();
  }

  /** Nothing comes any more; who waits need not. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Forgets what changed so far. */
  clear(): void {
    this.#changed = false;
  }

  /** Resolves when something that matters changed and all is quiet again. */
  async next(): Promise<void> {
    while (!this.#ended && !this.#changed) await this.#woken();
    const deadline = Date.now() + PATIENCE_MS;
    while (!this.#ended && Date.now() < deadline) {
      if (!await this.#woken(QUIET_MS)) break;
    }
    this.clear();
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

/** How a {@linkcode Broadcast} keeps its bounds. */
export interface BroadcastOptions<T> {
  /** How much is kept for readers that come late or lag, in the unit of `sizeOf`. */
  readonly maxSize: number;
  /** Size of an item. */
  readonly sizeOf: (item: T) => number;
  /** How long the writer waits for a reader that lags a whole `maxSize` behind and stands still, in milliseconds. */
  readonly patienceMs: number;
  /** What a reader gets in the place of items that it lost. */
  readonly lost: (count: number) => T;
  /** Told when a reader begins. */
  readonly onRead?: () => void;
}

interface Reader {
  /** Absolute number of the item that it reads next. */
  next: number;
  /** Nobody waits for it until it has caught up. */
  lagging: boolean;
  wake: (() => void) | undefined;
}

/**
 * One writer, any number of readers, bounded memory.
 *
 * The newest items, up to `maxSize`, are kept: a reader that starts late gets
 * them first. When they are full and a running reader still needs the oldest,
 * the writer waits for it, but only for `patienceMs` since that reader last
 * moved; then the reader counts as lagging, loses the oldest, finds one `lost`
 * item in their place, and is not waited for until it has caught up. So a slow
 * reader loses nothing as long as it moves, and one that stands still slows
 * nobody for longer.
 */
export class Broadcast<T> {
  readonly #options: BroadcastOptions<T>;
  readonly #readers = new Set<Reader>();
  /** By their absolute numbers. */
  readonly #items = new Map<number, T>();
  /** Absolute number of the oldest that is kept, and of the one that comes next. */
  #base = 0;
  #next = 0;
  #size = 0;
  #end: { error?: unknown } | undefined;
  #moved: (() => void) | undefined;

  /** Sets the bounds. */
  constructor(options: BroadcastOptions<T>) {
    this.#options = options;
  }

  /**
   * Gives an item to every reader.
   *
   * @returns A promise where a lagging reader is waited for: write on when it settles.
   */
  write(item: T): Promise<void> | undefined {
    if (this.#end !== undefined) return;
    this.#items.set(this.#next++, item);
    this.#size += this.#options.sizeOf(item);
    this.#wakeAll();
    return this.#trim() ? undefined : this.#waitForReaders();
  }

  /** Ends every reader behind the last item; with an error, by throwing it. */
  close(end: { error?: unknown } = {}): void {
    this.#end ??= end;
    this.#wakeAll();
    this.#moved?.();
  }

  /** What is kept, and then what comes. */
  async *read(): AsyncGenerator<T, void, undefined> {
    const reader: Reader = { next: 0, lagging: false, wake: undefined };
    this.#readers.add(reader);
    this.#options.onRead?.();
    try {
      while (true) {
        if (reader.next < this.#base) {
          const count = this.#base - reader.next;
          reader.next = this.#base;
          yield this.#options.lost(count);
        } else if (reader.next < this.#next) {
          const item = this.#items.get(reader.next++)!;
          this.#moved?.();
          yield item;
        } else if (this.#end !== undefined) {
          if ("error" in this.#end) throw this.#end.error;
          return;
        } else {
          reader.lagging = false;
          const { promise, resolve } = Promise.withResolvers<void>();
          reader.wake = resolve;
          await promise;
          reader.wake = undefined;
        }
      }
    } finally {
      this.#readers.delete(reader);
      this.#moved?.();
    }
  }

  /** Drops what is too much; false when a reader is in the way. */
  #trim(): boolean {
    while (this.#size > this.#options.maxSize && this.#items.size > 1) {
      for (const reader of this.#readers) {
        if (!reader.lagging && reader.next <= this.#base) return false;
      }
      this.#size -= this.#options.sizeOf(this.#items.get(this.#base)!);
      this.#items.delete(this.#base++);
    }
    return true;
  }

  async #waitForReaders(): Promise<void> {
    /** Those in the way: where they stand, and since when. */
    const standing = new Map<Reader, { next: number; since: number }>();
    while (!this.#trim() && this.#end === undefined) {
      const now = performance.now();
      let patience = this.#options.patienceMs;
      for (const reader of this.#readers) {
        if (reader.lagging || reader.next > this.#base) continue;
        const known = standing.get(reader);
        if (known?.next !== reader.next) {
          standing.set(reader, { next: reader.next, since: now });
          continue;
        }
        const left = known.since + this.#options.patienceMs - now;
        if (left <= 0) reader.lagging = true;
        patience = Math.min(patience, left);
      }
      if (patience <= 0) continue;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#moved = resolve;
      const timer = setTimeout(resolve, Math.ceil(patience));
      await promise;
      clearTimeout(timer);
      this.#moved = undefined;
    }
  }

  #wakeAll(): void {
    for (const reader of this.#readers) reader.wake?.();
  }
}

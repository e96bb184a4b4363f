/** Limits of a {@linkcode Broadcast}, and what it calls. */
export interface BroadcastOptions<T> {
  /**
   * How much is kept for readers that start late or are slow, in the unit of
   * `sizeOf`.
   */
  readonly maxSize: number;
  /** Returns the size of an item. */
  readonly sizeOf: (item: T) => number;
  /**
   * How long the writer waits for a reader that is `maxSize` behind and does
   * not read, in milliseconds.
   */
  readonly patienceMs: number;
  /**
   * Makes the item that a reader gets instead of `count` items that it lost.
   */
  readonly lost: (count: number) => T;
  /** Called when a reader starts. */
  readonly onRead?: () => void;
}

interface Reader {
  /**
   * Number of the item that it reads next, counted from the first item ever
   * written.
   */
  next: number;
  /**
   * Whether the reader is too slow; the writer then does not wait for it until
   * it has caught up.
   */
  lagging: boolean;
  wake: (() => void) | undefined;
}

/**
 * Passes the items of one writer to any number of readers, with bounded memory.
 *
 * The newest items, up to `maxSize`, are kept, and a reader that starts late
 * gets them first. If there are more, and a reader still needs the oldest, the
 * writer waits for that reader, but no longer than `patienceMs` since it last
 * read an item. After that the reader counts as lagging: it loses the oldest
 * items, gets one `lost` item instead, and the writer does not wait for it
 * until it has caught up. So a slow reader loses nothing as long as it keeps
 * reading, and a reader that has stopped holds up the others only once.
 */
export class Broadcast<T> {
  readonly #options: BroadcastOptions<T>;
  readonly #readers = new Set<Reader>();
  /** The kept items by their numbers. */
  readonly #items = new Map<number, T>();
  /** Number of the oldest kept item, and of the next item to be written. */
  #base = 0;
  #next = 0;
  #size = 0;
  #end: { error?: unknown } | undefined;
  #moved: (() => void) | undefined;

  /** @param options The limits, and what is called. */
  constructor(options: BroadcastOptions<T>) {
    this.#options = options;
  }

  /**
   * Passes an item to every reader.
   *
   * @returns A promise if a slow reader is waited for: write the next item when
   * it settles.
   */
  write(item: T): Promise<void> | undefined {
    if (this.#end !== undefined) return;
    this.#items.set(this.#next++, item);
    this.#size += this.#options.sizeOf(item);
    this.#wakeAll();
    return this.#trim() ? undefined : this.#waitForReaders();
  }

  /**
   * Ends all readers after the last item; if there is an error, they throw it.
   */
  close(end: { error?: unknown } = {}): void {
    this.#end ??= end;
    this.#wakeAll();
    this.#moved?.();
  }

  /** Reads the kept items and then those that are written later. */
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

  /**
   * Drops the oldest items until the limit is kept; false if a reader still
   * needs one of them.
   */
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
    /**
     * The readers that still need the oldest item: the item they are at, and
     * since when.
     */
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

/**
 * Copies of a stream for several readers, in step: the next piece is read when
 * every reader has taken the one before, so that no more than one piece is held
 * in memory. A reader that cancels its copy is not waited for any more; when all
 * have, the stream is cancelled.
 *
 * @param count How many copies.
 */
export function fanOut<T>(
  source: ReadableStream<T>,
  count: number,
): ReadableStream<T>[] {
  const reader = source.getReader();
  const copies = new Set<Copy<T>>();
  let isReading = false;
  const step = async () => {
    const isWaiting = [...copies].every(({ waiting }) => waiting !== undefined);
    if (isReading || copies.size === 0 || !isWaiting) return;
    isReading = true;
    try {
      const { done, value } = await reader.read();
      for (const copy of copies) {
        if (done) copy.controller.close();
        else copy.controller.enqueue(value);
        copy.taken();
      }
      if (done) copies.clear();
    } catch (error) {
      for (const copy of copies) {
        copy.controller.error(error);
        copy.taken();
      }
      copies.clear();
    }
    isReading = false;
    await step();
  };
  return Array.from({ length: count }, () => {
    let copy: Copy<T>;
    return new ReadableStream<T>({
      start(controller) {
        copy = new Copy(controller);
        copies.add(copy);
      },
      pull() {
        const taken = copy.wait();
        void step();
        return taken;
      },
      async cancel(reason) {
        copies.delete(copy);
        copy.taken();
        if (copies.size > 0) void step();
        else await reader.cancel(reason);
      },
    }, { highWaterMark: 0 });
  });
}

/** One of the copies. */
class Copy<T> {
  readonly controller: ReadableStreamDefaultController<T>;
  /** Resolves the reader's wish for a piece. */
  waiting: (() => void) | undefined;

  constructor(controller: ReadableStreamDefaultController<T>) {
    this.controller = controller;
  }

  wait(): Promise<void> {
    return new Promise((resolve) => this.waiting = resolve);
  }

  taken(): void {
    const resolve = this.waiting;
    this.waiting = undefined;
    resolve?.();
  }
}

/** Where pieces come from; the reader of a stream is one. */
export interface PieceReader<T> {
  /** Reads the next piece. */
  read(): Promise<{ readonly done?: boolean; readonly value?: T }>;
  /** Called when no more pieces are needed; a pending read may end then. */
  cancel(reason?: unknown): Promise<void>;
}

/**
 * Who is told while a stream is passed on. Nobody is told anything any more
 * once the stream was given up.
 */
export interface PassingWatcher<T> {
  /**
   * Called with each piece before it is passed on. If it throws, the source is
   * cancelled, and the stream fails with that error.
   */
  readonly onPiece?: ((piece: T) => void | Promise<void>) | undefined;
  /**
   * Called when the source has ended, before the reader learns it. If it
   * throws, the stream fails with that error.
   */
  readonly onEnd?: (() => void | Promise<void>) | undefined;
  /**
   * Called when the stream fails, by its source or by its watcher.
   *
   * @returns The error that the reader gets.
   */
  readonly onFailure?: ((error: unknown) => unknown) | undefined;
}

/** A stream that is passed on until nobody takes it any more. */
export interface PassedOn<T> {
  /** The same pieces, read only as fast as this stream is read. */
  readonly stream: ReadableStream<T>;
  /** Whether nobody takes it any more, and it had not ended before. */
  readonly isGivenUp: boolean;
  /**
   * Cancels the source, and ends the stream where it is: no more of it is
   * needed. Does nothing after its end.
   */
  giveUp(reason?: unknown): void;
}

/**
 * Passes a stream on to a reader that may leave before its end, such as an
 * engine that answers before it has read the whole request.
 *
 * A stream that was given up has no fault: its end is the end of the reading.
 * What comes from the source afterwards (its end, since it is cancelled; an
 * error; one more piece) tells nothing about the source, and nobody hears of it.
 */
export function passOn<T>(
  source: PieceReader<T>,
  watcher: PassingWatcher<T> = {},
): PassedOn<T> {
  const { onPiece, onEnd, onFailure = (error) => error } = watcher;
  let isOver = false;
  let isGivenUp = false;
  let controller: ReadableStreamDefaultController<T>;
  /** Reads one piece, and tells of it; undefined at the end. */
  const next = async (): Promise<{ piece: T } | undefined> => {
    const { done, value } = await source.read();
    if (isOver) return;
    try {
      if (done) return void await onEnd?.();
      await onPiece?.(value as T);
      return { piece: value as T };
    } catch (error) {
      source.cancel(error).catch(() => {}); // it is refused either way
      throw error;
    }
  };
  const stream = new ReadableStream<T>({
    start: (own) => void (controller = own),
    async pull() {
      try {
        const taken = await next();
        if (isOver) return;
        if (taken !== undefined) return controller.enqueue(taken.piece);
        isOver = true;
        controller.close();
      } catch (error) {
        if (isOver) return;
        isOver = true;
        throw onFailure(error);
      }
    },
    cancel(reason) {
      isOver = isGivenUp = true;
      return source.cancel(reason);
    },
  }, { highWaterMark: 0 });
  return {
    stream,
    get isGivenUp() {
      return isGivenUp;
    },
    giveUp(reason) {
      if (isOver) return;
      isOver = isGivenUp = true;
      controller.close();
      source.cancel(reason).catch(() => {}); // nobody needs it any more
    },
  };
}

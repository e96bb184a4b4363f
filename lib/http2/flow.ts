/** Flow control in both directions (RFC 9113 section 5.2). @module */

import { ErrorCode, Http2Error } from "./error.ts";
import { INITIAL_WINDOW, LARGEST_WINDOW } from "./limits.ts";
import type { Output } from "./output.ts";

/** How many bytes one stream may send before it is the next one's turn. */
const TURN_BYTES = 16_384;

interface PendingWrite {
  readonly parts: readonly Uint8Array[];
  /** The part that is sent next, and the position in it. */
  part: number;
  at: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** The sending side of one stream: its window, and the writes that wait. */
export interface SendStream {
  readonly id: number;
  /**
   * How many bytes the peer lets us send; may be negative after the peer has
   * lowered the initial window.
   */
  window: number;
  /** Writes that wait for room, in order. */
  readonly pending: PendingWrite[];
  /**
   * Called once: when the last pending write was sent, or with the error if
   * that will never be.
   */
  whenEmpty: ((error?: Error) => void) | null;
  /** Whether the stream waits for its turn. */
  queued: boolean;
}

/**
 * Shares the connection's send window and the room in the output between the
 * streams, which take turns (RFC 9113 section 5.2).
 */
export class SendFlow {
  readonly #output: Output;
  /** Streams that have bytes to send and wait for room. */
  readonly #line: SendStream[] = [];
  #window = INITIAL_WINDOW;
  #initialWindow = INITIAL_WINDOW;

  /**
   * @param output Where frames go; its `onRoom` has to call
   * {@linkcode SendFlow.pump}.
   */
  constructor(output: Output) {
    this.#output = output;
  }

  /** Makes the sending side of a new stream. */
  open(id: number): SendStream {
    return {
      id,
      window: this.#initialWindow,
      pending: [],
      whenEmpty: null,
      queued: false,
    };
  }

  /**
   * Sends `parts`. If it returns `undefined`, they were copied; otherwise the
   * promise settles when they are, and they must not change until then.
   */
  write(
    stream: SendStream,
    parts: readonly Uint8Array[],
  ): Promise<void> | undefined {
    let part = 0;
    let at = 0;
    if (stream.pending.length === 0) {
      for (; part < parts.length; part++) {
        const bytes = parts[part]!;
        at = this.#send(stream, bytes, 0, bytes.length);
        if (at < bytes.length) break;
      }
      if (part === parts.length) return undefined;
    }
    const done = new Promise<void>((resolve, reject) => {
      stream.pending.push({ parts, part, at, resolve, reject });
    });
    // If nobody handles the promise, it must not end the program: the stream's
    // signal reports the same end.
    done.catch(() => {});
    this.#enqueue(stream);
    return done;
  }

  /** Fills the output with bytes of the streams that wait. */
  pump(): void {
    const line = this.#line;
    while (line.length > 0 && this.#window > 0 && this.#output.hasRoom) {
      const stream = line.shift()!;
      stream.queued = false;
      // A stream that is alone keeps its turn until the room is used up.
      this.#turn(stream, line.length === 0 ? Infinity : TURN_BYTES);
      this.#enqueue(stream);
    }
  }

  /**
   * Adds the `increment` of a WINDOW_UPDATE to the window of `stream`, or of
   * the connection if it is null.
   *
   * @throws {Http2Error} FLOW_CONTROL_ERROR past 2^31-1.
   */
  grant(stream: SendStream | null, increment: number): void {
    if (stream === null) {
      this.#window = widened(this.#window, increment, 0);
    } else {
      stream.window = widened(stream.window, increment, stream.id);
      this.#enqueue(stream);
    }
    this.pump();
  }

  /**
   * Applies the peer's new SETTINGS_INITIAL_WINDOW_SIZE: all windows change by
   * the difference, and may become negative (RFC 9113 section 6.9.2).
   *
   * @throws {Http2Error} FLOW_CONTROL_ERROR past 2^31-1.
   */
  setInitialWindow(size: number, streams: Iterable<SendStream>): void {
    const change = size - this.#initialWindow;
    this.#initialWindow = size;
    for (const stream of streams) {
      stream.window = widened(stream.window, change, 0);
      this.#enqueue(stream);
    }
    this.pump();
  }

  /** Rejects the pending writes of a stream that has ended. */
  fail(stream: SendStream, error: Error): void {
    for (const write of stream.pending.splice(0)) write.reject(error);
    const whenEmpty = stream.whenEmpty;
    stream.whenEmpty = null;
    whenEmpty?.(error);
  }

  #enqueue(stream: SendStream): void {
    if (stream.queued || stream.window <= 0) return;
    if (stream.pending.length === 0) return;
    stream.queued = true;
    this.#line.push(stream);
  }

  #turn(stream: SendStream, most: number): void {
    for (;;) {
      const write = stream.pending[0];
      if (write === undefined) break;
      while (write.part < write.parts.length) {
        const bytes = write.parts[write.part]!;
        const end = Math.min(bytes.length, write.at + most);
        const sent = this.#send(stream, bytes, write.at, end);
        write.at += sent;
        most -= sent;
        if (write.at < bytes.length) return;
        write.part++;
        write.at = 0;
      }
      stream.pending.shift();
      write.resolve();
    }
    const whenEmpty = stream.whenEmpty;
    stream.whenEmpty = null;
    whenEmpty?.();
  }

  /**
   * Sends as many of the bytes as the windows and the room allow; returns their
   * number.
   */
  #send(
    stream: SendStream,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    const count = Math.min(end - start, stream.window, this.#window);
    if (count <= 0) return 0;
    const sent = this.#output.data(stream.id, bytes, start, start + count);
    stream.window -= sent;
    this.#window -= sent;
    return sent;
  }
}

function widened(window: number, by: number, streamId: number): number {
  if (window + by > LARGEST_WINDOW) {
    throw new Http2Error(`Window grows past ${LARGEST_WINDOW}`, {
      code: ErrorCode.FLOW_CONTROL_ERROR,
      streamId,
    });
  }
  return window + by;
}

/**
 * The window that this side grants, for one stream or for the connection.
 *
 * Consumed bytes are given back when they make half of the window: so a large
 * body needs few WINDOW_UPDATE frames, and its sender does not have to stop.
 */
export class ReceiveFlow {
  readonly #size: number;
  #window: number;
  #consumed = 0;

  /**
   * @param size The size to which the window is restored, in bytes.
   * @param window The size that is granted at the start.
   */
  constructor(size: number, window: number = size) {
    this.#size = size;
    this.#window = window;
  }

  /**
   * Takes `count` received bytes off the window; `false` if the peer was not
   * allowed to send as many.
   */
  take(count: number): boolean {
    if (count > this.#window) return false;
    this.#window -= count;
    return true;
  }

  /** Counts consumed bytes; returns the increment to send now, or 0. */
  giveBack(count: number): number {
    this.#consumed += count;
    if (this.#consumed * 2 < this.#size) return 0;
    const increment = this.#consumed;
    this.#consumed = 0;
    this.#window += increment;
    return increment;
  }
}

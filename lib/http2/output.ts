import {
  DEFAULT_MAX_FRAME_SIZE,
  encodeFrame,
  encodeRstStream,
  FRAME_HEADER_BYTES,
  FrameFlag,
  FrameType,
  writeFrameHeader,
  writeLength,
} from "./frame.ts";

/**
 * Room at the start of a batch, in bytes: urgent frames are copied there if
 * they fit.
 */
const HEADROOM = 4 * 1024;

/**
 * DATA is added until a batch has this length, in bytes; there are at most two
 * batches.
 */
const BATCH_BYTES = 128 * 1024;

/**
 * Length of a batch's buffer, in bytes: other frames, such as HEADERS, may
 * follow when there is no room for DATA any more.
 */
const CAPACITY = HEADROOM + BATCH_BYTES + 16 * 1024;

/**
 * The shortest content of a DATA frame, in bytes, unless it is the last one.
 */
const LEAST_PIECE = 1024;

/**
 * Collects frames and writes them in batches: one batch is written while the
 * next one is filled.
 *
 * There are two buffers for batches; each is used again once its write has
 * settled.
 */
export class Output {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #onRoom: () => void;
  readonly #onError: (error: unknown) => void;
  #filling: Uint8Array = new Uint8Array(CAPACITY);
  #spare: Uint8Array = new Uint8Array(CAPACITY);
  #end = HEADROOM;
  /** The stream of the last frame, if that is a DATA frame; otherwise 0. */
  #dataStream = 0;
  /** Index of that frame. */
  #dataAt = HEADROOM;
  #dataBytes = 0;
  #urgent: Uint8Array = new Uint8Array(256);
  #urgentEnd = 0;
  #running = false;
  #stopped = false;
  #drained: (() => void) | null = null;
  #resetTable = false;

  /**
   * @param onRoom Called whenever a batch is being written and the next one is
   * empty.
   * @param onError Called once if a write fails.
   */
  constructor(
    writer: WritableStreamDefaultWriter<Uint8Array>,
    onRoom: () => void,
    onError: (error: unknown) => void,
  ) {
    this.#writer = writer;
    this.#onRoom = onRoom;
    this.#onError = onError;
  }

  /** Whether there is room for a DATA frame of reasonable length. */
  get hasRoom(): boolean {
    return HEADROOM + BATCH_BYTES - this.#end >=
      FRAME_HEADER_BYTES + LEAST_PIECE;
  }

  /** How many bytes wait that are not DATA. */
  get answerBacklog(): number {
    return this.#end - HEADROOM - this.#dataBytes + this.#urgentEnd;
  }

  /** How many bytes wait for the next write. */
  get waiting(): number {
    return this.#end - HEADROOM + this.#urgentEnd;
  }

  /**
   * Copies `bytes` from `start` to `end` into DATA frames, as many as there is
   * room for, and returns their number.
   *
   * They are added to the last frame if it is a DATA frame of the same stream:
   * thousands of small messages so become few frames.
   */
  data(
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    if (this.#stopped) return end - start;
    const limit = HEADROOM + BATCH_BYTES;
    let at = start;
    if (this.#dataStream === streamId) {
      const length = this.#end - this.#dataAt - FRAME_HEADER_BYTES;
      const count = Math.min(
        end - at,
        DEFAULT_MAX_FRAME_SIZE - length,
        limit - this.#end,
      );
      this.#copy(bytes, at, at + count);
      writeLength(this.#filling, this.#dataAt, length + count);
      this.#dataBytes += count;
      at += count;
    }
    while (at < end) {
      const wanted = Math.min(end - at, DEFAULT_MAX_FRAME_SIZE);
      const count = Math.min(wanted, limit - this.#end - FRAME_HEADER_BYTES);
      if (count < Math.min(wanted, LEAST_PIECE)) break;
      this.#dataAt = this.#end;
      this.#dataStream = streamId;
      writeFrameHeader(
        this.#filling,
        this.#end,
        count,
        FrameType.DATA,
        0,
        streamId,
      );
      this.#end += FRAME_HEADER_BYTES;
      this.#copy(bytes, at, at + count);
      this.#dataBytes += FRAME_HEADER_BYTES + count;
      at += count;
    }
    if (!this.#running) this.#start();
    return at - start;
  }

  /** Appends a complete frame after everything that is queued. */
  frame(frame: Uint8Array): void {
    if (this.#stopped) return;
    this.#dataStream = 0;
    this.#grow(frame.length);
    this.#copy(frame, 0, frame.length);
    if (!this.#running) this.#start();
  }

  /**
   * Appends a header block, as HEADERS and as many CONTINUATION frames as are
   * needed.
   */
  headers(streamId: number, block: Uint8Array, endStream: boolean): void {
    if (this.#stopped) return;
    if (this.#resetTable) {
      // Put "dynamic table size 0" at the start of the next block, of whichever
      // stream.
      const longer = new Uint8Array(block.length + 1);
      longer[0] = 0x20;
      longer.set(block, 1);
      block = longer;
      this.#resetTable = false;
    }
    this.#dataStream = 0;
    let type: number = FrameType.HEADERS;
    let flags: number = endStream ? FrameFlag.END_STREAM : 0;
    let at = 0;
    do {
      const end = Math.min(at + DEFAULT_MAX_FRAME_SIZE, block.length);
      if (end === block.length) flags |= FrameFlag.END_HEADERS;
      this.#grow(FRAME_HEADER_BYTES + end - at);
      writeFrameHeader(
        this.#filling,
        this.#end,
        end - at,
        type,
        flags,
        streamId,
      );
      this.#end += FRAME_HEADER_BYTES;
      this.#copy(block, at, end);
      at = end;
      type = FrameType.CONTINUATION;
      flags = 0;
    } while (at < block.length);
    if (!this.#running) this.#start();
  }

  /** Appends an empty DATA frame with END_STREAM. */
  end(streamId: number): void {
    this.frame(
      encodeFrame(
        FrameType.DATA,
        FrameFlag.END_STREAM,
        streamId,
        new Uint8Array(),
      ),
    );
  }

  /** Appends RST_STREAM. */
  reset(streamId: number, code: number): void {
    this.frame(encodeRstStream(streamId, code));
  }

  /**
   * Makes the next header block tell the peer that the dynamic table has the
   * size 0 (RFC 7541 section 4.2).
   */
  resetTable(): void {
    this.#resetTable = true;
  }

  /** Queues a frame before all frames that are not being written yet. */
  urgent(frame: Uint8Array): void {
    if (this.#stopped) return;
    const end = this.#urgentEnd + frame.length;
    if (end > this.#urgent.length) {
      const larger = new Uint8Array(end * 2);
      larger.set(this.#urgent);
      this.#urgent = larger;
    }
    this.#urgent.set(frame, this.#urgentEnd);
    this.#urgentEnd = end;
    if (!this.#running) this.#start();
  }

  /**
   * Resolves when everything that is queued was written, or writing has failed.
   */
  drained(): Promise<void> {
    if (!this.#running) return Promise.resolve();
    return new Promise((resolve) => this.#drained = resolve);
  }

  /** Drops what is queued, and everything that is added later. */
  stop(): void {
    this.#stopped = true;
    this.#end = HEADROOM;
    this.#urgentEnd = 0;
  }

  #start(): void {
    this.#running = true;
    // Wait for the end of the current turn: all frames of one turn are written
    // together.
    queueMicrotask(() => this.#run());
  }

  async #run(): Promise<void> {
    try {
      while (this.waiting > 0) {
        const written = this.#writer.write(this.#takeBatch());
        this.#onRoom();
        await written;
      }
    } catch (error) {
      this.stop();
      this.#onError(error);
    }
    this.#running = false;
    this.#drained?.();
  }

  #takeBatch(): Uint8Array {
    if (this.#urgentEnd > HEADROOM) {
      const batch = this.#urgent.subarray(0, this.#urgentEnd);
      this.#urgent = new Uint8Array(256);
      this.#urgentEnd = 0;
      return batch;
    }
    const start = HEADROOM - this.#urgentEnd;
    this.#filling.set(this.#urgent.subarray(0, this.#urgentEnd), start);
    const batch = this.#filling.subarray(start, this.#end);
    const next = this.#spare;
    this.#spare = this.#filling.length === CAPACITY
      ? this.#filling
      : new Uint8Array(CAPACITY);
    this.#filling = next;
    this.#end = HEADROOM;
    this.#urgentEnd = 0;
    this.#dataStream = 0;
    this.#dataBytes = 0;
    return batch;
  }

  #copy(bytes: Uint8Array, start: number, end: number): void {
    const whole = start === 0 && end === bytes.length;
    this.#filling.set(whole ? bytes : bytes.subarray(start, end), this.#end);
    this.#end += end - start;
  }

  #grow(count: number): void {
    if (this.#end + count <= this.#filling.length) return;
    const larger = new Uint8Array((this.#end + count) * 2);
    larger.set(this.#filling.subarray(0, this.#end));
    this.#filling = larger;
  }
}

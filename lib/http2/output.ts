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

/** Frames for the connection are copied in front of a batch, if they fit in this. */
const HEADROOM = 4 * 1024;

/** DATA is taken until a batch is this long; two batches make all that is ever queued. */
const BATCH_BYTES = 128 * 1024;

/** A batch's buffer: HEADERS and the like may follow when DATA no longer may. */
const CAPACITY = HEADROOM + BATCH_BYTES + 16 * 1024;

/** A DATA frame is only cut shorter than this at the end of what there is to send. */
const LEAST_PIECE = 1024;

/**
 * Frames on their way out: one batch is being written while the next fills.
 *
 * The batches' buffers are used in turn, each again once its write settled.
 */
export class Output {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #onRoom: () => void;
  readonly #onError: (error: unknown) => void;
  #filling: Uint8Array = new Uint8Array(CAPACITY);
  #spare: Uint8Array = new Uint8Array(CAPACITY);
  #end = HEADROOM;
  /** Where the last frame begins, if it is DATA of `#dataStream`, or -1. */
  #dataAt = -1;
  #dataStream = 0;
  #dataBytes = 0;
  #urgent: Uint8Array = new Uint8Array(256);
  #urgentEnd = 0;
  #running = false;
  #stopped = false;
  #drained: (() => void) | null = null;
  #resetTable = false;

  /**
   * @param onRoom Called whenever a batch went off and the next one is empty.
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

  /** Whether a DATA frame worth sending fits. */
  get hasRoom(): boolean {
    return HEADROOM + BATCH_BYTES - this.#end >=
      FRAME_HEADER_BYTES + LEAST_PIECE;
  }

  /** Bytes that wait and are not DATA. */
  get answerBacklog(): number {
    return this.#end - HEADROOM - this.#dataBytes + this.#urgentEnd;
  }

  /** Bytes that wait for the next write. */
  get waiting(): number {
    return this.#end - HEADROOM + this.#urgentEnd;
  }

  /**
   * Copies `bytes` from `start` to `end` into DATA frames, as many as there is
   * room for, and gives their number.
   *
   * They join the last frame if that is DATA of the same stream: thousands of
   * small messages become few frames.
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
    if (this.#dataAt >= 0 && this.#dataStream === streamId) {
      const length = this.#end - this.#dataAt - FRAME_HEADER_BYTES;
      const count = Math.min(
        end - at,
        DEFAULT_MAX_FRAME_SIZE - length,
        limit - this.#end,
      );
      if (count > 0) {
        this.#copy(bytes, at, at + count);
        writeLength(this.#filling, this.#dataAt, length + count);
        this.#dataBytes += count;
        at += count;
      }
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

  /** Appends a whole frame behind everything queued so far. */
  frame(frame: Uint8Array): void {
    if (this.#stopped) return;
    this.#dataAt = -1;
    this.#grow(frame.length);
    this.#copy(frame, 0, frame.length);
    if (!this.#running) this.#start();
  }

  /** Appends a header block as HEADERS and as many CONTINUATION as it takes. */
  headers(streamId: number, block: Uint8Array, endStream: boolean): void {
    if (this.#stopped) return;
    if (this.#resetTable) {
      // "Dynamic table size 0", in front of the next block whichever it is.
      const longer = new Uint8Array(block.length + 1);
      longer[0] = 0x20;
      longer.set(block, 1);
      block = longer;
      this.#resetTable = false;
    }
    this.#dataAt = -1;
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

  /** The next header block tells the peer that its table for us may be empty (RFC 7541 section 4.2). */
  resetTable(): void {
    this.#resetTable = true;
  }

  /** Queues a frame that goes ahead of everything not yet being written. */
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

  /** Settles once everything queued is written, or never can be. */
  drained(): Promise<void> {
    if (!this.#running) return Promise.resolve();
    return new Promise((resolve) => this.#drained = resolve);
  }

  /** Forgets what is queued, and all that follows. */
  stop(): void {
    this.#stopped = true;
    this.#end = HEADROOM;
    this.#urgentEnd = 0;
    this.#dataAt = -1;
  }

  #start(): void {
    this.#running = true;
    // What is queued in the same turn goes out in the same write.
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
    this.#dataAt = -1;
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

/**
 * A connection in both directions, as a pair of web streams.
 *
 * Closing `writable` closes the sending half of the connection; cancelling
 * `readable` or aborting `writable` closes the connection.
 */
export interface ByteDuplex {
  /**
   * Bytes from the peer, in order; ends when the peer closes its sending half.
   */
  readonly readable: ReadableStream<Uint8Array>;
  /**
   * Bytes to the peer; a write settles when the operating system has taken it.
   */
  readonly writable: WritableStream<Uint8Array>;
  /**
   * Closes the connection at once, if this is supported. Aborting `writable` is
   * not the same: it waits for a write that the peer may never take.
   */
  readonly close?: (() => void) | undefined;
}

/** A call in both directions, message by message. */
export interface MessageDuplex {
  /** Aborts when the other side gives up the call. */
  readonly signal: AbortSignal;
  /** The next message; null after the last one. */
  read(): Promise<Uint8Array | null>;
  /**
   * Sends one message, given in parts. If it returns nothing, the parts were
   * copied; if it returns a promise, wait for it, and leave the parts unchanged
   * until it settles.
   */
  write(...parts: Uint8Array[]): Promise<void> | undefined;
}

/** A call that takes many messages at once. */
export interface FramedDuplex extends MessageDuplex {
  /**
   * Sends messages of which each has its gRPC prefix (`grpc/frame.ts`), one
   * behind the other: for many small ones that takes less time. What it returns
   * is as for `write`.
   */
  writeFramed(messages: Uint8Array): Promise<void> | undefined;
}

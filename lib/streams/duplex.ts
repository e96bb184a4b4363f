/**
 * Both directions of one connection as a pair of web streams.
 *
 * Closing `writable` half-closes the connection; cancelling `readable` and
 * aborting `writable` drops it.
 */
export interface ByteDuplex {
  /** Bytes from the peer, in order; ends when the peer half-closes. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Bytes to the peer; a write settles when the operating system took it. */
  readonly writable: WritableStream<Uint8Array>;
  /**
   * Drops the connection at once, where that can be done: aborting `writable`
   * waits for a write that the peer does not take.
   */
  readonly close?: (() => void) | undefined;
}

/** Both directions of one call, message by message. */
export interface MessageDuplex {
  /** Aborts when the other side gave up. */
  readonly signal: AbortSignal;
  /** The next message; null behind the last. */
  read(): Promise<Uint8Array | null>;
  /**
   * Sends one message, given in parts. Where it returns nothing, they were
   * copied; a promise asks to be waited for, and until it settles they must
   * stay as they are.
   */
  write(...parts: Uint8Array[]): Promise<void> | undefined;
}

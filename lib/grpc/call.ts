import type { FramedDuplex } from "../streams/duplex.ts";

/**
 * One call, as either side sees it. For a server the peer is the client that
 * called; for a client it is the server that answers.
 */
export interface GrpcCall {
  /** Aborts when the peer gives the call up, or the connection ends. */
  readonly signal: AbortSignal;
  /**
   * The values of a metadata key (in lower case) that the peer has sent so far,
   * in order.
   */
  metadata(key: string): string[];
  /** Reads the peer's next message, or null after the last one. */
  read(): Promise<Uint8Array | null>;
  /**
   * Sends a message made of these parts. If it returns nothing, the bytes were
   * copied. If it returns a promise, the peer is slow: wait for it, and leave
   * the parts unchanged until it settles.
   */
  write(...parts: Uint8Array[]): Promise<void> | undefined;
}

/** One call, as a server's method sees it. */
export interface GrpcServerCall extends GrpcCall, FramedDuplex {}

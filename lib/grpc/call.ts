/**
 * One call under way, as either side sees it: at the server the peer is who
 * called, at the client who answers.
 */
export interface GrpcCall {
  /** Aborts when the peer gives the call up or the connection ends. */
  readonly signal: AbortSignal;
  /** The values of a metadata key that the peer sent so far, in order; keys are in lower case. */
  metadata(key: string): string[];
  /** The peer's next message, or null behind the last. */
  read(): Promise<Uint8Array | null>;
  /**
   * Sends a message made of these parts. Where it returns nothing, their bytes
   * were copied; a promise comes when the peer is slow, and until it settles
   * they must stay as they are.
   */
  write(...parts: Uint8Array[]): Promise<void> | undefined;
}

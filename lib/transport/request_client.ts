/** Sends requests to one endpoint; connections are kept and used again. */
export interface RequestClient {
  /**
   * Sends a request, like a transport's `fetch`, but with the platform's own
   * errors.
   */
  fetch(path: string, init: RequestInit): Promise<Response>;
  /** Closes the connections that are kept. */
  close(): void;
}

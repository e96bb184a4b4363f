/** Sends requests to one endpoint, over connections that it keeps for the next. */
export interface RequestClient {
  /** As a transport's `fetch`, with the platform's own errors. */
  fetch(path: string, init: RequestInit): Promise<Response>;
  /** Closes the connections that are kept. */
  close(): void;
}

import type { Transport } from "../../mod.ts";

/** A request as it would reach an engine. */
export interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array | undefined;
}

/**
 * In the place of an engine: remembers what reaches it, for requests of which
 * none, or only well-formed ones, may.
 */
export class RecordingEngine implements Transport {
  readonly endpoint = "test:recording";
  readonly requests: Recorded[] = [];
  /** Sessions that were asked for. */
  sessions = 0;

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const method = init.method ?? "GET";
    const recorded = {
      method,
      path,
      headers: new Headers(init.headers),
      body: init.body instanceof ReadableStream
        ? await new Response(init.body).bytes()
        : undefined,
    };
    this.requests.push(recorded);
    return new Response(method === "HEAD" ? null : '{"stream":"ok"}\n', {
      headers: { "api-version": "1.51", "content-type": "application/json" },
    });
  }

  upgrade(): Promise<never> {
    this.sessions++;
    return Promise.reject(new Error("no sessions in this test"));
  }

  close(): void {}
}

import type { ByteDuplex } from "../../lib/streams/duplex.ts";
import type { Transport } from "../../mod.ts";
import type { UpgradeInit } from "../../lib/types.ts";
import { duplexPair } from "../support/duplex_pair.ts";

/** A request as it would reach an engine. */
export interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly signal: AbortSignal | undefined;
  /** What came of its body; undefined without one. */
  body: Uint8Array | undefined;
  /** Whether the body came to its end: an engine takes no other for whole. */
  complete: boolean;
}

/** What a {@linkcode RecordingEngine} answers. */
export type Answering = (request: Recorded) => Response | Promise<Response>;

const answerOk: Answering = ({ method }) =>
  new Response(method === "HEAD" ? null : '{"stream":"ok"}\n', {
    headers: { "api-version": "1.51", "content-type": "application/json" },
  });

/**
 * In the place of an engine: remembers what reaches it, from the first byte on,
 * for requests of which none, or only well-formed ones, may.
 */
export class RecordingEngine implements Transport {
  readonly endpoint: string = "test:recording";
  readonly requests: Recorded[] = [];
  /** Paths at which sessions were asked for. */
  readonly sessions: string[] = [];
  /** Ids of those that were opened. */
  readonly sessionIds: string[] = [];
  /** How many of them have ended. */
  endedSessions = 0;
  readonly #answer: Answering;
  readonly #hasSessions: boolean;

  /**
   * @param answer What is answered, when the body is there.
   * @param hasSessions Whether it opens sessions; it asks nothing in them.
   */
  constructor(answer: Answering = answerOk, hasSessions = false) {
    this.#answer = answer;
    this.#hasSessions = hasSessions;
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const { body } = init;
    const recorded: Recorded = {
      method: init.method ?? "GET",
      path,
      headers: new Headers(init.headers),
      signal: init.signal ?? undefined,
      body: undefined,
      complete: !(body instanceof ReadableStream),
    };
    this.requests.push(recorded);
    if (body instanceof ReadableStream) {
      recorded.body = await new Response(body).bytes();
      recorded.complete = true;
    }
    return path === "/_ping"
      ? answerOk(recorded)
      : await this.#answer(recorded);
  }

  upgrade(path: string, { headers }: UpgradeInit): Promise<ByteDuplex> {
    this.sessions.push(path);
    if (!this.#hasSessions) {
      return Promise.reject(new Error("no sessions in this test"));
    }
    const id = headers.find(([name]) => /-session-uuid$/i.test(name))?.[1];
    if (id !== undefined) this.sessionIds.push(id);
    const [ours, theirs] = duplexPair();
    const ended = () => void this.endedSessions++;
    ours.readable.pipeTo(new WritableStream()).then(ended, ended);
    return Promise.resolve(theirs);
  }

  close(): void {}
}

/** A build's answer that a test writes; it ends in an error when nobody waits for it. */
export function buildAnswer(
  { signal }: Recorded,
): { response: Response; write(text: string): void; end(): void } {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => void (controller = given),
  });
  signal?.addEventListener("abort", () => controller.error(signal.reason));
  return {
    response: new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>),
    write: (text) => controller.enqueue(new TextEncoder().encode(text)),
    end: () => controller.close(),
  };
}

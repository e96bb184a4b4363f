import { inTime } from "./client_reader.ts";
import type { Refusal } from "./refusal.ts";

const encoder = new TextEncoder();
const CRLF = encoder.encode("\r\n");
const LAST_CHUNK = encoder.encode("0\r\n\r\n");

/** Reason phrases of the statuses that the gateway itself answers with. */
const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  408: "Request Timeout",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  417: "Expectation Failed",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

/** The headers of an engine's answer that a client may see. */
const FORWARDED = [
  "api-version",
  "builder-version",
  "cache-control",
  "content-type",
  "docker-experimental",
  "libpod-api-version",
  "ostype",
  "pragma",
  "server",
  "x-docker-size",
];

/** Writes answers to one connection. */
export class AnswerWriter {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #idleMs: number;
  /** Whether the head of the answer to this request was sent. */
  begun = false;

  /**
   * @param idleMs How long a client may leave the answer unread before the
   * connection ends.
   */
  constructor(writable: WritableStream<Uint8Array>, idleMs: number) {
    this.#writer = writable.getWriter();
    this.#idleMs = idleMs;
  }

  /** Sends `100 Continue`: the client waits for it before it sends its body. */
  async goOn(): Promise<void> {
    await this.#write(encoder.encode("HTTP/1.1 100 Continue\r\n\r\n"));
  }

  /** An answer made by the gateway itself, in JSON. */
  async json(
    status: number,
    value: unknown,
    close: boolean,
    headers: Refusal["headers"] = [],
  ): Promise<void> {
    const body = encoder.encode(`${JSON.stringify(value)}\n`);
    await this.#head(status, [
      ["Content-Type", "application/json"],
      ["Content-Length", String(body.length)],
      ...headers,
    ], close);
    await this.#write(body);
  }

  /** The refusal of a request, in the same form as an engine's errors. */
  async refuse(refusal: Refusal): Promise<void> {
    const { status, message, headers } = refusal;
    await this.json(status, { message }, true, headers);
  }

  /** Sends on an engine's answer, with this body. */
  async forward(
    response: Response,
    body: ReadableStream<Uint8Array> | null,
    close: boolean,
    extra: readonly (readonly [string, string])[] = [],
  ): Promise<void> {
    const headers = FORWARDED.flatMap((name): [string, string][] => {
      const value = response.headers.get(name);
      return value === null ? [] : [[name, value]];
    });
    const isEmpty = body === null;
    await this.#head(response.status, [
      ...headers,
      ...extra,
      ...(isEmpty
        ? response.status === 204 ? [] : [["Content-Length", "0"] as const]
        : [["Transfer-Encoding", "chunked"] as const]),
    ], close);
    if (isEmpty) return;
    for await (const chunk of body) {
      if (chunk.length === 0) continue;
      const size = encoder.encode(`${chunk.length.toString(16)}\r\n`);
      const framed = new Uint8Array(size.length + chunk.length + 2);
      framed.set(size);
      framed.set(chunk, size.length);
      framed.set(CRLF, framed.length - 2);
      await this.#write(framed);
    }
    await this.#write(LAST_CHUNK);
  }

  /**
   * Closes the sending half of the connection, after everything that was
   * written.
   */
  async close(): Promise<void> {
    await this.#writer.close();
  }

  /** Closes the connection at once. */
  abort(): void {
    this.#writer.abort().catch(() => {}); // it is gone either way
  }

  async #head(
    status: number,
    headers: readonly (readonly [string, string])[],
    close: boolean,
  ): Promise<void> {
    this.begun = true;
    const lines = [
      `HTTP/1.1 ${status} ${REASONS[status] ?? ""}`,
      ...headers.map(([name, value]) => `${name}: ${value}`),
      ...(close ? ["Connection: close"] : []),
    ];
    await this.#write(encoder.encode(`${lines.join("\r\n")}\r\n\r\n`));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await inTime(
      this.#writer.write(bytes),
      this.#idleMs,
      "the answer is not taken",
    );
  }
}

/** One request as a {@linkcode FakeEngine} got it. */
export interface FakeRequest {
  /** The request's head, byte for byte. */
  readonly head: string;
  /** `POST`, `GET`. */
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** The body's bytes as they come, still chunked; ends with the connection. */
  body(): AsyncIterable<Uint8Array>;
  /** Writes bytes to the client. */
  write(bytes: string | Uint8Array): Promise<void>;
  /** Hangs up. */
  close(): void;
}

/** What no real engine can be made to do: answers byte by byte. */
export interface FakeEngine extends AsyncDisposable {
  /** `unix://` and its path. */
  readonly host: string;
  /** Every request so far. */
  readonly requests: readonly FakeRequest[];
}

/** The answer to `/_ping` of an engine that speaks API 1.41. */
export const PING =
  "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nOstype: linux\r\nContent-Length: 2\r\n\r\nOK";

/** The head of a build's answer; the connection's end ends the body. */
export const BUILD_HEAD =
  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n";

/**
 * Listens on a private socket. Pings are answered; every other request goes to
 * `answer`, one for each connection.
 *
 * @param pong What is answered to a ping.
 */
export async function startFakeEngine(
  answer: (request: FakeRequest) => Promise<void> | void,
  pong: string = PING,
): Promise<FakeEngine> {
  const folder = await Deno.makeTempDir({ prefix: "davit-fake-" });
  const path = `${folder}/docker.sock`;
  const listener = Deno.listen({ transport: "unix", path });
  const requests: FakeRequest[] = [];
  const open = new Set<Deno.Conn>();
  const served: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const conn of listener) {
      open.add(conn);
      served.push(serve(conn).catch(() => {})); // the client hung up first
    }
  })();

  async function serve(conn: Deno.Conn): Promise<void> {
    const close = () => {
      if (open.delete(conn)) conn.close();
    };
    try {
      const { head, rest } = await readHead(conn);
      const target = head.split(" ", 2)[1] ?? "";
      const url = new URL(target, "http://localhost");
      const request: FakeRequest = {
        head,
        method: head.split(" ", 1)[0]!,
        target: url.pathname + url.search,
        async *body() {
          if (rest.length > 0) yield rest;
          const buffer = new Uint8Array(65536);
          while (true) {
            const count = await conn.read(buffer);
            if (count === null) return;
            yield buffer.slice(0, count);
          }
        },
        async write(bytes) {
          let left = typeof bytes === "string"
            ? new TextEncoder().encode(bytes)
            : bytes;
          while (left.length > 0) left = left.subarray(await conn.write(left));
        },
        close,
      };
      if (url.pathname === "/_ping") {
        await request.write(
          pong.replace("OK\r\nApi", "OK\r\nConnection: close\r\nApi"),
        );
      } else {
        requests.push(request);
        await answer(request);
      }
    } finally {
      close();
    }
  }

  return {
    host: `unix://${path}`,
    requests,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting.catch(() => {}); // a closed listener ends with an error
      for (const conn of open) conn.close();
      open.clear();
      await Promise.all(served);
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Reads a chunked body up to its last chunk. */
export async function drainChunked(request: FakeRequest): Promise<void> {
  let tail = "";
  for await (const bytes of request.body()) {
    tail = (tail + new TextDecoder("latin1").decode(bytes)).slice(-5);
    if (tail.endsWith("0\r\n\r\n")) return;
  }
}

async function readHead(
  conn: Deno.Conn,
): Promise<{ head: string; rest: Uint8Array }> {
  let text = "";
  const buffer = new Uint8Array(65536);
  while (true) {
    const count = await conn.read(buffer);
    if (count === null) throw new Error("The client hung up");
    text += new TextDecoder("latin1").decode(buffer.subarray(0, count));
    const end = text.indexOf("\r\n\r\n");
    if (end !== -1) {
      const rest = Uint8Array.from(
        text.slice(end + 4),
        (char) => char.charCodeAt(0),
      );
      return { head: text.slice(0, end), rest };
    }
  }
}

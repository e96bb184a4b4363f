import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  request,
} from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import { Readable } from "node:stream";
import { isDenoBefore } from "../deno_version.ts";
import { hostPort, type TlsFiles } from "./endpoint.ts";
import { nodeSocket } from "./node_socket.ts";
import type { RequestClient } from "./request_client.ts";

/** Statuses whose answers have no body (the Fetch standard's "null body status"). */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** How many idle connections are kept for later requests. */
const MAX_FREE = 8;

/** Where requests go. */
interface TlsAddress {
  readonly hostname: string;
  readonly port: number;
  readonly tls: TlsFiles;
}

/**
 * Sends requests over TLS with node's HTTP client. `fetch` can't be used: it
 * would use the proxy in `HTTPS_PROXY`, even for this machine, and has no way
 * to turn that off.
 *
 * @param dial Opens a connection, as for upgrades, so that both check
 * certificates in the same way.
 */
export function openTlsClient(
  address: TlsAddress,
  dial: (signal: AbortSignal) => Promise<Deno.Conn>,
): RequestClient {
  const { hostname, port, tls } = address;
  const common = { host: hostname, port, defaultPort: port };
  const host = hostPort(address);
  // The node:http of an older Deno can't use a connection that was opened
  // elsewhere. Its own TLS trusts the same certificates as Deno's.
  const isOld = isDenoBefore("2.7.14");
  const agent = isOld
    ? new TlsAgent({ keepAlive: true, maxFreeSockets: MAX_FREE })
    : new DialledAgent(dial);
  return {
    fetch: (path, init) =>
      send(init, (headers) => {
        const options = {
          ...common,
          agent,
          path,
          method: init.method ?? "GET",
          headers: { host, ...headers },
        };
        return isOld ? tlsRequest({ ...options, ...tls }) : request(options);
      }),
    close: () => agent.destroy(),
  };
}

/** An HTTP agent that opens its connections with the given function. */
class DialledAgent extends Agent {
  readonly #dial: (signal: AbortSignal) => Promise<Deno.Conn>;

  constructor(dial: (signal: AbortSignal) => Promise<Deno.Conn>) {
    super({ keepAlive: true, maxFreeSockets: MAX_FREE });
    this.#dial = dial;
  }

  override createConnection(): ReturnType<Agent["createConnection"]> {
    const left = new AbortController();
    const socket = nodeSocket(this.#dial(left.signal));
    // A handshake that is still going on then is given up.
    socket.once("close", () => left.abort());
    return socket;
  }
}

async function send(
  init: RequestInit,
  open: (headers: Record<string, string>) => ClientRequest,
): Promise<Response> {
  init.signal?.throwIfAborted();
  // A `Response` turns every kind of body into a stream and a content type.
  const { body, headers } = new Response(init.body);
  new Headers(init.headers).forEach((value, name) => headers.set(name, value));
  if (body !== null && typeof init.body === "string") {
    const length = new TextEncoder().encode(init.body).length;
    headers.set("content-length", String(length));
  }
  const outgoing = open(Object.fromEntries(headers));
  const answered = Promise.withResolvers<IncomingMessage>();
  let incoming: IncomingMessage | undefined;
  outgoing.on("response", (message: IncomingMessage) => {
    incoming = message;
    // After the end of the answer, the server reads no more of the request's
    // body.
    message.once("end", () => {
      if (!outgoing.writableFinished) outgoing.destroy();
    });
    answered.resolve(message);
  });
  // An error after the answer has begun is about the rest of the request's
  // body, which nobody reads.
  outgoing.on("error", (error: Error) => answered.reject(error));
  const abort = () => {
    answered.reject(init.signal?.reason);
    outgoing.destroy();
    incoming?.destroy(init.signal?.reason);
  };
  init.signal?.addEventListener("abort", abort, { once: true });
  outgoing.once("close", () => {
    if (incoming === undefined) {
      init.signal?.removeEventListener("abort", abort);
    }
  });
  if (body === null) outgoing.end();
  else {
    outgoing.flushHeaders(); // the body may begin much later
    sendBody(body, outgoing).catch((error) => {
      answered.reject(error);
      outgoing.destroy();
    });
  }
  let message: IncomingMessage;
  try {
    message = await answered.promise;
  } catch (cause) {
    init.signal?.throwIfAborted();
    throw new TypeError("fetch failed", { cause });
  }
  message.once(
    "close",
    () => init.signal?.removeEventListener("abort", abort),
  );
  const status = message.statusCode!;
  const bodiless = BODILESS.has(status);
  if (bodiless) message.resume();
  return new Response(
    bodiless
      ? null
      : Readable.toWeb(message) as unknown as ReadableStream<Uint8Array>,
    {
      status,
      statusText: message.statusMessage ?? "",
      headers: Object.entries(message.headersDistinct).flatMap((
        [name, values = []],
      ) => values.map((value): [string, string] => [name, value])),
    },
  );
}

/**
 * Writes a body with backpressure. The body is cancelled when the request ends.
 */
async function sendBody(
  body: ReadableStream<Uint8Array>,
  outgoing: ClientRequest,
): Promise<void> {
  const reader = body.getReader();
  const closed = new Promise<void>((resolve) => {
    outgoing.once("close", () => {
      resolve();
      reader.cancel().catch(() => {}); // the request is over either way
    });
  });
  while (true) {
    const { done, value } = await reader.read();
    if (outgoing.destroyed) return;
    if (done) break;
    if (outgoing.write(value)) continue;
    let go = () => {};
    const drained = new Promise<void>((resolve) => go = resolve);
    outgoing.once("drain", go);
    await Promise.race([drained, closed]);
    outgoing.off("drain", go);
  }
  outgoing.end();
}

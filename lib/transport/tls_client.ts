import { Agent, request } from "node:https";
import type { ClientRequest, IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { RequestClient } from "./direct.ts";
import { hostPort, type TlsFiles } from "./endpoint.ts";

/** Statuses whose answers have no body (the Fetch standard's "null body status"). */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Requests over TLS by `node:https`: `fetch` would take the proxy that
 * `HTTPS_PROXY` names, also for this very machine, and can't be told not to.
 */
export function openTlsClient(
  { hostname, port }: { readonly hostname: string; readonly port: number },
  { ca, cert, key }: TlsFiles,
): RequestClient {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 8 });
  return {
    fetch: (path, init) =>
      send(init, (headers) =>
        request({
          agent,
          host: hostname,
          port,
          path,
          method: init.method ?? "GET",
          headers: { host: hostPort({ hostname, port }), ...headers },
          ...(ca === undefined ? {} : { ca }),
          ...(cert === undefined ? {} : { cert }),
          ...(key === undefined ? {} : { key }),
        })),
    close: () => agent.destroy(),
  };
}

async function send(
  init: RequestInit,
  open: (headers: Record<string, string>) => ClientRequest,
): Promise<Response> {
  init.signal?.throwIfAborted();
  // What makes a stream and a content type of every kind of body.
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
    answered.resolve(message);
  });
  // Behind an answer, what fails is the rest of a body that nobody reads.
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

/** Writes a body as fast as it is taken; an answer ends it early. */
async function sendBody(
  body: ReadableStream<Uint8Array>,
  outgoing: ClientRequest,
): Promise<void> {
  for await (const chunk of body) {
    if (outgoing.destroyed) return;
    if (outgoing.write(chunk) || outgoing.destroyed) continue;
    await new Promise<void>((resolve) => {
      const go = () => {
        outgoing.off("drain", go).off("close", go);
        resolve();
      };
      outgoing.on("drain", go).on("close", go);
    });
  }
  outgoing.end();
}

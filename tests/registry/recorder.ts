/** One request to a registry. */
export interface RecordedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** The header as it came, if it came. */
  readonly authorization: string | undefined;
  /** All headers, one a line: to look for what must not be there. */
  readonly head: string;
  /** What the registry answered. */
  readonly status: number;
}

/** A server before a registry that passes everything on and writes it down. */
export interface Recorder extends AsyncDisposable {
  readonly port: number;
  readonly requests: readonly RecordedRequest[];
}

/**
 * @param target Port of the registry on 127.0.0.1.
 * @param certs Folder with `server.pem` and `server-key.pem` for TLS; empty for none.
 */
export function startRecorder(target: number, certs: string): Recorder {
  const requests: RecordedRequest[] = [];
  const client = Deno.createHttpClient({});
  const tls = certs === "" ? {} : {
    cert: Deno.readTextFileSync(`${certs}server.pem`),
    key: Deno.readTextFileSync(`${certs}server-key.pem`),
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {}, ...tls },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      const response = await fetch(
        `http://127.0.0.1:${target}${pathname}${search}`,
        {
          method: request.method,
          headers: request.headers,
          body: request.body,
          redirect: "manual",
          client,
        },
      );
      requests.push({
        method: request.method,
        path: pathname + search,
        authorization: request.headers.get("authorization") ?? undefined,
        head: [...request.headers].map((pair) => pair.join(": ")).join("\n"),
        status: response.status,
      });
      return new Response(response.body, {
        status: response.status,
        headers: response.headers,
      });
    },
  );
  return {
    port: server.addr.port,
    requests,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      client.close();
    },
  };
}

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
 * Lets one request after the other to each repository, up to the head of its
 * answer. Debian's registry writes the link to a blob in two steps, and does not
 * read it in between: where two pushes bring the same blob into one repository
 * at once, it answers a manifest with 400 now and then (43 of 1,500 pairs).
 */
class RepositoryTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Calls a function once the calls before it for the same repository ended. */
  take<T>(path: string, ask: () => Promise<T>): Promise<T> {
    const repository = /^\/v2\/(.+)\/(?:blobs|manifests|tags|referrers)\//.exec(
      path,
    )?.[1];
    if (repository === undefined) return ask();
    const before = this.#last.get(repository) ?? Promise.resolve();
    const asked = before.then(ask);
    // Who asks hears of a failure; who comes next only waits for it.
    this.#last.set(repository, asked.catch(() => {}));
    return asked;
  }
}

/**
 * @param target Port of the registry on 127.0.0.1.
 * @param certs Folder with `server.pem` and `server-key.pem` for TLS; empty for none.
 */
export function startRecorder(target: number, certs: string): Recorder {
  const requests: RecordedRequest[] = [];
  const client = Deno.createHttpClient({});
  const turns = new RepositoryTurns();
  const tls = certs === "" ? {} : {
    cert: Deno.readTextFileSync(`${certs}server.pem`),
    key: Deno.readTextFileSync(`${certs}server-key.pem`),
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {}, ...tls },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      const response = await turns.take(
        pathname,
        () =>
          fetch(`http://127.0.0.1:${target}${pathname}${search}`, {
            method: request.method,
            headers: request.headers,
            body: request.body,
            redirect: "manual",
            client,
          }),
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

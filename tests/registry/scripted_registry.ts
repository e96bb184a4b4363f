/** One request to a scripted registry. */
export interface ScriptedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly authorization: string | null;
}

/** A registry whose answers a test writes, for faults that no real one has. */
export interface ScriptedRegistry extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly host: string;
  readonly requests: readonly ScriptedRequest[];
}

/**
 * Starts it on a free port, without TLS.
 *
 * @param answer Answers everything but the question for its version.
 */
export function scriptedRegistry(
  answer: (request: Request, path: string) => Response | Promise<Response>,
): ScriptedRegistry {
  const requests: ScriptedRequest[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      const path = pathname + search;
      if (path === "/v2/") return new Response();
      requests.push({
        method: request.method,
        path,
        authorization: request.headers.get("authorization"),
      });
      const response = await answer(request, path);
      // What was not read would hold the server open.
      await request.body?.cancel().catch(() => {});
      return response;
    },
  );
  return {
    host: `127.0.0.1:${server.addr.port}`,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** An answer with an error in a registry's form. */
export function refusal(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ errors: [{ code, message }] }, { status, headers });
}

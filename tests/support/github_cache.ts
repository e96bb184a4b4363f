// The cache service of GitHub Actions (its first version), as far as BuildKit
// asks it. It stands for the real one, which can't be had here.

/** One question of the engine. */
export interface CacheQuestion {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly authorization: string | null;
}

/** A running service. */
export interface GithubCache extends AsyncDisposable {
  /** Its address, as `ACTIONS_CACHE_URL` has it. */
  readonly url: string;
  /** The token that it takes; a value that no one else has. */
  readonly token: string;
  readonly questions: readonly CacheQuestion[];
  /** What is kept, by its key. */
  readonly entries: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** Starts a service on a free port of 127.0.0.1. */
export function startGithubCache(): GithubCache {
  const questions: CacheQuestion[] = [];
  const entries = new Map<string, Uint8Array<ArrayBuffer>>();
  const reserved: { key: string; bytes: Uint8Array<ArrayBuffer> }[] = [];
  const token = tokenFor("refs/heads/main");
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const url = new URL(request.url);
      const { method } = request;
      const path = url.pathname.replace("/_apis/artifactcache/", "");
      const body = await request.bytes();
      if (path.startsWith("/blobs/")) {
        return download(
          entries.get(decodeURIComponent(path.slice(7))),
          request,
        );
      }
      const authorization = request.headers.get("authorization");
      questions.push({ method, path: path + url.search, authorization });
      if (authorization !== `Bearer ${token}`) {
        return new Response(null, { status: 401 });
      }
      const id = Number(/^caches\/(\d+)$/.exec(path)?.[1]) - 1;
      const entry = reserved[id];
      if (method === "GET" && path === "cache") {
        const asked = url.searchParams.get("keys")!.split(",");
        // The newest whose key begins so.
        const key = [...entries.keys()].findLast((key) =>
          asked.some((start) => key.startsWith(start))
        );
        if (key === undefined) return new Response(null, { status: 204 });
        const archiveLocation = `${url.origin}/blobs/${
          encodeURIComponent(key)
        }`;
        return Response.json({ cacheKey: key, scope: "main", archiveLocation });
      }
      if (method === "POST" && path === "caches") {
        const { key } = JSON.parse(new TextDecoder().decode(body));
        reserved.push({ key, bytes: new Uint8Array() });
        return Response.json({ cacheId: reserved.length });
      }
      if (method === "PATCH" && entry !== undefined) {
        const range = request.headers.get("content-range");
        const [, from, to] = /^bytes (\d+)-(\d+)\/\*$/.exec(range!)!;
        const whole = new Uint8Array(
          Math.max(entry.bytes.length, Number(to) + 1),
        );
        whole.set(entry.bytes);
        whole.set(body, Number(from));
        entry.bytes = whole;
        return new Response(null, { status: 204 });
      }
      if (method === "POST" && entry !== undefined) {
        entries.set(entry.key, entry.bytes);
        return new Response(null, { status: 204 });
      }
      return new Response(null, { status: 404 });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    token,
    questions,
    entries,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function download(
  bytes: Uint8Array<ArrayBuffer> | undefined,
  request: Request,
): Response {
  if (bytes === undefined) return new Response(null, { status: 404 });
  const from = Number(
    /^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1] ?? 0,
  );
  const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
  return new Response(bytes.subarray(from), {
    status: from === 0 ? 200 : 206,
    headers: from === 0 ? {} : { "content-range": range },
  });
}

/** A token in the form that BuildKit reads: who may do what, and until when. */
function tokenFor(scope: string): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    ac: JSON.stringify([{ Scope: scope, Permission: 3 }]),
    nbf: now - 60,
    exp: now + 3600,
    jti: crypto.randomUUID(),
  };
  const part = (value: unknown) =>
    btoa(typeof value === "string" ? value : JSON.stringify(value))
      .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const head = { alg: "HS256", typ: "JWT" };
  return `${part(head)}.${part(claims)}.${part("signed by nobody at all")}`;
}

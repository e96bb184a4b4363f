// The cache service of GitHub Actions in both of its versions, as far as
// BuildKit asks it (tonistiigi/go-actions-cache). It stands for the real one,
// which can't be had here.

/** One question of the engine. */
export interface CacheQuestion {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | null;
}

/** A running service. */
export interface GithubCache extends AsyncDisposable {
  /** Its address, as `ACTIONS_CACHE_URL` and `ACTIONS_RESULTS_URL` have it. */
  readonly url: string;
  /** The token that it takes; a value that no one else has. */
  readonly token: string;
  /** What was asked with the token; not the transfers, which need none. */
  readonly questions: readonly CacheQuestion[];
  /** What is kept, by its key. */
  readonly entries: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** The paths of the two versions. */
const FIRST = "/_apis/artifactcache/";
const SECOND = "/twirp/github.actions.results.api.v1.CacheService/";

type Bytes = Uint8Array<ArrayBuffer>;

/** Starts a service on a free port of 127.0.0.1. */
export function startGithubCache(): GithubCache {
  const questions: CacheQuestion[] = [];
  const entries = new Map<string, Bytes>();
  /** Pieces of what is not there whole yet. */
  const pieces = new Map<string, Map<string, Bytes>>();
  const reserved: string[] = [];
  const token = tokenFor("refs/heads/main");

  /** The newest entry whose key begins so. */
  const find = (starts: readonly string[]) =>
    [...entries.keys()].findLast((key) =>
      starts.some((start) => key.startsWith(start))
    );
  const piecesOf = (key: string) => {
    const known = pieces.get(key) ?? new Map<string, Bytes>();
    pieces.set(key, known);
    return known;
  };

  /** The first version: an entry is written in ranges. */
  const first = (request: Request, url: URL, body: Bytes): Response => {
    const path = url.pathname.slice(FIRST.length);
    const { method } = request;
    if (method === "GET" && path === "cache") {
      const key = find(url.searchParams.get("keys")!.split(","));
      return key === undefined ? empty(204) : Response.json({
        cacheKey: key,
        scope: "main",
        archiveLocation: placeOf(url, key),
      });
    }
    if (method === "POST" && path === "caches") {
      reserved.push(jsonOf(body).key!);
      return Response.json({ cacheId: reserved.length });
    }
    const key = reserved[Number(/^caches\/(\d+)$/.exec(path)?.[1]) - 1];
    if (key === undefined) return empty(404);
    if (method === "PATCH") {
      const range = request.headers.get("content-range")!;
      piecesOf(key).set(/\d+/.exec(range)![0], body);
      return empty(204);
    }
    const inOrder = [...piecesOf(key)].sort(([a], [b]) =>
      Number(a) - Number(b)
    );
    entries.set(key, joined(inOrder.map(([, bytes]) => bytes)));
    return empty(204);
  };

  /** The second version: an entry is written as a blob of Azure's. */
  const second = (url: URL, body: Bytes): Response => {
    const { key, restore_keys } = jsonOf(body);
    switch (url.pathname.slice(SECOND.length)) {
      case "CreateCacheEntry":
        return Response.json({
          ok: true,
          signed_upload_url: placeOf(url, key!),
        });
      case "FinalizeCacheEntryUpload":
        return Response.json({ ok: true, entry_id: "1" });
      case "GetCacheEntryDownloadURL": {
        const matched = find(restore_keys!);
        return Response.json(
          matched === undefined ? { ok: false } : {
            ok: true,
            matched_key: matched,
            signed_download_url: placeOf(url, matched),
          },
        );
      }
    }
    return empty(404);
  };

  /** An entry itself: read from a byte on, or written whole or in blocks. */
  const blob = (request: Request, url: URL, body: Bytes): Response => {
    const key = decodeURIComponent(url.pathname.slice(BLOBS.length));
    if (request.method === "GET") return download(entries.get(key), request);
    switch (url.searchParams.get("comp")) {
      case "block":
        piecesOf(key).set(url.searchParams.get("blockid")!, body);
        break;
      case "blocklist": {
        const list = new TextDecoder().decode(body);
        const ids = [...list.matchAll(/<Latest>([^<]+)</g)];
        entries.set(key, joined(ids.map(([, id]) => piecesOf(key).get(id!)!)));
        break;
      }
      default:
        entries.set(key, body);
    }
    return empty(201, { "x-ms-request-id": crypto.randomUUID() });
  };

  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const url = new URL(request.url);
      const body = await request.bytes();
      if (url.pathname.startsWith(BLOBS)) return blob(request, url, body);
      const { method, headers } = request;
      const authorization = headers.get("authorization");
      questions.push({ method, path: url.pathname, authorization });
      if (authorization !== `Bearer ${token}`) return empty(401);
      if (url.pathname.startsWith(FIRST)) return first(request, url, body);
      return url.pathname.startsWith(SECOND) ? second(url, body) : empty(404);
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

/** Where the entries themselves are. */
const BLOBS = "/blobs/";

function placeOf({ origin }: URL, key: string): string {
  return `${origin}${BLOBS}${encodeURIComponent(key)}`;
}

function empty(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers });
}

function jsonOf(
  body: Bytes,
): { readonly key?: string; readonly restore_keys?: readonly string[] } {
  return JSON.parse(new TextDecoder().decode(body));
}

function joined(pieces: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(pieces.reduce((n, { length }) => n + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function download(bytes: Bytes | undefined, { headers }: Request): Response {
  if (bytes === undefined) return empty(404);
  const range = headers.get("x-ms-range") ?? headers.get("range") ?? "";
  const from = Number(/^bytes=(\d+)-/.exec(range)?.[1] ?? 0);
  return new Response(bytes.subarray(from), {
    status: from === 0 ? 200 : 206,
    headers: from === 0 ? {} : {
      "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
    },
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

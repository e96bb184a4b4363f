import { digestOf } from "../../lib/registry/digest.ts";

/** One request to a registry in memory. */
export interface MemoryRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
}

/** A registry that keeps everything in memory and lets everybody in. */
export interface MemoryRegistry extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly host: string;
  readonly requests: readonly MemoryRequest[];
}

interface Stored {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Starts one on a free port: what of distribution's specification davit uses. */
export function memoryRegistry(): MemoryRegistry {
  const requests: MemoryRequest[] = [];
  /** By repository and digest, or tag. */
  const stored = new Map<string, Stored>();
  const uploads = new Map<string, Uint8Array<ArrayBuffer>>();
  const answer = async (request: Request): Promise<Response> => {
    const { pathname, searchParams, search } = new URL(request.url);
    if (pathname === "/v2/") return new Response();
    const { method } = request;
    requests.push({ method, path: pathname + search });
    const [, repository, kind, name] =
      /^\/v2\/(.+)\/(manifests|blobs|blobs\/uploads)\/([^/]*)$/.exec(
        pathname,
      )!;
    if (kind === "blobs/uploads") {
      const from = searchParams.get("from");
      const mounted = stored.get(`${from} ${searchParams.get("mount")}`);
      if (mounted !== undefined) {
        stored.set(`${repository} ${searchParams.get("mount")}`, mounted);
        return new Response(null, { status: 201 });
      }
      const id = name || crypto.randomUUID();
      if (method === "PATCH") uploads.set(id, await request.bytes());
      const digest = searchParams.get("digest");
      if (method === "PUT") {
        const bytes = uploads.get(id)!;
        uploads.delete(id);
        if (digestOf(bytes) !== digest) {
          return new Response(null, { status: 400 });
        }
        stored.set(`${repository} ${digest}`, { type: "", bytes });
        return new Response(null, { status: 201 });
      }
      const location = `/v2/${repository}/blobs/uploads/${id}`;
      return new Response(null, { status: 202, headers: { location } });
    }
    if (method === "PUT") {
      const bytes = await request.bytes();
      const type = request.headers.get("content-type")!;
      for (const key of [name, digestOf(bytes)]) {
        stored.set(`${repository} ${key}`, { type, bytes });
      }
      return new Response(null, { status: 201 });
    }
    const found = stored.get(`${repository} ${name}`);
    if (found === undefined) return new Response(null, { status: 404 });
    return new Response(method === "HEAD" ? null : found.bytes, {
      headers: {
        "content-type": found.type || "application/octet-stream",
        "content-length": `${found.bytes.length}`,
        "docker-content-digest": digestOf(found.bytes),
      },
    });
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    answer,
  );
  return {
    host: `127.0.0.1:${server.addr.port}`,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

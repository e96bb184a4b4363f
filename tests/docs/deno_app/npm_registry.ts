import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { tarBytes } from "../../support/tar.ts";

/** What `@acme/greeting` says. */
export const GREETING = "Hello, world, from a private package!";

const NAME = "@acme/greeting";
const VERSION = "1.0.0";

/** The package's files, as `npm pack` would pack them. */
const FILES = {
  "package/package.json": JSON.stringify({
    name: NAME,
    version: VERSION,
    type: "module",
    exports: { types: "./mod.d.ts", default: "./mod.js" },
  }),
  "package/mod.js":
    "export const greet = (name) => `Hello, ${name}, from a private package!`;\n",
  "package/mod.d.ts": "export declare function greet(name: string): string;\n",
};

/** A request that the registry got. */
export interface NpmRequest {
  /** Its path. */
  readonly path: string;
  /** The token that came with it; `undefined` without one. */
  readonly token: string | undefined;
  /** What it was answered. */
  readonly status: number;
}

/** A registry of npm packages with one private package. */
export interface NpmRegistry extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** The tokens that it knows. */
  readonly tokens: Set<string>;
  /** All requests so far. */
  readonly requests: NpmRequest[];
}

/**
 * Starts a registry on a free port of 127.0.0.1 that has `@acme/greeting` for
 * those who send `Authorization: Bearer TOKEN`, and 401 for all others.
 */
export async function startNpmRegistry(
  tokens: Iterable<string>,
): Promise<NpmRegistry> {
  const known = new Set(tokens);
  const requests: NpmRequest[] = [];
  const tarball = packStored(await tarBytes(FILES));
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const { pathname, origin } = new URL(request.url);
      const [, token] =
        /^Bearer (.*)$/.exec(request.headers.get("authorization") ?? "") ?? [];
      const response = token === undefined || !known.has(token)
        ? Response.json({ error: "a token is required" }, { status: 401 })
        : answer(decodeURIComponent(pathname), origin, tarball);
      requests.push({ path: pathname, token, status: response.status });
      return response;
    },
  );
  return {
    host: `127.0.0.1:${server.addr.port}`,
    tokens: known,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function answer(
  path: string,
  origin: string,
  tarball: Uint8Array<ArrayBuffer>,
): Response {
  const tarballPath = `/${NAME}/-/greeting-${VERSION}.tgz`;
  if (path === tarballPath) return new Response(tarball);
  if (path !== `/${NAME}`) return new Response(null, { status: 404 });
  return Response.json({
    name: NAME,
    "dist-tags": { latest: VERSION },
    versions: {
      [VERSION]: {
        name: NAME,
        version: VERSION,
        dist: {
          tarball: `${origin}${tarballPath}`,
          integrity: `sha512-${
            createHash("sha512").update(tarball).digest("base64")
          }`,
        },
      },
    },
  });
}

/**
 * A gzip file with the bytes as they are (RFC 1951, 3.2.4): the same bytes with
 * each version of zlib, whose digest can stand in a lock file.
 */
function packStored(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
  const packed = new Uint8Array(head.length + 5 + bytes.length + 8);
  const view = new DataView(packed.buffer);
  packed.set([...head, 1]); // the last block, stored
  view.setUint16(11, bytes.length, true);
  view.setUint16(13, ~bytes.length, true);
  packed.set(bytes, 15);
  view.setUint32(packed.length - 8, crc32(bytes), true);
  view.setUint32(packed.length - 4, bytes.length, true);
  return packed;
}

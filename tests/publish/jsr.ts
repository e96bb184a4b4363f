import { tarEntries } from "../context/image_listing.ts";
import { sha256 } from "../support/digest.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** A stand-in for JSR: `deno publish` sends it a package, and programs get it. */
export interface Jsr extends AsyncDisposable {
  /** Its address, as the variable `JSR_URL` has it. */
  readonly url: string;
  /** What Deno is told for a package from here: `JSR_URL`. */
  readonly env: Readonly<Record<string, string>>;
  /** What `deno publish` printed. */
  readonly output: string;
  /** The files as they came, by their paths, with imports as JSR gets them. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/**
 * Publishes this checkout to a registry of its own, with JSR's protocol: what
 * `deno publish` asks and sends, and what Deno asks for a package (`meta.json`,
 * `VERSION_meta.json`, files).
 *
 * @throws If it is not published.
 */
export async function publishToJsr(): Promise<Jsr> {
  const { name, version, exports } = JSON.parse(
    await Deno.readTextFile(`${ROOT}deno.json`),
  );
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      if (request.method === "POST") {
        const tar = await new Response(
          request.body!.pipeThrough(new DecompressionStream("gzip")),
        ).bytes();
        for (const { path, content } of tarEntries(tar)) {
          files.set(path, content);
        }
        return Response.json({ id: "1", status: "success", error: null });
      }
      const [scope, base] = name.slice(1).split("/");
      if (pathname === `/api/scopes/${scope}/packages/${base}`) {
        return Response.json({ scope, name: base, latestVersion: null });
      }
      if (pathname === `/${name}/meta.json`) {
        return Response.json({
          scope,
          name: base,
          latest: version,
          versions: { [version]: {} },
        });
      }
      if (pathname === `/${name}/${version}_meta.json`) {
        return Response.json({ exports, manifest: await manifestOf(files) });
      }
      const file = files.get(
        pathname.replace(`/${name}/${version}/`, ""),
      );
      return new Response(file ?? null, { status: file ? 200 : 404 });
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const env = { JSR_URL: url };
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "publish",
      ...["--allow-dirty", "--no-check", "--no-provenance", "--token=none"],
    ],
    cwd: ROOT,
    env: {
      ...env,
      NO_COLOR: "1",
      // As in a job of GitHub that may publish. Who built this package must not
      // come into the public log of such facts: whoever is asked for the job's
      // identity, which is this registry, refuses it, and nothing is published.
      GITHUB_ACTIONS: "true",
      ACTIONS_ID_TOKEN_REQUEST_URL: `${url}identity?of=job`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "none",
    },
    stdin: "null",
  }).output();
  const output = [stdout, stderr]
    .map((bytes) => new TextDecoder().decode(bytes)).join("");
  if (!success) {
    await server.shutdown();
    throw new Error(`deno publish failed:\n${output}`);
  }
  return {
    url,
    env,
    output,
    files,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Sizes and digests of the files, which Deno compares with what it gets. */
async function manifestOf(
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
): Promise<Record<string, { size: number; checksum: string }>> {
  const entries = await Promise.all(
    [...files].map(async ([path, content]) => {
      const checksum = `sha256-${await sha256(content)}`;
      return [`/${path}`, { size: content.length, checksum }] as const;
    }),
  );
  return Object.fromEntries(entries);
}

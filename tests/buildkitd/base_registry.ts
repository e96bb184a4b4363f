import { BASE_IMAGE, packRootfs } from "../engines/base_image.ts";
import { sha256 } from "../support/digest.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar";
const CONFIG = "application/vnd.oci.image.config.v1+json";

/** A registry with one image, from which nothing but pulls is answered. */
export interface BaseRegistry extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly host: string;
}

let rootfs: Promise<Uint8Array<ArrayBuffer>> | undefined;

interface Stored {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/**
 * Serves {@link BASE_IMAGE} for each of the platforms: a daemon has no images of
 * its own, and takes this for the mirror of Docker Hub. The files are those of
 * this machine's processor on each.
 */
export async function startBaseRegistry(
  platforms: readonly string[],
): Promise<BaseRegistry> {
  const blobs = new Map<string, { type: string; bytes: BufferSource }>();
  const store = async (
    mediaType: string,
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<Stored> => {
    const digest = `sha256:${await sha256(bytes)}`;
    blobs.set(digest, { type: mediaType, bytes });
    return { mediaType, digest, size: bytes.length };
  };
  // Most of what it takes to start a daemon: packed once for all of a file's tests.
  const layer = await store(LAYER, await (rootfs ??= packRootfs()));
  const manifests = [];
  for (const platform of platforms) {
    const [os = "", architecture = ""] = platform.split("/");
    const config = await store(
      CONFIG,
      json({
        os,
        architecture,
        config: { Env: ["PATH=/bin"] },
        rootfs: { type: "layers", diff_ids: [layer.digest] },
        history: [{ created: "1970-01-01T00:00:00Z", created_by: "davit" }],
      }),
    );
    const manifest = await store(
      MANIFEST,
      json({
        schemaVersion: 2,
        mediaType: MANIFEST,
        config,
        layers: [layer],
      }),
    );
    manifests.push({ ...manifest, platform: { os, architecture } });
  }
  const index = await store(
    INDEX,
    json({ schemaVersion: 2, mediaType: INDEX, manifests }),
  );
  const [repository, tag = ""] = BASE_IMAGE.split(":");
  const path = new RegExp(`^/v2/${repository}/(manifests|blobs)/(.+)$`);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url, method }) => {
      const asked = path.exec(new URL(url).pathname)?.[2];
      const digest = asked === tag ? index.digest : asked ?? "";
      const found = blobs.get(digest);
      if (found === undefined) return new Response("{}", { status: 404 });
      const { type, bytes } = found;
      return new Response(method === "HEAD" ? null : bytes, {
        headers: {
          "content-type": type,
          "content-length": `${bytes.byteLength}`,
          "docker-content-digest": digest,
        },
      });
    },
  );
  return {
    host: `127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function json(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}

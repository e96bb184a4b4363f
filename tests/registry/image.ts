import { sha256 } from "../support/digest.ts";
import { tarBytes } from "../support/tar.ts";

const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

/** Puts an image with one layer into a registry that lets everybody in. */
export async function putImage(
  registry: string,
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  const [repository, tag = "latest"] = name.split(":");
  const base = `${registry}/v2/${repository}`;
  const tar = await tarBytes(files);
  const layer = await new Response(
    new Blob([tar]).stream().pipeThrough(new CompressionStream("gzip")),
  ).bytes();
  const config = new TextEncoder().encode(JSON.stringify({
    architecture: ARCHITECTURE,
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: [`sha256:${await sha256(tar)}`] },
    history: [{ created: "1970-01-01T00:00:00Z", created_by: "test" }],
  }));
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: {
      mediaType: "application/vnd.docker.container.image.v1+json",
      ...await putBlob(base, config),
    },
    layers: [{
      mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
      ...await putBlob(base, layer),
    }],
  });
  await expect(
    201,
    await fetch(`${base}/manifests/${tag}`, {
      method: "PUT",
      headers: { "content-type": MANIFEST },
      body: manifest,
    }),
  );
}

const ARCHITECTURE = Deno.build.arch === "aarch64" ? "arm64" : "amd64";

async function putBlob(
  base: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<{ size: number; digest: string }> {
  const digest = `sha256:${await sha256(bytes)}`;
  const upload = await fetch(`${base}/blobs/uploads/`, { method: "POST" });
  await expect(202, upload);
  const location = new URL(upload.headers.get("location")!, base);
  location.searchParams.set("digest", digest);
  await expect(201, await fetch(location, { method: "PUT", body: bytes }));
  return { size: bytes.length, digest };
}

async function expect(status: number, response: Response): Promise<void> {
  const text = await response.text();
  if (response.status !== status) {
    throw new Error(`${response.url} answered ${response.status}: ${text}`);
  }
}

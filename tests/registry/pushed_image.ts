import { LOGIN_BASE64, type Registry } from "../support/registry.ts";
import { readImage, type WholeImage } from "./read_image.ts";

const CA = new URL("../transport/certs/ca.pem", import.meta.url);

const ACCEPT = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** Reads all of an image in a registry that speaks TLS, by the registry's own API. */
export async function readPushedImage(
  { host }: Pick<Registry, "host">,
  repository: string,
  tag: string,
): Promise<WholeImage> {
  const caCerts = [await Deno.readTextFile(CA)];
  using client = Deno.createHttpClient({ caCerts });
  const get = async (path: string) => {
    const response = await fetch(`https://${host}/v2/${repository}/${path}`, {
      client,
      headers: { accept: ACCEPT, authorization: `Basic ${LOGIN_BASE64}` },
    });
    const bytes = await response.bytes();
    if (response.status === 200) return { bytes, headers: response.headers };
    throw new Error(`${path}: ${response.status}`);
  };
  const { headers } = await get(`manifests/${tag}`);
  return await readImage({
    manifest: async (digest) => (await get(`manifests/${digest}`)).bytes,
    blob: async (digest) => (await get(`blobs/${digest}`)).bytes,
  }, headers.get("docker-content-digest")!);
}

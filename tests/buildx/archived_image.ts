import { tarEntries } from "../context/image_listing.ts";
import {
  type Descriptor,
  type Index,
  readImage,
  type WholeImage,
} from "../registry/read_image.ts";

/** An image of an OCI archive, and what the archive says of it. */
export interface ArchivedImage extends WholeImage {
  readonly named: Descriptor;
}

/** Reads all of the one image of an OCI archive. */
export async function readArchivedImage(path: string): Promise<ArchivedImage> {
  const entries = new Map(
    [...tarEntries(await Deno.readFile(path))].map(({ path, content }) =>
      [path, content.slice()] as const
    ),
  );
  const { manifests = [] }: Index = JSON.parse(
    new TextDecoder().decode(entries.get("index.json")),
  );
  const [named] = manifests;
  if (manifests.length !== 1 || named === undefined) {
    throw new Error(`${manifests.length} images are in ${path}`);
  }
  const get = (digest: string) => {
    const bytes = entries.get(`blobs/${digest.replace(":", "/")}`);
    if (bytes === undefined) throw new Error(`${digest} is not in ${path}`);
    return Promise.resolve(bytes);
  };
  const image = await readImage({ manifest: get, blob: get }, named.digest);
  return { ...image, named };
}

import { descriptorOf, type LayoutIndex } from "./index_file.ts";

/** The kinds of documents that name other contents. */
const MANIFESTS: readonly string[] = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/**
 * The digests that an index names, also by other documents. The cache of
 * BuildKit is such a document, too: an index, or a manifest, of its layers.
 *
 * @param read Reads a document; undefined if it is not there.
 * @throws {TypeError} If a document can't be understood: then nobody knows what
 * it names.
 */
export async function namedBy(
  index: LayoutIndex,
  read: (digest: string) => Promise<string | undefined>,
): Promise<ReadonlySet<string>> {
  const named = new Set<string>();
  const open = [...index.manifests];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { digest, mediaType } = next;
    if (named.has(digest)) continue;
    named.add(digest);
    if (!MANIFESTS.includes(mediaType)) continue;
    const text = await read(digest);
    if (text !== undefined) open.push(...childrenOf(digest, text));
  }
  return named;
}

function childrenOf(digest: string, text: string): LayoutIndex["manifests"] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new TypeError(`${digest} is no JSON`);
  }
  const { manifests, layers, config, subject } = Object(document) as Record<
    string,
    unknown
  >;
  return [manifests, layers, config, subject].flat()
    .filter((value) => value !== undefined && value !== null)
    .map((value) => {
      const found = descriptorOf(value);
      if (found === undefined) {
        throw new TypeError(`${digest} has an entry that is no descriptor`);
      }
      return found;
    });
}

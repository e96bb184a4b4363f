// An image read whole, wherever it lies: the index, each platform's manifest and
// configuration, what is attested about it.

/** A blob or a manifest, as others point at it. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly os: string; readonly architecture: string };
}

/** An index. */
export interface Index {
  readonly mediaType: string;
  readonly manifests?: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A manifest of one platform, or of attestations. */
export interface Manifest {
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A statement about an image (in-toto). */
export interface Statement {
  readonly predicateType: string;
  readonly subject: readonly { readonly digest: { readonly sha256: string } }[];
  // deno-lint-ignore no-explicit-any -- of many forms
  readonly predicate: any;
}

/** One platform of an image. */
export interface ImagePlatform {
  readonly digest: string;
  readonly manifest: Manifest;
  /** What the index says of it; absent for an image without an index. */
  readonly descriptor: Descriptor | undefined;
  // deno-lint-ignore no-explicit-any -- of many fields
  readonly config: any;
  readonly statements: readonly Statement[];
}

/** A whole image. */
export interface WholeImage {
  readonly digest: string;
  readonly index: Index;
  /** By `os/architecture`. */
  readonly platforms: Readonly<Record<string, ImagePlatform>>;
  /** Every blob and manifest, by digest, as it is stored. */
  readonly blobs: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** Where an image lies. */
export interface ImageStore {
  /** A manifest or an index, by its digest. */
  manifest(digest: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Any other blob. */
  blob(digest: string): Promise<Uint8Array<ArrayBuffer>>;
}

/** What an attestation's descriptor is about, in BuildKit's images. */
const REFERENCE = "vnd.docker.reference.digest";

/** Reads all of an image, beginning with the digest of its index or manifest. */
export async function readImage(
  store: ImageStore,
  digest: string,
): Promise<WholeImage> {
  const blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  const read = async <T>(
    digest: string,
    kind: keyof ImageStore,
  ): Promise<T> => {
    const bytes = await store[kind](digest);
    blobs.set(digest, bytes);
    return JSON.parse(new TextDecoder().decode(bytes));
  };
  const platforms: Record<string, ImagePlatform> = {};
  const readPlatform = async (
    digest: string,
    descriptor: Descriptor | undefined,
    attested: Descriptor | undefined,
  ) => {
    const manifest = await read<Manifest>(digest, "manifest");
    const config = await read<{ os: string; architecture: string }>(
      manifest.config.digest,
      "blob",
    );
    for (const { digest } of manifest.layers) {
      blobs.set(digest, await store.blob(digest));
    }
    const statements: Statement[] = [];
    if (attested !== undefined) {
      const { layers } = await read<Manifest>(attested.digest, "manifest");
      for (const { digest } of layers) {
        statements.push(await read<Statement>(digest, "blob"));
      }
    }
    const name = `${config.os}/${config.architecture}`;
    platforms[name] = { digest, manifest, descriptor, config, statements };
  };
  const index = await read<Index>(digest, "manifest");
  const { manifests } = index;
  if (manifests === undefined) {
    await readPlatform(digest, undefined, undefined);
  }
  for (const descriptor of manifests ?? []) {
    if (descriptor.annotations?.[REFERENCE] !== undefined) continue;
    const attested = manifests!.find(({ annotations }) =>
      annotations?.[REFERENCE] === descriptor.digest
    );
    await readPlatform(descriptor.digest, descriptor, attested);
  }
  return { digest, index, platforms, blobs };
}

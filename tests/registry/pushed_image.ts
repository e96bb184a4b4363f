// What is in a registry, read by its own API: the index of an image, each
// platform's manifest and configuration, what is attested about it.

import { LOGIN_BASE64, type Registry } from "../support/registry.ts";

const CA = new URL("../transport/certs/ca.pem", import.meta.url);

const ACCEPT = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** A blob or a manifest, as others point at it. */
export interface PushedDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly os: string; readonly architecture: string };
}

/** An index. */
export interface PushedIndex {
  readonly mediaType: string;
  readonly manifests?: readonly PushedDescriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A manifest of one platform, or of attestations. */
export interface PushedManifest {
  readonly mediaType: string;
  readonly config: PushedDescriptor;
  readonly layers: readonly PushedDescriptor[];
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
export interface PushedPlatform {
  readonly digest: string;
  readonly manifest: PushedManifest;
  readonly descriptor: PushedDescriptor;
  // deno-lint-ignore no-explicit-any -- of many fields
  readonly config: any;
  readonly statements: readonly Statement[];
}

/** An image in a registry. */
export interface PushedImage {
  readonly digest: string;
  readonly index: PushedIndex;
  /** By `os/architecture`. */
  readonly platforms: Readonly<Record<string, PushedPlatform>>;
  /** Every blob and manifest, by digest, as the registry has it. */
  readonly blobs: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/**
 * Reads all of an image.
 *
 * @param name Repository and tag, or with `@` its digest.
 */
export async function readPushedImage(
  { host }: Pick<Registry, "host">,
  name: string,
  scheme: "http" | "https",
): Promise<PushedImage> {
  const [, repository, , reference] = /^(.+?)(:|@)([^:]+|sha256:.+)$/.exec(
    name,
  )!;
  const caCerts = [await Deno.readTextFile(CA)];
  using client = Deno.createHttpClient({ caCerts });
  const blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  const get = async (path: string) => {
    const response = await fetch(
      `${scheme}://${host}/v2/${repository}${path}`,
      {
        client,
        headers: { accept: ACCEPT, authorization: `Basic ${LOGIN_BASE64}` },
      },
    );
    const bytes = await response.bytes();
    if (response.status !== 200) {
      throw new Error(`${path}: ${response.status}`);
    }
    const digest = response.headers.get("docker-content-digest");
    return { bytes, digest: digest ?? "" };
  };
  const blob = async ({ digest }: PushedDescriptor) => {
    const { bytes } = await get(`/blobs/${digest}`);
    blobs.set(digest, bytes);
    return bytes;
  };
  const manifest = async <T>(reference: string) => {
    const { bytes, digest } = await get(`/manifests/${reference}`);
    blobs.set(digest, bytes);
    return { digest, value: parse<T>(bytes) };
  };
  const top = await manifest<PushedIndex & PushedManifest>(reference!);
  const platforms: Record<string, PushedPlatform> = {};
  const read = async (
    descriptor: PushedDescriptor,
    attested: PushedDescriptor | undefined,
  ) => {
    const { digest, value } = await manifest<PushedManifest>(descriptor.digest);
    const config = parse<{ os: string; architecture: string }>(
      await blob(value.config),
    );
    for (const layer of value.layers) await blob(layer);
    const statements: Statement[] = [];
    if (attested !== undefined) {
      const { value } = await manifest<PushedManifest>(attested.digest);
      for (const layer of value.layers) {
        statements.push(parse<Statement>(await blob(layer)));
      }
    }
    platforms[`${config.os}/${config.architecture}`] = {
      ...{ digest, manifest: value, descriptor, config, statements },
    };
  };
  const { manifests } = top.value;
  if (manifests === undefined) {
    await read({ mediaType: "", digest: top.digest, size: 0 }, undefined);
  }
  for (const descriptor of manifests ?? []) {
    if (descriptor.annotations?.[REFERENCE] !== undefined) continue;
    await read(
      descriptor,
      manifests!.find(({ annotations }) =>
        annotations?.[REFERENCE] === descriptor.digest
      ),
    );
  }
  return { digest: top.digest, index: top.value, platforms, blobs };
}

/** What an attestation's descriptor is about, in BuildKit's images. */
const REFERENCE = "vnd.docker.reference.digest";

function parse<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes));
}

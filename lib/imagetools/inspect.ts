import { ProtocolError } from "../errors.ts";
import { formatPlatform, normalizePlatform } from "../platforms/platform.ts";
import {
  type Descriptor,
  type ImageConfig,
  type ImageIndex,
  type ImageManifest,
  parseConfig,
  parseIndex,
  parseManifest,
  parseObject,
} from "../registry/descriptor.ts";
import { isIndexType, isManifestType } from "../registry/media_type.ts";
import { Registries } from "../registry/registries.ts";
import type { Repository, StoredManifest } from "../registry/repository.ts";
import {
  formatRegistryName,
  parseRegistryName,
} from "../registry/repository_name.ts";
import type { ImagetoolsInspectOptions } from "./options.ts";
import type { ImagetoolsInspection, ImagetoolsPlatform } from "./result.ts";

/** The annotations of a manifest that is not one of an image, but about one. */
const ABOUT = ["com.docker.reference.digest", "vnd.docker.reference.digest"];

/** How many indexes may lie in each other. */
const MAX_DEPTH = 4;

/** Reads an image; see `imagetoolsInspect()`. */
export async function inspectImage(
  given: string,
  options: ImagetoolsInspectOptions,
): Promise<ImagetoolsInspection> {
  const name = parseRegistryName(given);
  using registries = new Registries(options);
  const repository = await registries.repository(name);
  const stored = await repository.getManifest(name.digest ?? name.tag!);
  const { descriptor, bytes } = stored;
  const parsed = parse(repository, stored);
  const images = options.images === true
    ? await readImages(repository, stored)
    : [];
  return {
    name: formatRegistryName(name),
    descriptor,
    bytes,
    ...parsed,
    images,
  };
}

async function readImages(
  repository: Repository,
  stored: StoredManifest,
  depth = 0,
): Promise<ImagetoolsPlatform[]> {
  const { index, manifest } = parse(repository, stored);
  if (manifest !== undefined) {
    return [await readImage(repository, stored.descriptor, manifest)];
  }
  const images: ImagetoolsPlatform[] = [];
  for (const descriptor of index?.manifests ?? []) {
    const { mediaType, digest, annotations = {} } = descriptor;
    if (ABOUT.some((key) => key in annotations)) continue;
    const isIndex = isIndexType(mediaType) && depth < MAX_DEPTH;
    if (!isIndex && !isManifestType(mediaType)) continue;
    const { bytes } = await repository.getManifest(digest);
    images.push(
      ...await readImages(repository, { descriptor, bytes }, depth + 1),
    );
  }
  return images;
}

async function readImage(
  repository: Repository,
  descriptor: Descriptor,
  manifest: ImageManifest,
): Promise<ImagetoolsPlatform> {
  const bytes = await repository.readBlob(manifest.config);
  let config: ImageConfig;
  try {
    config = parseConfig(bytes);
  } catch (error) {
    throw unusable(repository, descriptor, error);
  }
  const platform = descriptor.platform ?? {
    os: config.os ?? "",
    architecture: config.architecture ?? "",
    ...(config.variant ? { variant: config.variant } : {}),
  };
  return {
    platform: formatPlatform(normalizePlatform(platform)),
    descriptor,
    manifest,
    config,
  };
}

function parse(
  repository: Repository,
  { descriptor, bytes }: StoredManifest,
): { index: ImageIndex | undefined; manifest: ImageManifest | undefined } {
  const { mediaType } = descriptor;
  try {
    // A page of a proxy, perhaps.
    if (mediaType === "") parseObject(bytes);
    return {
      index: isIndexType(mediaType) ? parseIndex(bytes) : undefined,
      manifest: isManifestType(mediaType) ? parseManifest(bytes) : undefined,
    };
  } catch (error) {
    throw unusable(repository, descriptor, error);
  }
}

function unusable(
  { name }: Repository,
  { digest }: Descriptor,
  cause: unknown,
): ProtocolError {
  return new ProtocolError(
    `Cannot use ${name}@${digest}: ${(cause as Error).message}`,
    { cause },
  );
}

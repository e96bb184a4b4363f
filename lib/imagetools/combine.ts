import { ProtocolError } from "../errors.ts";
import { isSamePlatform } from "../platforms/match.ts";
import { normalizePlatform, type Platform } from "../platforms/platform.ts";
import {
  type Descriptor,
  type ImageIndex,
  parseConfig,
  parseIndex,
  parseManifest,
} from "../registry/descriptor.ts";
import { digestOf } from "../registry/digest.ts";
import {
  DOCKER_LIST,
  isIndexType,
  isManifestType,
  OCI_INDEX,
} from "../registry/media_type.ts";
import type { Repository, StoredManifest } from "../registry/repository.ts";
import { annotated, type IndexAnnotation } from "./annotation.ts";
import { indexBytes, knownFields } from "./go_json.ts";

/** A source, as its registry has it. */
export interface FoundSource {
  /** What points at it, with what the caller said about it. */
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where it is. */
  readonly repository: Repository;
}

/** How sources become one image. */
export interface CombineOptions {
  readonly annotations: readonly IndexAnnotation[];
  /** Whether a single manifest becomes an index, too. */
  readonly preferIndex: boolean;
  /** The platforms that are kept; empty for all. */
  readonly platforms: readonly Platform[];
}

/** A manifest that an image needs, and where it is. */
export interface PlacedManifest {
  readonly descriptor: Descriptor;
  readonly repository: Repository;
}

/** What sources became. */
export interface CombinedImage extends StoredManifest {
  /** What must be in the repository before the image. */
  readonly manifests: readonly PlacedManifest[];
}

/** The annotations by which an attestation names its image, in BuildKit's images. */
const REFERENCE_TYPE = "vnd.docker.reference.type";
const REFERENCE_DIGEST = "vnd.docker.reference.digest";
const ATTESTATION = "attestation-manifest";

/**
 * Makes one image of several, as `docker buildx imagetools create` does, with
 * the same bytes: indexes are taken apart, a manifest that comes twice stands
 * where it came first, and it is docker's form of an index where all manifests
 * have docker's form. A single index stays as it is, if nothing is asked for.
 *
 * @throws {TypeError} If annotations have no place, or no platform is left.
 * @throws {ProtocolError} If a source is no image.
 */
export async function combineImages(
  sources: readonly FoundSource[],
  options: CombineOptions,
): Promise<CombinedImage> {
  const { annotations, preferIndex, platforms } = options;
  const [first] = sources;
  const isAlone = sources.length === 1 && annotations.length === 0;
  if (isAlone && isIndexType(first!.descriptor.mediaType)) {
    const index = indexOf(first!);
    const placed = index.manifests.map((descriptor) => ({
      descriptor,
      repository: first!.repository,
    }));
    return filtered(first!, placed, index, platforms);
  }
  const found = await Promise.all(sources.map(withPlatform));
  if (isAlone && !preferIndex) {
    const [alone] = found;
    checkKept([alone!.descriptor], platforms);
    const { descriptor, bytes, repository } = alone!;
    return {
      descriptor: first!.descriptor,
      bytes,
      manifests: [{ descriptor, repository }],
    };
  }
  const manifests = gathered(found);
  const isDocker = manifests.every(({ descriptor }) =>
    descriptor.mediaType.startsWith("application/vnd.docker.")
  );
  if (isDocker && annotations.length > 0) {
    throw new TypeError(
      "Cannot use annotations: all manifests have docker's form, whose list has no annotations; build the image for OCI (--output type=image,oci-mediatypes=true)",
    );
  }
  const descriptors = annotated(
    manifests.map(({ descriptor }) => knownFields(descriptor)),
    annotations,
  );
  const own = annotations.filter(({ part }) => part === "index")
    .map(({ key, value }) => [key, value]);
  const index: ImageIndex = {
    schemaVersion: 2,
    mediaType: isDocker ? DOCKER_LIST : OCI_INDEX,
    manifests: descriptors,
    annotations: Object.fromEntries(own),
  };
  const placed = manifests.map(({ repository }, i) => ({
    descriptor: descriptors[i]!,
    repository,
  }));
  return filtered(stored(index, index.mediaType!), placed, index, platforms);
}

/** An index in buildx's bytes. */
function stored(index: ImageIndex, mediaType: string): StoredManifest {
  const bytes = indexBytes(index);
  const digest = digestOf(bytes);
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}

/** The manifests of all sources, each once. */
function gathered(sources: readonly FoundSource[]): PlacedManifest[] {
  const manifests = new Map<string, PlacedManifest>();
  const add = (descriptor: Descriptor, repository: Repository) => {
    const known = manifests.get(descriptor.digest)?.descriptor;
    const merged = known === undefined ? descriptor : {
      ...known,
      ...(descriptor.platform === undefined
        ? {}
        : { platform: descriptor.platform }),
      annotations: { ...known.annotations, ...descriptor.annotations },
    };
    manifests.set(descriptor.digest, { descriptor: merged, repository });
  };
  for (const source of sources) {
    if (!isIndexType(source.descriptor.mediaType)) {
      add(source.descriptor, source.repository);
      continue;
    }
    for (const descriptor of indexOf(source).manifests) {
      add(descriptor, source.repository);
    }
  }
  return [...manifests.values()];
}

/** Keeps the manifests of some platforms, and what is attested about them. */
function filtered(
  image: StoredManifest,
  manifests: readonly PlacedManifest[],
  index: ImageIndex,
  platforms: readonly Platform[],
): CombinedImage {
  const isKept = (platform: Platform | undefined) =>
    platform === undefined || platforms.length === 0 ||
    platforms.some((each) => isSamePlatform(each, platform));
  const kept = manifests.filter(({ descriptor }) => {
    if (isKept(descriptor.platform)) return true;
    const { annotations } = descriptor;
    if (annotations?.[REFERENCE_TYPE] !== ATTESTATION) return false;
    const subject = manifests.find((other) =>
      other.descriptor.digest === annotations[REFERENCE_DIGEST]
    );
    return subject !== undefined && isKept(subject.descriptor.platform);
  });
  if (kept.length === manifests.length) {
    return { ...image, manifests: kept };
  }
  checkKept(kept.map(({ descriptor }) => descriptor), []);
  const { mediaType } = image.descriptor;
  const less = {
    ...index,
    manifests: kept.map(({ descriptor }) => descriptor),
  };
  return { ...stored(less, mediaType), manifests: kept };
}

/** Refuses what none of the platforms is in. */
function checkKept(
  descriptors: readonly Descriptor[],
  platforms: readonly Platform[],
): void {
  const isNone = descriptors.length === 0 ||
    (platforms.length > 0 &&
      !descriptors.some(({ platform }) =>
        platform !== undefined &&
        platforms.some((each) => isSamePlatform(each, platform))
      ));
  if (isNone) {
    throw new TypeError(
      "Cannot create the image: no manifest of the sources is for one of the platforms",
    );
  }
}

/** A source that says which platform it is for: its configuration knows. */
async function withPlatform(source: FoundSource): Promise<FoundSource> {
  const { descriptor, bytes, repository } = source;
  if (isIndexType(descriptor.mediaType)) return source;
  if (!isManifestType(descriptor.mediaType)) {
    throw new ProtocolError(
      `Cannot use ${repository.name}@${descriptor.digest}: it is neither an index nor a manifest, but "${descriptor.mediaType}"`,
    );
  }
  const { platform } = descriptor;
  if (platform?.os && platform.architecture) return source;
  const manifest = parsed(source, () => parseManifest(bytes));
  const blob = await repository.readBlob(manifest.config);
  const config = parsed(source, () => parseConfig(blob));
  const own = normalizePlatform({
    os: config.os ?? "",
    architecture: config.architecture ?? "",
    ...(config.variant ? { variant: config.variant } : {}),
  });
  const variant = platform?.variant ||
    (platform?.architecture ? undefined : own.variant);
  return {
    ...source,
    descriptor: {
      ...descriptor,
      platform: {
        ...platform,
        architecture: platform?.architecture || own.architecture,
        os: platform?.os || own.os,
        ...(variant === undefined ? {} : { variant }),
      },
    },
  };
}

function indexOf(source: FoundSource): ImageIndex {
  return parsed(source, () => parseIndex(source.bytes));
}

function parsed<T>(
  { repository, descriptor }: FoundSource,
  parse: () => T,
): T {
  try {
    return parse();
  } catch (error) {
    throw new ProtocolError(
      `Cannot use ${repository.name}@${descriptor.digest}: ${
        (error as Error).message
      }`,
      { cause: error },
    );
  }
}

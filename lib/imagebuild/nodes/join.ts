// Joins what several nodes have pushed into one image.

import { ProtocolError } from "../../errors.ts";
import { combineImages } from "../../imagetools/combine.ts";
import type { IndexAnnotation } from "../../imagetools/annotation.ts";
import { formatPlatform } from "../../platforms/platform.ts";
import { type Descriptor, parseIndex } from "../../registry/descriptor.ts";
import { isDigest } from "../../registry/digest.ts";
import { isIndexType } from "../../registry/media_type.ts";
import { Registries, type RegistryOptions } from "../../registry/registries.ts";
import { parseRegistryName } from "../../registry/repository_name.ts";
import type { Build } from "../build_way.ts";
import type { RequestedAnnotation } from "../checks/annotations.ts";
import { isTrue } from "../checks/requested_output.ts";
import type { BuildImageResult } from "../result.ts";

/** How the registry is reached in which images are joined. */
export type JoinOptions = Pick<RegistryOptions, "ca" | "dockerConfig">;

/** The image that nodes have made together. */
export interface JoinedImage extends BuildImageResult {
  /** What points at it. */
  readonly descriptor: Descriptor;
}

/**
 * Makes one index of the images that nodes have pushed by their digests, and
 * gives it all names.
 *
 * @param digests What each node has pushed, in the order of the platforms.
 */
export async function joinImages(
  { request: { tags, annotations, outputs }, inputs, stop }: Build,
  digests: readonly string[],
  options: JoinOptions,
): Promise<JoinedImage> {
  const names = tags.map((tag) => parseRegistryName(tag));
  const isInsecure = outputs.some(({ attrs }) =>
    isTrue(attrs["registry.insecure"])
  );
  using registries = new Registries({ ...options, signal: stop }, {
    store: inputs.logins,
    insecure: new Set(isInsecure ? names.map(({ registry }) => registry) : []),
  });
  const repository = await registries.repository(names[0]!);
  const sources = await Promise.all(digests.map(async (digest) => ({
    ...await repository.getManifest(digest),
    repository,
  })));
  const image = await combineImages(sources, {
    annotations: annotations.flatMap(indexAnnotation),
    preferIndex: false,
    platforms: [],
  });
  for (const name of names) {
    const to = await registries.repository(name);
    await to.putManifest(name.tag!, image);
  }
  const { descriptor, bytes } = image;
  const manifests = isIndexType(descriptor.mediaType)
    ? parseIndex(bytes).manifests
    : [];
  return {
    descriptor,
    digest: descriptor.digest,
    platforms: manifests
      .filter(({ annotations = {} }) =>
        !("vnd.docker.reference.type" in annotations)
      )
      .map(({ platform, digest }) => ({
        platform: platform === undefined ? "unknown" : formatPlatform(platform),
        digest,
      })),
  };
}

/** The digest that a node has pushed. */
export function pushedDigest(
  answer: ReadonlyMap<string, string>,
  node: string,
): string {
  const digest = answer.get("containerimage.digest");
  if (isDigest(digest)) return digest;
  throw new ProtocolError(
    `The node "${node}" ended the build and does not tell what it has pushed: look into its log`,
  );
}

/** Those that an index can have; the nodes have put the others in place. */
function indexAnnotation(
  { part, platform, key, value }: RequestedAnnotation,
): IndexAnnotation[] {
  return part === "index" || part === "manifest-descriptor"
    ? [{ part, platform, key, value }]
    : [];
}

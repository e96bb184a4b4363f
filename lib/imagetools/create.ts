import { parsePlatform } from "../platforms/platform.ts";
import { copyManifest } from "../registry/copy.ts";
import { type Descriptor, parseIndex } from "../registry/descriptor.ts";
import { isIndexType } from "../registry/media_type.ts";
import { Registries } from "../registry/registries.ts";
import { RegistryError } from "../registry/registry_error.ts";
import {
  formatRegistryName,
  parseRegistryName,
  type RegistryName,
  repositoryOf,
} from "../registry/repository_name.ts";
import { indexAnnotations } from "./annotation.ts";
import { combineImages, type FoundSource } from "./combine.ts";
import type { ImagetoolsCreateOptions } from "./options.ts";
import type { ImagetoolsImage } from "./result.ts";
import {
  checkSource,
  type ImagetoolsSource,
  type PlacedSource,
  placeSources,
} from "./source.ts";

/** Makes an image; see `imagetoolsCreate()`. */
export async function createImage(
  sources: readonly ImagetoolsSource[],
  options: ImagetoolsCreateOptions,
): Promise<ImagetoolsImage> {
  const { append = false, dryRun = false, preferIndex = true } = options;
  if (!Array.isArray(sources)) {
    throw new TypeError("Cannot create an image: the sources are a list");
  }
  const tags = listed(options.tag).map((name) => tagName(name));
  const first = append ? tags.slice(0, 1).map(formatRegistryName) : [];
  const checked = [...first, ...sources].map(checkSource);
  if (checked.length === 0) {
    throw new TypeError("Cannot create an image: no sources are given");
  }
  if (tags.length === 0 && !dryRun) {
    throw new TypeError(
      "Cannot create an image: it needs a tag, unless it is a dry run",
    );
  }
  const placed = placeSources(checked, tags);
  const combine = {
    annotations: indexAnnotations(options.annotations ?? {}),
    preferIndex,
    platforms: listed(options.platform).flatMap((words) =>
      words.split(",").map(parsePlatform)
    ),
  };
  using registries = new Registries(options);
  const found = await allOf(placed, (source) => find(source, registries));
  const { descriptor, bytes, manifests } = await combineImages(found, combine);
  if (!dryRun) {
    const tell = options.onProgress ?? (() => {});
    const { digest } = descriptor;
    const repositories = new Map(tags.map((tag) => [repositoryOf(tag), tag]));
    for (const tag of repositories.values()) {
      const to = await registries.repository(tag);
      for (const { descriptor, repository } of manifests) {
        const from = repository.name;
        if (from === to.name) continue;
        const { digest } = descriptor;
        tell({ action: "copy", digest, from, to: to.name });
        await copyManifest(digest, repository, to);
      }
    }
    for (const tag of tags) {
      const to = formatRegistryName(tag);
      tell({ action: "push", digest, from: undefined, to });
      const repository = await registries.repository(tag);
      await repository.putManifest(tag.tag!, { descriptor, bytes });
    }
  }
  return {
    descriptor,
    bytes,
    index: isIndexType(descriptor.mediaType) ? parseIndex(bytes) : undefined,
    names: dryRun ? [] : tags.map(formatRegistryName),
  };
}

/** A name that can be given to an image. */
function tagName(name: string): RegistryName {
  const parsed = parseRegistryName(name);
  if (parsed.digest === undefined) return parsed;
  throw new TypeError(
    `Cannot use the tag ${
      JSON.stringify(name)
    }: a digest can't be given to an image, which has its own`,
  );
}

/** Reads a source, with what the caller said about it. */
async function find(
  { name, descriptor: said, words }: PlacedSource,
  registries: Registries,
): Promise<FoundSource> {
  const repository = await registries.repository(name);
  const reference = said.digest ?? name.digest ?? name.tag!;
  const { descriptor, bytes } = await repository.getManifest(reference);
  if (said.size !== undefined && said.size !== descriptor.size) {
    throw new RegistryError(
      `Cannot use the source ${words}: it has ${descriptor.size} bytes, and not ${said.size}`,
      { registry: name.registry },
    );
  }
  return { descriptor: merged(descriptor, said), bytes, repository };
}

/** What is said goes first: annotations as a whole, so that some can be removed. */
function merged(
  found: Descriptor,
  said: Partial<Descriptor>,
): Descriptor {
  const { mediaType, platform, annotations = {} } = said;
  // With a type, it is taken as it was given.
  return {
    ...(mediaType ? said : {}),
    ...found,
    ...(mediaType ? { mediaType } : {}),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    ...(platform === undefined ? {} : { platform }),
  };
}

function listed(given: string | readonly string[] | undefined): string[] {
  return typeof given === "string" ? [given] : [...given ?? []];
}

/** Does something for all at once; the first error is that of the call. */
async function allOf<T, U>(
  items: readonly T[],
  action: (item: T) => Promise<U>,
): Promise<U[]> {
  const results = await Promise.allSettled(items.map(action));
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

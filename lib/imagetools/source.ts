import { cutText } from "../cut_text.ts";
import { isPlainObject, plainObjectHint } from "../plain_object.ts";
import type { Descriptor } from "../registry/descriptor.ts";
import { isDigest } from "../registry/digest.ts";
import {
  parseRegistryName,
  type RegistryName,
  repositoryOf,
} from "../registry/repository_name.ts";

/**
 * What an index is made from: the name of an image, the digest of a manifest in
 * the repository of the others, or a descriptor with at least a digest. What a
 * descriptor says goes before what the registry says: its annotations and its
 * platform.
 */
export type ImagetoolsSource =
  | string
  | Partial<Descriptor> & Pick<Descriptor, "digest">;

/** A source that was checked. */
export interface CheckedSource {
  /** The words of the caller, for errors. */
  readonly words: string;
  /** Its repository; undefined where it is that of the others. */
  readonly name: RegistryName | undefined;
  /** What is said about it. */
  readonly descriptor: Partial<Descriptor>;
}

/** A source with its repository. */
export interface PlacedSource extends CheckedSource {
  readonly name: RegistryName;
}

/**
 * Reads a source.
 *
 * @throws {TypeError} If it is none.
 */
export function checkSource(source: ImagetoolsSource): CheckedSource {
  if (typeof source === "string") {
    if (isDigest(source)) {
      return { words: source, name: undefined, descriptor: { digest: source } };
    }
    if (/^sha\d+:/.test(source)) {
      throw unusable(source, "its digest has too few digits, or too many");
    }
    return { words: source, name: parseRegistryName(source), descriptor: {} };
  }
  const words = JSON.stringify(source) ?? String(source);
  if (!isPlainObject(source)) {
    throw unusable(
      words,
      `expected a name, a digest or a descriptor${plainObjectHint(source)}`,
    );
  }
  const { digest, size, mediaType, annotations, platform } = source;
  if ("schemaVersion" in source) {
    throw unusable(
      words,
      "it is a manifest or an index, and no descriptor that points at one",
    );
  }
  if (!isDigest(digest)) throw unusable(words, "it has no digest");
  if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) {
    throw unusable(words, "its size is no number of bytes");
  }
  if (mediaType !== undefined && typeof mediaType !== "string") {
    throw unusable(words, "its mediaType is no text");
  }
  for (const value of Object.values(annotations ?? {})) {
    if (typeof value !== "string") {
      throw unusable(words, "its annotations are not text");
    }
  }
  if (platform !== undefined && !isPlainObject(platform)) {
    throw unusable(words, "its platform is no object");
  }
  return { words, name: undefined, descriptor: source };
}

/**
 * Gives each source its repository. One without a name is in the repository of
 * the others and of the tags, if that is one.
 *
 * @throws {TypeError} If it is not one.
 */
export function placeSources(
  sources: readonly CheckedSource[],
  tags: readonly RegistryName[],
): PlacedSource[] {
  const named = [...sources.flatMap(({ name }) => name ?? []), ...tags];
  const repositories = new Set(named.map(repositoryOf));
  return sources.map((source) => {
    const { name, words } = source;
    if (name !== undefined) return { ...source, name };
    const [first] = named;
    if (first === undefined || repositories.size > 1) {
      throw unusable(
        words,
        first === undefined
          ? "no source and no tag says in which repository it is"
          : `the sources and tags are in several repositories, and it does not say which one it is in: give it as NAME@DIGEST`,
      );
    }
    const { registry, path } = first;
    return {
      ...source,
      name: {
        registry,
        path,
        tag: undefined,
        digest: source.descriptor.digest,
      },
    };
  });
}

function unusable(words: string, why: string): TypeError {
  const shown = words.length > 200 ? `${cutText(words, 200)}…` : words;
  return new TypeError(`Cannot use the source ${shown}: ${why}`);
}

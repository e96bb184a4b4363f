import { sortedObject } from "../gotext/json.ts";

/** The annotation by which an entry of `index.json` has a tag. */
export const REF_NAME = "org.opencontainers.image.ref.name";

/** The annotation in which containerd and buildx keep an image's full name. */
const IMAGE_NAME = "io.containerd.image.name";

/** The version of the layout that is written (OCI image specification). */
const VERSION = "1.0.0";

/** A content as a layout names it (`application/vnd.oci.descriptor.v1+json`). */
export interface LayoutDescriptor {
  /** Its media type. */
  readonly mediaType: string;
  /** Its digest, `sha256:…`. */
  readonly digest: string;
  /** Its length in bytes. */
  readonly size: number;
  /** Texts by their names. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** `index.json` of a layout: what it holds, by tags. */
export interface LayoutIndex {
  /** The entries, in their order. */
  readonly manifests: readonly LayoutDescriptor[];
}

/** A name under which a layout holds an image. */
export interface LayoutName {
  /** The tag. */
  readonly tag: string;
  /** The full name of the image, such as `docker.io/library/app:1`. */
  readonly image?: string | undefined;
}

/**
 * Reads a descriptor.
 *
 * @returns Undefined for something else.
 */
export function descriptorOf(value: unknown): LayoutDescriptor | undefined {
  const { mediaType, digest, size, annotations = {} } = Object(
    value,
  ) as Partial<LayoutDescriptor>;
  const isOne = typeof mediaType === "string" && typeof digest === "string" &&
    Number.isSafeInteger(size) && size! >= 0 && isObject(annotations) &&
    Object.values(annotations).every((text) => typeof text === "string");
  return isOne ? value as LayoutDescriptor : undefined;
}

/**
 * Reads an `index.json`. Fields that are not known stay in it.
 *
 * @throws {TypeError} If the text is none.
 */
export function parseIndex(text: string): LayoutIndex {
  let index: unknown;
  try {
    index = JSON.parse(text);
  } catch {
    throw new TypeError("it is no JSON");
  }
  const { manifests = [] } = Object(index) as Record<string, unknown>;
  if (!isObject(index) || !Array.isArray(manifests)) {
    throw new TypeError("it is no index of images");
  }
  if (!manifests.every((entry) => descriptorOf(entry) !== undefined)) {
    throw new TypeError("an entry is no descriptor");
  }
  return { ...index, manifests } as LayoutIndex;
}

/**
 * Checks an `oci-layout`.
 *
 * @throws {TypeError} If it names a version that is not known.
 */
export function checkVersion(text: string): void {
  let version: unknown;
  try {
    ({ imageLayoutVersion: version } = JSON.parse(text));
  } catch {
    version = undefined; // no JSON, or no object
  }
  if (typeof version === "string" && version.startsWith("1.")) return;
  throw new TypeError("oci-layout names no version 1 of the layout");
}

/** Writes an `oci-layout`. */
export function writeVersion(): string {
  return JSON.stringify({ imageLayoutVersion: VERSION });
}

/** The media type that a document names; empty if it names none. */
export function mediaTypeOf(text: string): string {
  try {
    const { mediaType } = Object(JSON.parse(text));
    return typeof mediaType === "string" ? mediaType : "";
  } catch {
    return ""; // no JSON
  }
}

/** Writes an `index.json`. */
export function writeIndex(index: LayoutIndex): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    ...index,
  });
}

/** The entry with a tag; undefined if there is none. */
export function findTag(
  { manifests }: LayoutIndex,
  tag: string,
): LayoutDescriptor | undefined {
  return manifests.find(({ annotations }) => annotations?.[REF_NAME] === tag);
}

/** The tags of an index, each once. */
export function tagsOf({ manifests }: LayoutIndex): string[] {
  const tags = manifests.flatMap(({ annotations }) =>
    annotations?.[REF_NAME] ?? []
  );
  return [...new Set(tags)];
}

/**
 * The index with one more content, under each of the names. An entry that had
 * the name before loses it.
 */
export function withEntry(
  index: LayoutIndex,
  descriptor: LayoutDescriptor,
  names: readonly LayoutName[],
): LayoutIndex {
  const others = index.manifests.filter(({ annotations }) =>
    !names.some(({ tag, image }) =>
      annotations?.[REF_NAME] === tag && annotations[IMAGE_NAME] === image
    )
  );
  const entries = names.map(({ tag, image }): LayoutDescriptor => ({
    ...descriptor,
    annotations: sortedObject(
      new Map([
        ...Object.entries(descriptor.annotations ?? {}),
        [REF_NAME, tag],
        ...(image === undefined ? [] : [[IMAGE_NAME, image] as const]),
      ]),
    ),
  }));
  return { ...index, manifests: [...others, ...entries] };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

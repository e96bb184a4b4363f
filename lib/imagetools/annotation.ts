import type { Descriptor } from "../registry/descriptor.ts";
import { isPlainObject, plainObjectHint } from "../plain_object.ts";
import { formatPlatform } from "../platforms/platform.ts";

/** An annotation of an index, or of what it points at. */
export interface IndexAnnotation {
  /** The part that gets it. */
  readonly part: "index" | "manifest-descriptor";
  /** The platform whose descriptor gets it; undefined for each. */
  readonly platform: string | undefined;
  readonly key: string;
  readonly value: string;
}

const PART_REGEXP = /^([a-z-]+)(?:\[([^\]]+)\])?$/;

/**
 * Reads annotations whose keys begin with the part that gets them, as in
 * `index:org.opencontainers.image.title` and
 * `manifest-descriptor[linux/amd64]:KEY`.
 *
 * @throws {TypeError} If a part is missing, or can't be annotated without
 * another manifest.
 */
export function indexAnnotations(
  given: Readonly<Record<string, string>>,
): IndexAnnotation[] {
  const refuse = (why: string) => new TypeError(`Cannot use annotations${why}`);
  if (!isPlainObject(given)) {
    throw refuse(
      `: expected an object of keys to text${plainObjectHint(given)}`,
    );
  }
  return Object.entries(given).flatMap(([name, value]) => {
    const shown = JSON.stringify(name);
    if (typeof value !== "string") {
      throw refuse(`: the value of ${shown} is not text`);
    }
    const cut = name.indexOf(":");
    const key = name.slice(cut + 1);
    if (key === "") throw refuse(` ${shown}: its key is empty`);
    const parts = cut === -1 ? [""] : name.slice(0, cut).split(",");
    return parts.map((word) => {
      const [, part, platform] = PART_REGEXP.exec(word) ?? [];
      if (part !== "index" && part !== "manifest-descriptor") {
        throw refuse(
          ` ${shown}: expected "index:" or "manifest-descriptor:" before the key, since manifests stay as they are`,
        );
      }
      return { part, platform, key, value };
    });
  });
}

/** The descriptors with the annotations that are for them. */
export function annotated(
  descriptors: readonly Descriptor[],
  annotations: readonly IndexAnnotation[],
): Descriptor[] {
  const own = annotations.filter(({ part }) => part === "manifest-descriptor");
  if (own.length === 0) return [...descriptors];
  return descriptors.map((descriptor) => {
    const platform = descriptor.platform && formatPlatform(descriptor.platform);
    const added = own.filter((annotation) =>
      annotation.platform === undefined || annotation.platform === platform
    ).map(({ key, value }) => [key, value]);
    return {
      ...descriptor,
      annotations: { ...descriptor.annotations, ...Object.fromEntries(added) },
    };
  });
}

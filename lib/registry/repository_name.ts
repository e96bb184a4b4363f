import { fullImageName } from "../engine/image_reference.ts";
import { isDigest } from "./digest.ts";

/** A name of an image, in full. */
export interface RegistryName {
  /** The registry, as it stands in names: `docker.io`, or `host[:port]`. */
  readonly registry: string;
  /** The path in the registry, such as `library/busybox`. */
  readonly path: string;
  /** The tag; undefined where the name has none. */
  readonly tag: string | undefined;
  /** The digest, if the name has one. */
  readonly digest: string | undefined;
}

/** A path of distribution's grammar. */
const PATH_REGEXP =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

/** The longest path, in letters. */
const MAX_PATH_LENGTH = 255;

/** A tag of distribution's grammar. */
const TAG_REGEXP = /^\w[\w.-]{0,127}$/;

/**
 * Reads a name as docker's client does: `busybox` is
 * `docker.io/library/busybox:latest`.
 *
 * @param tagged Whether a name with neither tag nor digest gets the tag
 * `latest`.
 * @throws {TypeError} If it names no image.
 */
export function parseRegistryName(name: string, tagged = true): RegistryName {
  const full = fullImageName(name, tagged);
  // `fullImageName()` gave it this form.
  const [, registry, path, tag, digest] =
    /^([^/]+)\/([^@]*?)(?::([^/:@]+))?(?:@(.+))?$/.exec(full)!;
  const refuse = (why: string) =>
    new TypeError(`Cannot use image name ${JSON.stringify(name)}: ${why}`);
  if (!PATH_REGEXP.test(path!)) {
    throw refuse(
      path !== path!.toLowerCase()
        ? "its repository must be in lower case"
        : `its repository "${path}" has letters that no repository has`,
    );
  }
  if (path!.length > MAX_PATH_LENGTH) {
    throw refuse(`its repository has more than ${MAX_PATH_LENGTH} letters`);
  }
  if (tag !== undefined && !TAG_REGEXP.test(tag)) {
    throw refuse(
      `its tag "${tag}" is none: up to 128 letters, digits, "_", "." and "-"`,
    );
  }
  if (digest !== undefined && !isDigest(digest)) {
    throw refuse(
      `its digest "${digest}" is none: expected sha256: and 64 digits`,
    );
  }
  return { registry: registry!, path: path!, tag, digest };
}

/** Writes the name in full. */
export function formatRegistryName(name: RegistryName): string {
  return repositoryOf(name) + (name.tag === undefined ? "" : `:${name.tag}`) +
    (name.digest === undefined ? "" : `@${name.digest}`);
}

/** The name without tag and digest. */
export function repositoryOf(
  { registry, path }: Pick<RegistryName, "registry" | "path">,
): string {
  return `${registry}/${path}`;
}

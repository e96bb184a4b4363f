/** An image's name in its parts. */
export interface ImageReference {
  /** Host that registries are told apart by: `docker.io`, or `host[:port]`. */
  readonly registry: string;
  /** The name without tag and digest, as it was given. */
  readonly repository: string;
  /** `latest` where the name has neither tag nor digest; undefined beside a digest alone. */
  readonly tag: string | undefined;
  /** `sha256:…`, where the name has one. */
  readonly digest: string | undefined;
}

/** The registry of names that begin with no host. */
const DEFAULT_REGISTRY = "docker.io";

/**
 * Takes `[host[:port]/]path[:tag][@digest]` apart. The first segment is a host
 * if it holds a `.` or a `:`, an upper case letter, or is `localhost`; so the
 * engine decides too (distribution's reference grammar).
 *
 * @param tag A tag beside the name; not together with one inside it.
 * @throws {TypeError} If the name is empty, or names a tag twice.
 */
export function parseImageReference(
  name: string,
  tag?: string,
): ImageReference {
  const [, repository, inside, digest] =
    /^([^@\s]*?[^@\s:/])(?::([^/:@\s]+))?(?:@(\w+:[0-9a-f]+))?$/.exec(name) ??
      [];
  if (repository === undefined || tag === "") {
    throw new TypeError(
      `Cannot use image name ${JSON.stringify(name)}${
        tag === "" ? " with an empty tag" : ""
      }: expected "name", "name:tag" or "name@digest"`,
    );
  }
  if (tag !== undefined && (inside !== undefined || digest !== undefined)) {
    throw new TypeError(
      `Cannot use image name "${name}" with tag "${tag}": it has a ${
        digest === undefined ? "tag" : "digest"
      } already`,
    );
  }
  const first = repository.split("/");
  const isHost = first.length > 1 &&
    (/[.:A-Z]/.test(first[0]!) || first[0] === "localhost");
  return {
    registry: isHost ? first[0]! : DEFAULT_REGISTRY,
    repository,
    tag: tag ?? inside ?? (digest === undefined ? "latest" : undefined),
    digest,
  };
}

/** The name as people write it. */
export function formatImageReference(reference: ImageReference): string {
  const { repository, tag, digest } = reference;
  return repository + (tag === undefined ? "" : `:${tag}`) +
    (digest === undefined ? "" : `@${digest}`);
}

/** The parts of an image's name. */
export interface ImageReference {
  /** The registry: `docker.io`, or `host[:port]`. */
  readonly registry: string;
  /** The name without tag and digest, as it was given. */
  readonly repository: string;
  /**
   * The tag: `latest` where the name has neither tag nor digest; undefined
   * where it has only a digest.
   */
  readonly tag: string | undefined;
  /** The digest, `sha256:…`, if the name has one. */
  readonly digest: string | undefined;
}

/** The registry of names that do not begin with a host. */
const DEFAULT_REGISTRY = "docker.io";

/**
 * Splits `[host[:port]/]path[:tag][@digest]` into its parts. The first segment
 * is a host if it contains a `.`, a `:` or an upper case letter, or is
 * `localhost`; engines use the same rule (distribution's reference grammar).
 *
 * @param tag A tag that is given beside the name; not together with one inside
 * it.
 * @throws {TypeError} If the name is empty, or has two tags.
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

/** The name in the short form that people use, for messages. */
export function formatImageReference(reference: ImageReference): string {
  const { repository, tag, digest } = reference;
  return repository + (tag === undefined ? "" : `:${tag}`) +
    (digest === undefined ? "" : `@${digest}`);
}

/** Another name of Docker Hub, which engines replace by its usual one. */
const OLD_REGISTRY = "index.docker.io";

/**
 * A name as engines write it in full: `a` is `docker.io/library/a:latest`.
 *
 * @param tagged Whether a name with neither tag nor digest gets `latest`.
 * @throws {TypeError} If the name is none.
 */
export function fullImageName(name: string, tagged = true): string {
  const { registry, repository, tag, digest } = parseImageReference(name);
  const path = repository.startsWith(`${registry}/`)
    ? repository.slice(registry.length + 1)
    : repository;
  const isHub = registry === DEFAULT_REGISTRY || registry === OLD_REGISTRY;
  const full = isHub
    ? `${DEFAULT_REGISTRY}/${path.includes("/") ? "" : "library/"}${path}`
    : repository;
  const hasTag = tag !== undefined &&
    (tagged || name.slice(repository.length).startsWith(":"));
  return full + (hasTag ? `:${tag}` : "") +
    (digest === undefined ? "" : `@${digest}`);
}

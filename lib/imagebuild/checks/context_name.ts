// The names of contexts, which are names of images or of stages. BuildKit's
// frontend and buildx read both with distribution's reference grammar, and
// compare them in the short form that people write.

/** The parts of a name, as distribution's `reference/regexp.go` has them. */
const NAME_REGEXP =
  /^(?:(?<host>(?:[\w-]+(?:\.[\w-]+)*|\[[\da-fA-F:]+\])(?::\d+)?)\/)?(?<path>[^:@]+)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>[A-Za-z][\w+.-]*:[\da-fA-F]{32,}))?$/;

/** One part of a path: words with single dots, underscores or dashes between. */
const PART_REGEXP = /^[a-z\d]+(?:(?:\.|__?|-+)[a-z\d]+)*$/;

/** A part of a host name. */
const HOST_PART_REGEXP = /^[A-Za-z\d](?:[A-Za-z\d-]*[A-Za-z\d])?$/;

/** The longest path in a registry, in characters. */
const MAX_LENGTH = 255;

/** The registry of names without a host, and its older name. */
const HUB = "docker.io";
const OLD_HUB = "index.docker.io";

/**
 * A name of a context as BuildKit looks for it: `docker.io/library/busybox` and
 * `busybox:latest` are `busybox`. With a tag that is not `latest`, or a digest,
 * it keeps them.
 *
 * @returns Undefined if it can name neither a stage nor an image.
 */
export function contextName(given: string): string | undefined {
  const first = /^([^/]*)\//.exec(given)?.[1] ?? "";
  const hasHost = /[.:A-Z]/.test(first) || first === "localhost";
  const groups = NAME_REGEXP.exec(hasHost ? given : `${HUB}/${given}`)?.groups;
  if (groups === undefined) return undefined;
  const { host = HUB, path = "", tag, digest } = groups;
  const isHub = host === HUB || host === OLD_HUB;
  const isName = path.split("/").every((part) => PART_REGEXP.test(part)) &&
    (host.startsWith("[") ||
      host.replace(/:\d+$/, "").split(".")
        .every((part) => HOST_PART_REGEXP.test(part))) &&
    // 64 hexadecimal digits are an image's id.
    !(isHub && /^[\da-f]{64}$/.test(path) && !given.includes(":"));
  const full = isHub && !path.includes("/") ? `library/${path}` : path;
  if (!isName || full.length > MAX_LENGTH) return undefined;
  const short = isHub
    ? path.replace(/^library\/(?=[^/]+$)/, "")
    : `${host}/${path}`;
  return short + (tag === undefined || isPlain(tag, digest) ? "" : `:${tag}`) +
    (digest === undefined ? "" : `@${digest}`);
}

/** Whether a tag is the one that is taken where there is none. */
function isPlain(tag: string, digest: string | undefined): boolean {
  return tag === "latest" && digest === undefined;
}

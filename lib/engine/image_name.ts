/**
 * An image's name as part of a path.
 *
 * `fetch` resolves `..` and empty segments before anything is sent, so such a
 * name would reach another endpoint: it is refused.
 *
 * @throws {TypeError} If the name is empty or has such a segment.
 */
export function imagePath(name: string): string {
  const segments = name.split("/");
  if (segments.some((segment) => /^(\.|\.\.|)$/.test(segment))) {
    throw new TypeError(`Cannot use image name ${JSON.stringify(name)}`);
  }
  return segments.map((segment) =>
    // `:` and `@` belong to tags and digests; everything else is escaped.
    encodeURIComponent(segment).replaceAll("%3A", ":").replaceAll("%40", "@")
  ).join("/");
}

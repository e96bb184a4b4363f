/**
 * The path that a `file:` URL names.
 *
 * @throws {TypeError} If it names a file of another host, or a name in it
 * contains an encoded slash.
 */
export function pathOfUrl(url: string | URL): string {
  const parsed = new URL(url);
  if (
    parsed.protocol !== "file:" || parsed.host !== "" ||
    /%2f/i.test(parsed.pathname)
  ) {
    throw new TypeError(
      `Cannot use ${parsed}: expected the URL of a file of this machine, as in file:///path`,
    );
  }
  // As in @std/path: a % that encodes nothing stands for itself.
  return decodeURIComponent(
    parsed.pathname.replace(/%(?![0-9a-f]{2})/gi, "%25"),
  );
}

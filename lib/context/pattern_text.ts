/**
 * White space by Go's `unicode.IsSpace`; `String.prototype.trim` differs in
 * U+0085 and U+FEFF.
 */
const SPACE_REGEXP =
  /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;

/** Removes the white space around a text, as Go's `strings.TrimSpace` does. */
export function trimSpace(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && SPACE_REGEXP.test(text[from]!)) from++;
  while (to > from && SPACE_REGEXP.test(text[to - 1]!)) to--;
  return text.slice(from, to);
}

/**
 * Simplifies a path without looking at the file system, as Go's
 * `filepath.Clean` does: no `.`, no empty parts, `..` only at the beginning of
 * a relative path, no `/` at the end. An empty path becomes `.`.
 */
export function cleanPath(path: string): string {
  const isRooted = path.startsWith("/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (!isRooted) parts.push("..");
  }
  const clean = (isRooted ? "/" : "") + parts.join("/");
  return clean === "" ? "." : clean;
}

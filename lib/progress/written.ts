/**
 * Whether `text` can result from `written` by replacing its variables with any
 * values. This is not a regular expression, because one could take very long
 * with many variables.
 */
export function matchesWritten(written: string, text: string): boolean {
  const parts = written.split(/\$(?:\w+|\{[^}]*\}*)/);
  const first = parts.shift()!;
  const last = parts.pop();
  if (last === undefined) return first === text;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

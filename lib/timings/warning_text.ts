/**
 * The text of a warning without its line, which BuildKit says again at the end:
 * for where the line stands beside it.
 */
export function withoutLine(text: string, line: number | undefined): string {
  const end = ` (line ${line})`;
  return text.endsWith(end) ? text.slice(0, -end.length) : text;
}

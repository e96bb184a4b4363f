/**
 * The beginning of a text, for a message: at most so many UTF-16 units. Of a
 * character that takes two of them, such as an emoji, no half is kept.
 */
export function cutText(text: string, most: number): string {
  return text.length <= most
    ? text
    : text.slice(0, most).replace(/[\ud800-\udbff]$/, "");
}

/** The same of a text's end, as the last that a program has said. */
export function cutToEnd(text: string, most: number): string {
  return text.length <= most
    ? text
    : text.slice(text.length - most).replace(/^[\udc00-\udfff]/, "");
}

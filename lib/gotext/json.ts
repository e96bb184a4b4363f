/**
 * JSON as Go's `encoding/json` writes it, which escapes some characters more,
 * so that it may stand in a page of HTML.
 *
 * @param space How far each level is indented. @default {0}
 */
export function goJson(value: unknown, space: number = 0): string {
  return escaped(JSON.stringify(value, undefined, space));
}

/**
 * A text as Go writes it in JSON. Half of a pair of UTF-16 becomes U+FFFD, since
 * Go's strings can't have one.
 */
export function goJsonText(text: string): string {
  return escaped(JSON.stringify(text.toWellFormed()));
}

/**
 * A map as an object with its keys sorted, as Go writes one; undefined if it is
 * empty, which Go leaves out.
 */
export function sortedObject<T>(
  map: ReadonlyMap<string, T>,
): Record<string, T> | undefined {
  if (map.size === 0) return undefined;
  return Object.fromEntries([...map].sort(([a], [b]) => byBytes(a, b)));
}

/** The order of Go's maps: by the bytes of their keys in UTF-8. */
export function byBytes(one: string, other: string): number {
  const [a, b] = [encoder.encode(one), encoder.encode(other)];
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}

function escaped(json: string): string {
  return json.replace(
    /[<>&\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const encoder = new TextEncoder();

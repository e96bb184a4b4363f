const ESCAPES: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

/**
 * JSON as Go's `encoding/json` writes it, which escapes some characters more,
 * so that it may stand in a page of HTML.
 *
 * @param space How far each level is indented. @default {0}
 */
export function goJson(value: unknown, space: number = 0): string {
  return JSON.stringify(value, undefined, space).replace(
    /[<>&\u2028\u2029]/g,
    (found) => ESCAPES[found]!,
  );
}

/**
 * A map as an object with its keys sorted, as Go writes one; undefined if it is
 * empty, which Go leaves out.
 */
export function sortedObject<T>(
  map: ReadonlyMap<string, T>,
): Record<string, T> | undefined {
  if (map.size === 0) return undefined;
  return Object.fromEntries(
    [...map].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0),
  );
}

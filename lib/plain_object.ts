/**
 * Whether a value is an object of names to values. A `Map`, a `Headers` and
 * similar objects are not: they do not keep their entries in properties, and
 * would be read as an empty object.
 */
export function isPlainObject(value: unknown): value is object {
  return typeof value === "object" && value !== null &&
    !(Symbol.iterator in value);
}

/**
 * What to do instead if a `Map` or a similar object was given; otherwise empty.
 *
 * @returns The end of an error's sentence.
 */
export function plainObjectHint(value: unknown): string {
  return typeof value === "object" && value !== null &&
      Symbol.iterator in value && !Array.isArray(value)
    ? "; a Map becomes one by Object.fromEntries(map)"
    : "";
}

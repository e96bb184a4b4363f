/**
 * Whether a value is an object of names to values. A `Map`, a `Headers` and
 * their kin are none: they keep what they hold elsewhere, and would pass for an
 * object without anything in it.
 */
export function isPlainObject(value: unknown): value is object {
  return typeof value === "object" && value !== null &&
    !(Symbol.iterator in value);
}

/**
 * What to do instead, where a `Map` or its kin was given; empty otherwise.
 *
 * @returns The end of an error's sentence.
 */
export function plainObjectHint(value: unknown): string {
  return typeof value === "object" && value !== null &&
      Symbol.iterator in value && !Array.isArray(value)
    ? "; a Map becomes one by Object.fromEntries(map)"
    : "";
}

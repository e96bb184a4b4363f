import { isPlainObject, plainObjectHint } from "../plain_object.ts";

/** Conditions by name, as engines take them. */
export type Filters = Readonly<Record<string, readonly string[]>>;

/**
 * The query parameter of filters.
 *
 * @throws {TypeError} If they are none: an engine would take all there is.
 */
export function filtersQuery(filters: Filters | undefined): string | undefined {
  if (filters === undefined) return undefined;
  if (
    !isPlainObject(filters) ||
    !Object.values(filters).every((value) =>
      value === undefined || Array.isArray(value)
    )
  ) {
    throw new TypeError(
      `Cannot use filters: expected an object of names to lists of text${
        plainObjectHint(filters)
      }`,
    );
  }
  return JSON.stringify(filters);
}

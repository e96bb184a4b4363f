import { isPlainObject, plainObjectHint } from "../plain_object.ts";

/** Filters by name, in the form that engines take. */
export type Filters = Readonly<Record<string, readonly string[]>>;

/**
 * Writes the query parameter `filters`.
 *
 * @throws {TypeError} If they have another form: an engine might ignore them
 * and use everything.
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

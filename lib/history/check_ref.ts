/**
 * Checks what a caller says of one build.
 *
 * @param what What is asked for, such as `inspect a build`, for the error.
 * @throws {TypeError} If it is no text.
 */
export function checkRef(what: string, ref: unknown): void {
  if (ref === undefined || typeof ref === "string") return;
  throw new TypeError(`Cannot ${what}: its id is no string`);
}

/**
 * Checks what a caller says of several builds. An empty text, which else is the
 * newest build, is mostly a variable that was never set.
 *
 * @throws {TypeError} If it is no array of texts, or one of them is empty.
 */
export function checkRefs(what: string, refs: unknown): void {
  const areRefs = Array.isArray(refs) &&
    refs.every((ref) => typeof ref === "string" && ref !== "");
  if (areRefs) return;
  throw new TypeError(
    `Cannot ${what}: expected an array with the ids of builds, none of them empty; "^0" is the newest`,
  );
}

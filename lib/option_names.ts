import { isPlainObject, plainObjectHint } from "./plain_object.ts";

/** Up to this many names, a message lists them all. */
const FEW_NAMES = 8;

/**
 * Refuses options with a name that nothing reads: a misspelt option must not
 * be overlooked, as the `filters` of a prune that then takes everything.
 *
 * @param action What can't be done then, such as `push`.
 * @param given The options, as the caller gave them.
 * @param known A key for each option that there is.
 * @throws {TypeError} If there is another one, or if it is no object.
 */
export function checkOptionNames(
  action: string,
  given: unknown,
  known: Readonly<Record<string, true>>,
): void {
  if (!isPlainObject(given)) {
    throw new TypeError(
      `Cannot ${action}: the options are an object${plainObjectHint(given)}`,
    );
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(known, name)) continue;
    throw new TypeError(
      `Cannot ${action}: there is no option "${name}"${
        hint(name, Object.keys(known))
      }`,
    );
  }
}

/** The option that is meant, or all that there are if those are few. */
function hint(name: string, known: readonly string[]): string {
  const meant = known.find((each) => folded(each) === folded(name));
  if (meant !== undefined) return `; did you mean "${meant}"?`;
  return known.length > FEW_NAMES
    ? ""
    : `; expected one of ${known.join(", ")}`;
}

/** The name without what is mostly mistaken: capitals, dashes and the plural. */
function folded(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, "").replace(/s$/, "");
}

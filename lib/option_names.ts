import { isPlainObject, plainObjectHint } from "./plain_object.ts";

/** Up to this number of options, an error lists all their names. */
const FEW_NAMES = 8;

/** What other libraries, and flags of docker, call an option, by that name. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ["authconfig", "credentials"],
  ["f", "dockerfile"],
  ["file", "dockerfile"],
  ["registryconfig", "credentials"],
  ["t", "tag"],
]);

/**
 * Refuses options with an unknown name. If a misspelt option were ignored, a
 * prune without its `filters` could delete everything.
 *
 * @param action The call, for the error, such as `push`.
 * @param given The options, as the caller gave them.
 * @param known A key for each option that exists.
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

/**
 * The end of the error: the option that was probably meant, or all options if
 * they are few.
 */
function hint(name: string, known: readonly string[]): string {
  const said = folded(OTHER_NAMES.get(name) ?? name);
  const meant = known.find((each) => folded(each) === said);
  if (meant !== undefined) return `; did you mean "${meant}"?`;
  return known.length > FEW_NAMES
    ? ""
    : `; expected one of ${known.join(", ")}`;
}

/**
 * The name without the differences of common mistakes: capitals, dashes and the
 * plural.
 */
function folded(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, "").replace(/s$/, "");
}

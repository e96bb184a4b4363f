// The checks of lists of names that BuildKit reads: entitlements, and stages
// that are built without the cache.

import { advised } from "../../advice.ts";

/**
 * A name or a list of names, each given once.
 *
 * @param option The option, for the error.
 * @throws {TypeError} If it has another form, or a name can't be sent: the
 * protocol parts the names by commas.
 */
export function checkNames(
  option: string,
  given: string | readonly string[],
): readonly string[] {
  const names: readonly unknown[] = Array.isArray(given) ? given : [given];
  const checked = new Set<string>();
  for (const name of names) {
    if (typeof name !== "string" || !/^[^\s,"\0]+$/.test(name)) {
      throw unusable(
        option,
        ` ${
          JSON.stringify(name)
        }: expected names without blanks, commas and quotes`,
      );
    }
    if (checked.has(name)) {
      throw unusable(option, ` ${JSON.stringify(name)}: it is named twice`);
    }
    checked.add(name);
  }
  return [...checked];
}

function unusable(option: string, why: string): TypeError {
  return advised((message) => new TypeError(message), "option", why, option);
}

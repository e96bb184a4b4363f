// @ts-types="../std/csv.d.ts"
import { parse } from "@std/csv/parse";

/**
 * Parses `name=value` entries that are separated by commas and quoted as in
 * CSV; of several entries with one name the last counts.
 *
 * @param variable The variable that holds them, in words of an error.
 * @throws {TypeError} If they have another form. The error holds no value.
 */
export function parseHeaders(
  variable: string,
  text: string,
): [name: string, value: string][] {
  let rows: string[][];
  try {
    rows = parse(text);
  } catch {
    rows = [];
  }
  const headers = new Map<string, string>();
  for (const field of rows.length === 1 ? rows[0]! : [""]) {
    const cut = field.indexOf("=");
    const name = field.slice(0, Math.max(cut, 0)).trim();
    if (name === "") {
      throw new TypeError(
        `Cannot use the environment variable ${variable}: expected name=value, and several of them with commas between`,
      );
    }
    headers.set(name.toLowerCase(), field.slice(cut + 1));
  }
  return [...headers];
}

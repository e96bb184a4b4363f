// @ts-types="../std/csv.d.ts"
import { parse } from "@std/csv/parse";
import { UsageError } from "./exit.ts";

/** Examples to show where a value has no fields. */
const EXAMPLES: Readonly<Record<string, string>> = {
  "--secret": ", such as id=ID,src=FILE or id=ID,env=VARIABLE",
};

/**
 * The fields of a value like `id=a,"src=b,c"`: one line of CSV in which each
 * field is `key=value`.
 *
 * @param flag The flag that the value belongs to.
 * @throws {UsageError} If the value has another form. The message does not
 * repeat the value, because it may hold a secret.
 */
export function fieldsOf(
  flag: string,
  value: string,
): [key: string, value: string][] {
  return csvRow(flag, value).map((field) => {
    const cut = field.indexOf("=");
    if (cut < 1) {
      throw new UsageError(
        `${flag}: expected fields as key=value with commas between${
          EXAMPLES[flag] ?? ""
        }`,
      );
    }
    return [field.slice(0, cut).toLowerCase(), field.slice(cut + 1)];
  });
}

/**
 * The fields of one line of CSV.
 *
 * @param flag The flag that the line belongs to.
 * @throws {UsageError} If the text is not one line of CSV. The message does not
 * repeat the text.
 */
export function csvRow(flag: string, value: string): string[] {
  let rows: string[][];
  try {
    rows = parse(value);
  } catch {
    throw new UsageError(`${flag}: the quotes do not fit together`);
  }
  const [fields = []] = rows;
  if (rows.length !== 1) {
    throw new UsageError(`${flag} needs a value in one line`);
  }
  return fields;
}

import { goJson } from "../gotext/json.ts";
import { goTemplate, type TemplateValues, unescaped } from "./go_template.ts";
import { TABLE, tabText } from "../gotext/tabwriter.ts";

/** How a list is printed. */
export interface Listing<T> {
  /** The value of `--format`: `json`, `table`, `table TEMPLATE`, a template. */
  readonly format: string;
  /** The table that is printed for `table`, as a template. */
  readonly table: string;
  /** The head of each column, by the name of its value. */
  readonly headers: Readonly<Record<string, string>>;
  /** The values of an item for a template. @param inTable Whether it is a table. */
  readonly values: (item: T, inTable: boolean) => TemplateValues;
  /** The item as JSON. @default {values} */
  readonly json?: ((item: T) => unknown) | undefined;
}

/**
 * Formats a list as docker's commands do: a table, a template for each item, or
 * JSON, a line for each.
 *
 * @returns The text, with a line end behind each line; empty for no items that
 * are not in a table.
 * @throws {UsageError} If the format is none.
 */
export function listingText<T>(
  items: readonly T[],
  { format, table, headers, values, json }: Listing<T>,
): string {
  if (format === "json") {
    const toJson = json ?? ((item: T) => values(item, false));
    return items.map((item) => `${goJson(toJson(item))}\n`).join("");
  }
  const known = Object.keys(headers);
  const word = format === "table" ? `table ${table}` : format;
  const [, columns] = /^table(?:\s+(.*))?$/s.exec(word) ?? [];
  const template = goTemplate(unescaped(columns ?? word), known);
  if (columns === undefined) {
    return items.map((item) => `${template(values(item, false))}\n`).join("");
  }
  const rows = [headers, ...items.map((item) => values(item, true))];
  return tabText(rows.map((row) => `${template(row)}\n`).join(""), TABLE);
}

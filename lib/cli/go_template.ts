import { goJson } from "../gotext/json.ts";
import { UsageError } from "./exit.ts";

/** What a template names: values by their names. */
export type TemplateValues = Readonly<Record<string, unknown>>;

/** Writes values by a template. */
export type Template = (values: TemplateValues) => string;

const ACTION_REGEXP = /\{\{-?\s*(?:(json|upper|lower)\s+)?(\.[\w.]*)\s*-?\}\}/g;

/**
 * Reads a template of `--format` in the part of Go's language that lists need:
 * `{{.Name}}`, `{{.Name.Part}}`, and `json`, `upper` and `lower` before them;
 * `\t` and `\n` are written as they are meant.
 *
 * @param known The names that there are.
 * @throws {UsageError} If it has anything else in braces, or an unknown name.
 */
export function goTemplate(text: string, known: readonly string[]): Template {
  const rest = text.replace(ACTION_REGEXP, "");
  if (/\{\{|\}\}/.test(rest)) {
    throw new UsageError(
      `template parsing error in --format ${
        JSON.stringify(text)
      }: davit knows {{.Name}} and {{json .}}; --format json has everything`,
    );
  }
  for (const [, , path] of text.matchAll(ACTION_REGEXP)) {
    const [, name = ""] = path!.split(".");
    if (name === "" || known.includes(name)) continue;
    throw new UsageError(
      `template error in --format: there is no ${path}; expected one of ${
        known.map((name) => `.${name}`).join(", ")
      }`,
    );
  }
  return (values) =>
    text.replace(ACTION_REGEXP, (_, how: string | undefined, path: string) => {
      const value = valueAt(values, path);
      if (how === "json") return goJson(value ?? null);
      const shown = goText(value);
      return how === "upper"
        ? shown.toUpperCase()
        : how === "lower"
        ? shown.toLowerCase()
        : shown;
    });
}

function valueAt(values: TemplateValues, path: string): unknown {
  let value: unknown = values;
  for (const name of path.split(".").filter((part) => part !== "")) {
    value = typeof value === "object" && value !== null &&
        Object.hasOwn(value, name)
      ? (value as Record<string, unknown>)[name]
      : undefined;
  }
  return value;
}

/** A value as Go prints it in a template. */
function goText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (typeof value === "object") {
    return `{${Object.values(value).map(goText).join(" ")}}`;
  }
  return String(value);
}

/** Signs that are written as two characters, because a shell passes them so. */
export function unescaped(text: string): string {
  return text.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
}

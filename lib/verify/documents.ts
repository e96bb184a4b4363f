import type { Documents } from "./archive.ts";
import type { FindCollector, FindPlace, SecretPart } from "./find.ts";
import { type ImageLayout, parseDocument } from "./image_layout.ts";

const encoder = new TextEncoder();

/**
 * Searches an archive's JSON files. If their meaning is known, each field is
 * searched by itself, so that escapes hide nothing and each find has the name
 * of its field.
 */
export function readDocuments(
  { files }: Documents,
  { isImage, parts, legacy }: ImageLayout,
  finds: FindCollector,
): void {
  // Configurations in the old form come last, because they only repeat others.
  const names = [...files.keys()].sort((a, b) =>
    Number(legacy.has(a)) - Number(legacy.has(b))
  );
  for (const name of names) {
    const before = finds.finds.length;
    const bytes = files.get(name)!;
    const part = parts.get(name);
    const fields = parseDocument(bytes);
    if (isImage && part !== undefined && fields !== undefined) {
      for (const [path, text] of stringsOf(fields, "")) {
        const place = { blob: name, part: partOf(part, path), path };
        finds.scanBytes(place, encoder.encode(text));
      }
    }
    const known = new Set(
      finds.finds.slice(before).map(({ value }) => value),
    );
    const inFields = finds.finds.length;
    // The file as a whole is searched, too: for numbers, and for values that
    // extend over two fields.
    const whole: FindPlace = { blob: name, part: part ?? "file", path: "" };
    finds.scanBytes(whole, bytes);
    finds.keepFrom(inFields, ({ value }) => !known.has(value));
    if (!legacy.has(name)) continue;
    const elsewhere = new Set(
      finds.finds.slice(0, before)
        .filter(({ part }) => part === "config" || part === "history")
        .map(({ value }) => value),
    );
    finds.keepFrom(before, ({ value }) => !elsewhere.has(value));
  }
}

function partOf(part: SecretPart, path: string): SecretPart {
  return part === "config" && path.startsWith("history[") ? "history" : part;
}

/** The path to a field is not extended beyond this length, in characters. */
const MAX_PATH_LENGTH = 1000;

/**
 * Every text in a JSON value, the names of fields included, with its path. It
 * does not use recursion, because an image's JSON may be nested very deeply.
 */
function* stringsOf(
  value: unknown,
  path: string,
): Generator<[path: string, text: string]> {
  const left: Iterator<[string, unknown]>[] = [[
    [path, value] as [string, unknown],
  ].values()];
  while (left.length > 0) {
    const { done, value: next } = left.at(-1)!.next();
    if (done) {
      left.pop();
      continue;
    }
    const [at, item] = next;
    if (typeof item === "string") yield [at, item];
    else if (Array.isArray(item)) left.push(itemsOf(item, at));
    else if (typeof item === "object" && item !== null) {
      left.push(fieldsOf(item, at));
    }
  }
}

function* itemsOf(
  items: readonly unknown[],
  path: string,
): Generator<[string, unknown]> {
  for (const [index, item] of items.entries()) {
    yield [below(path, `[${index}]`), item];
  }
}

function* fieldsOf(fields: object, path: string): Generator<[string, unknown]> {
  for (const [name, item] of Object.entries(fields)) {
    const at = below(path, path === "" ? name : `.${name}`);
    yield [at, name];
    yield [at, item];
  }
}

function below(path: string, step: string): string {
  return path.length >= MAX_PATH_LENGTH ? path : path + step;
}

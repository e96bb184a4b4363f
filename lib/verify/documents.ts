import type { Documents } from "./archive.ts";
import type { FindCollector, FindPlace, SecretPart } from "./find.ts";
import { type ImageLayout, parseDocument } from "./image_layout.ts";

const encoder = new TextEncoder();

/**
 * Looks through an archive's JSON files: field by field where it is known what
 * they are, so that no escape hides anything and each find has a name.
 */
export function readDocuments(
  { files }: Documents,
  { isImage, parts, legacy }: ImageLayout,
  finds: FindCollector,
): void {
  // What only repeats comes last.
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
    // Numbers, and what stands across two fields.
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

/** A longer path to a field is not told to its end, in characters. */
const MAX_PATH_LENGTH = 1000;

/**
 * Every text in a JSON value with its path; the names of fields, too. Without
 * recursion: what is in an image may be nested as deep as it is long.
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

import { ProtocolError } from "../errors.ts";

/**
 * The type of a field in an answer. `texts` is a list of texts; `pairs` is a
 * list of pairs of texts.
 */
export type AnswerFieldKind =
  | "text"
  | "number"
  | "flag"
  | "object"
  | "objects"
  | "pairs"
  | "texts";

/** Types of the known fields, by name. */
export type FieldKinds = Readonly<Record<string, AnswerFieldKind>>;

const WORDS: Readonly<Record<AnswerFieldKind, string>> = {
  text: "text",
  number: "number",
  flag: "boolean",
  object: "object",
  objects: "list of objects",
  pairs: "list of pairs of texts",
  texts: "list of texts",
};

/**
 * Checks the known fields of an object in an answer, so that it really has the
 * types that davit declares. A field may be missing. Fields that are `null`,
 * which is how Go writes an empty list or map, are removed; the object is
 * copied only in this case.
 *
 * @param what The beginning of an error's message, such as
 * `The answer to GET /info`.
 * @throws {ProtocolError} If a field has another type. The error does not quote
 * its value.
 */
export function checkFields<T extends object>(
  value: T,
  kinds: FieldKinds,
  what: string,
): T {
  const nulls = checkKinds(value, kinds, what);
  if (nulls === undefined) return value;
  const copy = { ...value } as Record<string, unknown>;
  for (const name of nulls) delete copy[name];
  return copy as T;
}

/**
 * Checks the fields' types and returns the names of those that are `null`;
 * undefined if there are none.
 */
function checkKinds(
  value: object,
  kinds: FieldKinds,
  what: string,
): string[] | undefined {
  const fields = value as Record<string, unknown>;
  let nulls: string[] | undefined;
  for (const name in kinds) {
    const field = fields[name];
    if (field === undefined) continue;
    if (field === null) (nulls ??= []).push(name);
    else if (!isKind(field, kinds[name]!)) {
      throw new ProtocolError(
        `${what} has a "${name}" that is no ${
          WORDS[kinds[name]!]
        }: is something between davit and the engine?`,
      );
    }
  }
  return nulls;
}

/** What a JSON answer must look like. */
export interface AnswerShape {
  /** Whether it is an object or a list of objects. */
  readonly type: "object" | "list";
  /** The known fields of the object, or of each object in the list. */
  readonly fields: FieldKinds;
  /** The known fields that may not be missing. */
  readonly required?: readonly string[];
}

/**
 * Checks a JSON answer. A `null` instead of a list, which is how Go writes an
 * empty one, becomes an empty list; a field that is `null` stays.
 *
 * @throws {ProtocolError} If it has another shape. The error does not quote it.
 */
export function checkAnswer<T>(
  value: unknown,
  { type, fields, required = [] }: AnswerShape,
  what: string,
): T {
  if (type === "list" && value === null) return [] as T;
  const items = type === "list" ? value : [value];
  if (!Array.isArray(items) || !items.every(isObject)) {
    const expected = type === "list" ? "list of objects" : "object";
    throw new ProtocolError(
      `${what} is no ${expected}: is something between davit and the engine?`,
    );
  }
  for (const item of items) {
    checkKinds(item, fields, what);
    const missing = required.find((name) =>
      (item as Record<string, unknown>)[name] === undefined ||
      (item as Record<string, unknown>)[name] === null
    );
    if (missing !== undefined) {
      throw new ProtocolError(
        `${what} has no "${missing}": is something between davit and the engine?`,
      );
    }
  }
  return value as T;
}

function isKind(value: unknown, kind: AnswerFieldKind): boolean {
  switch (kind) {
    case "text":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "flag":
      return typeof value === "boolean";
    case "object":
      return isObject(value);
    case "objects":
      return Array.isArray(value) && value.every(isObject);
    case "pairs":
      return Array.isArray(value) &&
        value.every((item) => isTexts(item) && item.length === 2);
    case "texts":
      return isTexts(value);
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) &&
    value.every((item) => typeof item === "string");
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import { ProtocolError } from "../errors.ts";

/** What a field of an answer may hold; `texts` is a list of texts, `pairs` one of two texts each. */
export type AnswerFieldKind =
  | "text"
  | "number"
  | "flag"
  | "object"
  | "objects"
  | "pairs"
  | "texts";

/** The fields that are known, by name. */
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
 * An object of an answer with its known fields checked: what davit's types
 * promise of an answer holds, whoever gave it. A field may be missing; one that
 * is `null`, as Go writes an empty list or map, is taken out, unless `null` is
 * to be kept. The object is copied only where that changes it.
 *
 * @param what Begins the sentence of an error, such as `The answer to GET /info`.
 * @throws {ProtocolError} If a field is of another type. Its value is not quoted.
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

/** The fields that are `null`, if there are any. */
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

/** What a JSON answer is. */
export interface AnswerShape {
  /** An object, or a list of them. */
  readonly type: "object" | "list";
  /** The known fields of the object, or of each in the list. */
  readonly fields: FieldKinds;
  /** Those of them that every answer has. */
  readonly required?: readonly string[];
}

/**
 * A JSON answer, checked. A `null` for a list, as Go writes an empty one, is an
 * empty list; in a field it stays.
 *
 * @throws {ProtocolError} If it is of another shape. It is not quoted.
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

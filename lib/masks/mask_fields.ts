import {
  Choice,
  type FieldKind,
  type FieldNode,
  type FieldTable,
  ListOf,
  MapOf,
} from "./field_kind.ts";

/** How text is masked. Each gives back its argument where there is nothing to mask. */
export interface TextMask {
  /** Masks a text that is whole by itself. */
  text(text: string): string;
  /** The same for text that comes as bytes. */
  bytes(bytes: Uint8Array): Uint8Array;
  /**
   * Masks a slice of what a step prints: what is given back may be shorter,
   * longer, or come later. `owner` is the object that the slice stands in.
   * Unless given, each slice counts as whole.
   */
  output?(slice: Uint8Array, owner: object): Uint8Array;
}

/** A digest of content, as engines write them. */
const DIGEST_REGEXP =
  /\bsha(?:256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})\b/g;

/**
 * Masks those fields of an answer that the table calls text, and no other: no
 * key, kind, id, digest or number is ever changed. What stands where the table
 * expects something else counts as unknown.
 *
 * @param node What `value` is; see `answer_fields.ts`.
 * @returns The same object where nothing was masked, else a copy. Undefined
 * where all of it is unknown, and holds a value.
 */
export function maskFields<T>(
  value: T,
  node: FieldNode,
  mask: TextMask,
): T | undefined {
  return masked(value, node, mask, {}) as T | undefined;
}

/** Undefined: to be left out. */
function masked(
  value: unknown,
  node: FieldNode,
  mask: TextMask,
  owner: object,
): unknown {
  if (value === null || value === undefined || node === "kept") return value;
  if (typeof node === "string") return maskLeaf(value, node, mask, owner);
  if (node instanceof Choice) {
    return masked(value, chosen(node, owner), mask, owner);
  }
  if (node instanceof ListOf) {
    if (Array.isArray(value)) return maskList(value, node.item, mask);
  } else if (isPlain(value)) {
    return maskObject(value, node, mask);
  }
  return holdsValue(value, mask) ? undefined : value;
}

function chosen({ cases }: Choice, owner: object): FieldNode {
  const { id = "" } = owner as { readonly id?: unknown };
  return typeof id === "string" && Object.hasOwn(cases, id)
    ? cases[id]!
    : "unknown";
}

function maskLeaf(
  value: unknown,
  kind: FieldKind,
  mask: TextMask,
  owner: object,
): unknown {
  if (kind !== "unknown") {
    if (typeof value === "string") {
      return kind === "sentence" ? maskSentence(value, mask) : mask.text(value);
    }
    if (value instanceof Uint8Array) {
      return kind === "output" && mask.output !== undefined
        ? mask.output(value, owner)
        : mask.bytes(value);
    }
  }
  return holdsValue(value, mask) ? undefined : value;
}

/** What stands between the digests of a sentence is masked piece by piece. */
function maskSentence(text: string, mask: TextMask): string {
  if (mask.text(text) === text) return text;
  let out = "";
  let at = 0;
  for (const { 0: digest, index } of text.matchAll(DIGEST_REGEXP)) {
    out += mask.text(text.slice(at, index)) + digest;
    at = index + digest.length;
  }
  return out + mask.text(text.slice(at));
}

function maskList(
  list: readonly unknown[],
  item: FieldNode,
  mask: TextMask,
): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (const [i, before] of list.entries()) {
    const one = masked(before, item, mask, list);
    if (one !== before) copy ??= list.slice(0, i);
    if (one !== undefined) copy?.push(one);
  }
  return copy ?? list;
}

function maskObject(
  object: Readonly<Record<string, unknown>>,
  node: MapOf | FieldTable,
  mask: TextMask,
): object {
  const fields = node instanceof MapOf ? undefined : fieldsOf(node);
  const others = node instanceof MapOf ? node.value : "unknown";
  let copy: Record<string, unknown> | undefined;
  for (const key in object) {
    const known = fields?.get(key);
    // Most fields of most messages; there may be a million.
    if (known === "kept") continue;
    const value = object[key];
    const one = known === undefined && mask.text(key) !== key
      ? undefined
      : masked(value, known ?? others, mask, object);
    if (one === value) continue;
    // A key "__proto__" stays a key.
    copy ??= Object.fromEntries(Object.entries(object));
    if (one === undefined) delete copy[key];
    else copy[key] = one;
  }
  return copy ?? object;
}

/** The fields of each table, as they are looked up. */
const lookups = new WeakMap<FieldTable, ReadonlyMap<string, FieldNode>>();

function fieldsOf(table: FieldTable): ReadonlyMap<string, FieldNode> {
  let fields = lookups.get(table);
  if (fields === undefined) {
    fields = new Map(Object.entries(table));
    lookups.set(table, fields);
  }
  return fields;
}

/** Whether any text, bytes or key of what nobody knows would be masked. */
function holdsValue(value: unknown, mask: TextMask): boolean {
  const open = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one === "string") {
      if (mask.text(one) !== one) return true;
    } else if (one instanceof Uint8Array) {
      if (mask.bytes(one) !== one) return true;
    } else if (typeof one === "object" && one !== null) {
      for (const [key, inner] of Object.entries(one)) {
        if (!Array.isArray(one) && mask.text(key) !== key) return true;
        open.push(inner);
      }
    }
  }
  return false;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && !Array.isArray(value) &&
    !(value instanceof Uint8Array);
}

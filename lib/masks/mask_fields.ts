import {
  Choice,
  type FieldKind,
  type FieldNode,
  type FieldTable,
  ListOf,
  MapOf,
} from "./field_kind.ts";

/**
 * How text is masked. Each method returns its argument itself where there is
 * nothing to mask.
 */
export interface TextMask {
  /** Masks a text that is complete. */
  text(text: string): string;
  /** The same for text that is given as bytes. */
  bytes(bytes: Uint8Array): Uint8Array;
  /**
   * Masks a part of a step's output. The result may be shorter or longer,
   * because some of it may be held back until a later call. `owner` is the
   * object that holds the part. Without this method, each part is masked as a
   * complete text.
   */
  output?(slice: Uint8Array, owner: object): Uint8Array;
}

/** A digest in the form that engines write. */
const DIGEST_REGEXP =
  /\bsha(?:256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})\b/g;

/**
 * Masks the fields of an answer that the table lists as text, and no others:
 * keys, kinds, ids, digests and numbers are never changed. A value that has not
 * the form that the table expects counts as unknown.
 *
 * @param node How `value` is masked; see `answer_fields.ts`.
 * @returns The same object where nothing was masked, otherwise a copy.
 * Undefined where the whole value is unknown and contains a secret.
 */
export function maskFields<T>(
  value: T,
  node: FieldNode,
  mask: TextMask,
): T | undefined {
  return masked(value, node, mask, {}) as T | undefined;
}

/** Masks one value; undefined means that it is left out. */
function masked(
  value: unknown,
  node: FieldNode,
  mask: TextMask,
  owner: object,
): unknown {
  if (node === "kept") return value;
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

/** Masks a sentence, except for the digests in it. */
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
    // A fast path for the most common case; there may be a million messages.
    if (known === "kept") continue;
    const value = object[key];
    const one = known === undefined && mask.text(key) !== key
      ? undefined
      : masked(value, known ?? others, mask, object);
    if (one === value) continue;
    // Copied in this way because a key "__proto__" must stay an ordinary key.
    copy ??= Object.fromEntries(Object.entries(object));
    if (one === undefined) delete copy[key];
    else copy[key] = one;
  }
  return copy ?? object;
}

/** The tables as maps, made when they are first used. */
const lookups = new WeakMap<FieldTable, ReadonlyMap<string, FieldNode>>();

function fieldsOf(table: FieldTable): ReadonlyMap<string, FieldNode> {
  let fields = lookups.get(table);
  if (fields === undefined) {
    fields = new Map(Object.entries(table));
    lookups.set(table, fields);
  }
  return fields;
}

/** Whether any text, bytes or key inside an unknown value would be masked. */
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
  return typeof value === "object" && value !== null &&
    !Array.isArray(value) && !(value instanceof Uint8Array);
}

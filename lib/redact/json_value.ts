/**
 * Masks the strings of JSON-like values.
 *
 * @module
 */

import { MASK } from "./spans.ts";

/** Nesting from which on a value is masked as a whole: walking it would overflow the stack. */
export const MAX_DEPTH = 500;

/** How to mask the leaves of a value. */
export interface Leaves {
  /** Masks a string; gives back the same one if there is nothing to mask. */
  text(text: string): string;
  /** Masks bytes; gives back the same object if there is nothing to mask. */
  bytes(bytes: Uint8Array): Uint8Array;
}

/**
 * Masks strings, keys and byte arrays in arrays and plain objects, at any depth.
 *
 * Gives back the same object where nothing was masked, and a copy where
 * something was; the input is never changed. Other objects (dates, maps,
 * class instances) and numbers pass as they are: they are not JSON. What cannot
 * be walked, a cycle or more than {@link MAX_DEPTH} levels, becomes `***`.
 */
export function maskJsonValue(value: unknown, leaves: Leaves): unknown {
  return mask(value, leaves, []);
}

function mask(value: unknown, leaves: Leaves, path: object[]): unknown {
  if (typeof value === "string") return leaves.text(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return leaves.bytes(value);
  const isArray = Array.isArray(value);
  if (!isArray && !isPlain(value)) return value;
  if (path.length >= MAX_DEPTH || path.includes(value)) return MASK;
  path.push(value);
  const masked = isArray
    ? maskArray(value, leaves, path)
    : maskObject(value, leaves, path);
  path.pop();
  return masked;
}

function maskArray(
  array: unknown[],
  leaves: Leaves,
  path: object[],
): unknown[] {
  let copy: unknown[] | undefined;
  for (let i = 0; i < array.length; i++) {
    const masked = mask(array[i], leaves, path);
    if (masked === array[i]) continue;
    copy ??= array.slice();
    copy[i] = masked;
  }
  return copy ?? array;
}

function maskObject(object: object, leaves: Leaves, path: object[]): object {
  let changed = false;
  const entries = new Map<string, unknown>();
  for (const [key, item] of Object.entries(object)) {
    let maskedKey = leaves.text(key);
    const masked = mask(item, leaves, path);
    changed ||= maskedKey !== key || !Object.is(masked, item);
    // Two masked keys may become the same: neither entry is to be lost.
    while (entries.has(maskedKey)) maskedKey += "*";
    entries.set(maskedKey, masked);
  }
  // fromEntries defines properties, so a key "__proto__" stays a key.
  return changed ? Object.fromEntries(entries) : object;
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

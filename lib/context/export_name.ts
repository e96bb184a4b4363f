// @ts-types="../std/hex.d.ts"
import { encodeHex } from "@std/encoding/hex";

const PREFIX = ".davit-export-";
const NAME_REGEXP = /^\.davit-export-[0-9a-f]{16}$/;

/**
 * A name for what an export is written to until its build went well. Nobody
 * else takes it, and who finds it after a crash knows whose it is.
 */
export function newExportName(): string {
  return PREFIX + encodeHex(crypto.getRandomValues(new Uint8Array(8)));
}

/**
 * Whether a file or folder has such a name. It is no part of any context: an
 * export may go to a folder in the one that it is built from, and a name that
 * is another each time would keep every later step out of the cache.
 */
export function isExportName(name: string): boolean {
  return name.startsWith(PREFIX) && NAME_REGEXP.test(name);
}

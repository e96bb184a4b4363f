const PREFIX = ".davit-export-";
const NAME_REGEXP = /^\.davit-export-[0-9a-f]{16}$/;

/**
 * A random name for the temporary file or folder of an export, which is renamed
 * when the build has succeeded. The prefix shows where it comes from if a crash
 * leaves it behind.
 */
export function newExportName(): string {
  return PREFIX + crypto.getRandomValues(new Uint8Array(8)).toHex();
}

/**
 * Whether a file or folder has such a temporary name. It is left out of every
 * context: an export may go to a folder within the context, and a different
 * name in each build would keep later steps from being found in the cache.
 */
export function isExportName(name: string): boolean {
  return name.startsWith(PREFIX) && NAME_REGEXP.test(name);
}

import type { ContextEntry } from "./entry.ts";
import type { ContextFilter } from "./filter.ts";
import type { MemoryFiles } from "./memory_files.ts";
import { comparePaths } from "./order.ts";
import { entryAt, walkContext } from "./walk.ts";

type Entries = Generator<ContextEntry | undefined, void, undefined>;

/**
 * The entries of a folder with files from memory laid over it, in the order in
 * which they are sent. A file in memory replaces what the folder has at its
 * path. A folder that is in both keeps the entry that it has in the file
 * system, and holds what is in either.
 *
 * @param root Real path of the folder; undefined if there is none.
 * @param files The files in memory; undefined if there are none.
 * @param without Paths in the folder that are left out.
 */
export function overlayEntries(
  root: string | undefined,
  files: MemoryFiles | undefined,
  filter: ContextFilter,
  without: ReadonlySet<string> = new Set(),
): Entries {
  // The walk itself, since another generator around it takes time for each file.
  if (files === undefined && root !== undefined) {
    return walkContext(root, filter, without);
  }
  return overlaidEntries(root, files, filter, without);
}

function* overlaidEntries(
  root: string | undefined,
  files: MemoryFiles | undefined,
  filter: ContextFilter,
  without: ReadonlySet<string>,
): Entries {
  if (files === undefined) return; // neither a folder nor files
  if (root === undefined) return yield* files.entries(filter);
  const out = new Set(without);
  const folders = new Map<string, ContextEntry>();
  for (const { path, type } of files.all()) {
    const there = files.hides(path) ? undefined : entryAt(root, path);
    if (type !== "directory" || there?.type !== "directory") out.add(path);
    else folders.set(path, there);
  }
  yield* merged(
    walkContext(root, filter, out),
    files.entries(filter),
    folders,
  );
}

/**
 * Merges two walks. An entry that is in both is taken from the first; for a
 * folder in `folders`, the entry there is taken.
 */
function* merged(
  below: Entries,
  above: Entries,
  folders: ReadonlyMap<string, ContextEntry>,
): Entries {
  let left = yield* nextOf(below);
  let right = yield* nextOf(above);
  while (left !== undefined || right !== undefined) {
    const order = left === undefined
      ? Infinity
      : right === undefined
      ? -Infinity
      : comparePaths(left.path, right.path);
    if (order <= 0) yield left;
    else yield folders.get(right!.path) ?? right;
    if (order <= 0) left = yield* nextOf(below);
    if (order >= 0) right = yield* nextOf(above);
  }
}

/**
 * The next entry; undefined after the last one. Pauses are passed on to the
 * caller.
 */
function* nextOf(
  entries: Entries,
): Generator<undefined, ContextEntry | undefined, undefined> {
  while (true) {
    const { done, value } = entries.next();
    if (done) return undefined;
    if (value !== undefined) return value;
    yield;
  }
}

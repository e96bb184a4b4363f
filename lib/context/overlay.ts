import type { ContextEntry } from "./entry.ts";
import type { ContextFilter } from "./filter.ts";
import type { MemoryFiles } from "./memory_files.ts";
import { comparePaths } from "./order.ts";
import { entryAt, walkContext } from "./walk.ts";

type Entries = Generator<ContextEntry | undefined, void, undefined>;

/**
 * Every entry of a folder with files from memory over it, in the order of the
 * wire: what is in memory takes the place of what the folder has under its
 * name. A folder that both have is the folder's own, with what is in either.
 *
 * @param root Real path of the folder; undefined for none.
 * @param files Undefined for none.
 * @param without Paths in the folder that are left out.
 */
export function* overlayEntries(
  root: string | undefined,
  files: MemoryFiles | undefined,
  filter: ContextFilter,
  without: ReadonlySet<string> = new Set(),
): Entries {
  if (files === undefined) {
    if (root !== undefined) yield* walkContext(root, filter, without);
    return;
  }
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

/** Two walks as one; of an entry of both, and of a folder that is known, the first's. */
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

/** The next entry; undefined behind the last. Pauses go on to the caller. */
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

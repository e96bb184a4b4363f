import type { ContextFilter } from "../../context/filter.ts";
import type { MemoryFiles } from "../../context/memory_files.ts";

/** A folder whose files may belong to a context. */
export interface FilteredFolder {
  /** Real path of the folder; undefined where there are only files in memory. */
  readonly root: string | undefined;
  /** Files in memory that lie over the folder. */
  readonly memory: MemoryFiles | undefined;
  /** Decides which files belong to the context. */
  filter(): Promise<ContextFilter>;
}

/**
 * The path in a context of a file of this machine; undefined if the file is not
 * in the context, or is ignored.
 *
 * @throws {ContextError} If an ignore file can't be read.
 */
export async function findInside(
  { root, memory, filter }: FilteredFolder,
  file: string | URL,
): Promise<string | undefined> {
  if (root === undefined) return undefined;
  const above = root.replace(/\/?$/, "/");
  const path = await Deno.realPath(file);
  if (!path.startsWith(above)) return undefined;
  const inside = path.slice(above.length);
  if (memory?.hides(inside)) return undefined;
  return (await filter()).keeps(inside) ? inside : undefined;
}

import { quoted } from "../fsutil/entry_check.ts";
import { ExportError } from "./export_error.ts";
import type { HeldFolder } from "./held_folder.ts";
import type { HeldTree } from "./held_tree.ts";

/** One entry that is moved. */
export interface Move {
  /** Its path, relative to both folders. */
  readonly path: string;
  /**
   * What is at the target. `same`: something that the rename itself can
   * replace. `other`: something that has to be moved away first, because a
   * rename can't replace a folder by a file or a file by a folder.
   */
  readonly there: "nothing" | "same" | "other";
}

/** A folder that is in both trees, as it was before the merge. */
export interface MergedFolder {
  /** Its path, relative to both; empty for the destination itself. */
  readonly path: string;
  /** Its permissions. */
  readonly mode: number;
  /** Time of its last change. */
  readonly mtime: Date | null;
}

/** What has to be done to merge a tree into a folder. */
export interface MergePlan {
  /** The entries to move. */
  readonly moves: readonly Move[];
  /** The folders that are in both trees, and whose entries are merged. */
  readonly merged: ReadonlyMap<string, MergedFolder>;
}

/**
 * Compares a received tree with the folder into which it is merged.
 *
 * @param check Called with each folder that is merged.
 * @throws {ExportError} If a folder in the destination is on another file
 * system.
 */
export function* planMerge(
  from: string,
  dest: HeldTree,
  check: (folder: HeldFolder) => void,
): Generator<void, MergePlan, undefined> {
  const moves: Move[] = [];
  const merged = new Map<string, MergedFolder>();
  const { dev } = Deno.lstatSync(from);
  const merge = (path: string) => {
    const folder = dest.folder(path);
    check(folder);
    merged.set(path, folderOf(path, folder.info));
  };
  merge("");
  const open = [""];
  for (let under = open.pop(); under !== undefined; under = open.pop()) {
    for (const entry of Deno.readDirSync(`${from}/${under}`)) {
      const path = under + entry.name;
      const there = lstat(dest.at(path));
      if (there === undefined) moves.push({ path, there: "nothing" });
      else if (there.isDirectory !== entry.isDirectory) {
        moves.push({ path, there: "other" });
      } else if (!entry.isDirectory) moves.push({ path, there: "same" });
      else open.push(`${path}/`);
      if (there?.isDirectory && there.dev !== dev) {
        throw new ExportError(
          `Cannot export: ${
            quoted(path)
          } in the folder is on another file system; nothing was changed there: export to it alone`,
        );
      }
      if (there?.isDirectory && entry.isDirectory) merge(path);
      yield;
    }
  }
  return { moves, merged };
}

function folderOf(
  path: string,
  { mode, mtime }: Deno.FileInfo,
): MergedFolder {
  return { path, mode: mode! & 0o7777, mtime };
}

function lstat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

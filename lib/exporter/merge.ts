import { cannotExport, ExportError } from "./export_error.ts";
import { quoted } from "../fsutil/entry_check.ts";
import { type MergePlan, type Move, planMerge } from "./merge_plan.ts";
import { type HeldFolder, refuseShared } from "./held_folder.ts";
import { plainWords } from "./held_names.ts";
import { HeldTree } from "./held_tree.ts";
import { setMode } from "./mode.ts";
import { setTime } from "./time.ts";
import { inSlices } from "../streams/slices.ts";
import type { StagedFolder } from "./staged_tree.ts";

/** The owner's permissions to read, write and enter. */
const OWNER_BITS = 0o700;

/** The folders that take part in a merge. */
export interface Merge {
  /**
   * A private folder on the same file system: `new` in it holds what was
   * received, `old` is empty and takes what is replaced.
   */
  readonly area: HeldFolder;
  /** The destination, in which others may write, too. */
  readonly dest: HeldFolder;
  /**
   * Permissions and times of the received folders; a folder comes before those
   * in it.
   */
  readonly folders: readonly StagedFolder[];
  /** The destination as the caller named it. */
  readonly name: string;
}

/**
 * Moves a received tree into an existing folder, by renames only. As with
 * docker's client, what is there stays unless an entry with the same name is
 * received: two folders are merged, and anything else is replaced.
 *
 * @throws {ExportError} If it fails: then everything is moved back, and what
 * was replaced is put back. Only if that fails, too, the error's `moved` lists
 * the paths that are still replaced.
 */
export async function mergeInto(merge: Merge): Promise<void> {
  const { area, folders, name } = merge;
  const from = area.at("new");
  using dest = new HeldTree(merge.dest);
  const way: Way = { from, dest, trash: area.at("old") };
  let plan: MergePlan;
  try {
    plan = await inSlices(
      planMerge(from, dest, (folder) => refuseShared(folder, area)),
    );
  } catch (error) {
    if (error instanceof ExportError) throw error;
    throw unchanged(name, error);
  }
  const done: Move[] = [];
  try {
    const late = setFolders(
      (path) => `${from}/${path}`,
      folders,
      ({ path, mode }) =>
        plan.merged.has(path) || (mode & OWNER_BITS) !== OWNER_BITS,
    );
    await inSlices(move(way, plan, done));
    setFolders((path) => dest.folder(path).path, late, () => false);
  } catch (cause) {
    try {
      await inSlices(undo(way, plan, done));
    } catch {
      throw halfWay(name, plan.moves.length, done, cause);
    }
    throw unchanged(name, cause);
  }
}

/** Where entries are moved from and to, and where replaced ones are kept. */
interface Way {
  readonly from: string;
  readonly dest: HeldTree;
  readonly trash: string;
}

function* move(
  { from, dest, trash }: Way,
  { moves, merged }: MergePlan,
  done: Move[],
): Generator<void, void, undefined> {
  for (const { path, mode } of merged.values()) {
    // Folders that can't be written are opened for the time of the merge. Not
    // so the destination itself: its owner did not want it to be written.
    if (path === "" || (mode & 0o300) === 0o300) continue;
    setMode(dest.folder(path).path, OWNER_BITS);
  }
  for (const step of moves) {
    const { path, there } = step;
    const [source, target] = [`${from}/${path}`, dest.at(path)];
    const kept = `${trash}/${done.length}`;
    if (there === "nothing") Deno.renameSync(source, target);
    else if (there === "other" || !keepLink(target, kept)) {
      replace(source, target, kept);
    } else Deno.renameSync(source, target);
    done.push(step);
    yield;
  }
}

/**
 * Keeps the present file under a second name, so that the rename can replace it
 * and its place is never empty; false if the file system has no hard links.
 */
function keepLink(target: string, kept: string): boolean {
  try {
    Deno.linkSync(target, kept);
    return true;
  } catch {
    return false;
  }
}

/** Moves away what is at the target, and then moves the new entry there. */
function replace(source: string, target: string, kept: string): void {
  Deno.renameSync(target, kept);
  try {
    Deno.renameSync(source, target);
  } catch (error) {
    Deno.renameSync(kept, target);
    throw error;
  }
}

/**
 * Moves back what was moved, the last one first; each is removed from `done`.
 */
function* undo(
  { from, dest, trash }: Way,
  { merged }: MergePlan,
  done: Move[],
): Generator<void, void, undefined> {
  for (let step = done.at(-1); step !== undefined; step = done.at(-1)) {
    const { path, there } = step;
    const [source, target] = [`${from}/${path}`, dest.at(path)];
    if (there !== "same") Deno.renameSync(target, source);
    if (there !== "nothing") {
      Deno.renameSync(`${trash}/${done.length - 1}`, target);
    }
    done.pop();
    yield;
  }
  for (const { path, mode, mtime } of [...merged.values()].reverse()) {
    const at = dest.folder(path).path;
    if (path !== "") setMode(at, mode);
    if (mtime !== null) setTime(at, mtime);
  }
}

/**
 * Sets permissions and times of folders, innermost first.
 *
 * @param pathOf Returns the path at which the folder is now.
 * @param isLater Whether a folder is left for later.
 * @returns The folders that are left for later, in their order.
 */
export function setFolders(
  pathOf: (path: string) => string,
  folders: readonly StagedFolder[],
  isLater: (folder: StagedFolder) => boolean,
): StagedFolder[] {
  for (const folder of folders.toReversed()) {
    if (isLater(folder)) continue;
    const at = pathOf(folder.path);
    setMode(at, folder.mode);
    setTime(at, folder.mtime);
  }
  return folders.filter(isLater);
}

function unchanged(name: string, cause: unknown): ExportError {
  const crossed = cause instanceof Error &&
    (cause as { code?: string }).code === "EXDEV";
  return cannotExport(
    name,
    crossed
      ? "nothing was changed there, since something in it can't be moved away: a mount point, or a folder of a lower layer; remove it first, or export elsewhere"
      : "nothing was changed there",
    cause,
  );
}

function halfWay(
  name: string,
  count: number,
  done: readonly Move[],
  cause: unknown,
): ExportError {
  const moved = done.map(({ path }) => path);
  const shown = moved.slice(0, 10).map(quoted).join(", ");
  const words = plainWords(cause);
  return new ExportError(
    `The export to ${
      JSON.stringify(name)
    } is incomplete: ${done.length} of ${count} entries were moved there${
      moved.length === 0
        ? ""
        : ` (${shown}${
          moved.length > 10 ? ", …" : ""
        }) and could not be taken back`
    }, then this failed: ${words}`,
    { cause, moved },
  );
}

import { cannotExport, ExportError } from "./export_error.ts";
import { quoted } from "./entry_path.ts";
import { setMode } from "./mode.ts";
import { inSlices } from "./slices.ts";
import type { StagedFolder } from "./staged_tree.ts";

/** Reading, writing and entering by the owner. */
const OWNER_BITS = 0o700;

/** One rename. */
interface Move {
  readonly path: string;
  /** Whether what is in the way has to go first: a rename replaces only like by like. */
  readonly clear: boolean;
}

/** What is to be done to merge a tree into a folder. */
interface MergePlan {
  readonly moves: readonly Move[];
  /** Folders that both have: their content is merged. */
  readonly merged: ReadonlySet<string>;
  /** Those of them that don't let their owner write. */
  readonly locked: readonly string[];
}

/** The folders that take part in a merge. */
export interface Merge {
  /** What was received. */
  readonly from: string;
  /** Where it goes; must be there. */
  readonly dest: string;
  /** An empty folder on the same file system, for what is replaced. */
  readonly trash: string;
  /** Permissions and times of the received folders, each before those in it. */
  readonly folders: readonly StagedFolder[];
  /** What the caller calls the destination. */
  readonly name: string;
}

/**
 * Moves a received tree into a folder that is there, by renames alone. As
 * docker's client has it, what is there stays unless its name is taken: a
 * folder is merged with a folder, and anything else is replaced.
 *
 * @throws {ExportError} If it fails. What can be foreseen fails before the
 * first move; after it, `moved` of the error names what was moved.
 */
export async function mergeInto(merge: Merge): Promise<void> {
  const { from, dest, folders, name } = merge;
  let plan: MergePlan;
  try {
    plan = await inSlices(planMerge(from, dest));
  } catch (error) {
    if (error instanceof ExportError) throw error;
    throw cannotExport(name, "nothing was changed there", error);
  }
  const { moves, merged } = plan;
  const done = { count: 0 };
  try {
    const late = setFolders(
      from,
      folders,
      ({ path, mode }) =>
        merged.has(path) || (mode & OWNER_BITS) !== OWNER_BITS,
    );
    await inSlices(move(merge, plan, done));
    setFolders(dest, late, () => false);
  } catch (cause) {
    throw halfWay(name, moves, done.count, cause);
  }
}

function* move(
  { from, dest, trash }: Merge,
  { moves, locked }: MergePlan,
  done: { count: number },
): Generator<void, void, undefined> {
  for (const path of locked) setMode(`${dest}/${path}`, OWNER_BITS);
  for (const { path, clear } of moves) {
    const [source, target] = [`${from}/${path}`, `${dest}/${path}`];
    if (clear) replace(source, target, `${trash}/${done.count}`);
    else Deno.renameSync(source, target);
    done.count++;
    yield;
  }
}

/** Puts something in the place of what a rename alone can't replace. */
function replace(source: string, target: string, trash: string): void {
  Deno.renameSync(target, trash);
  try {
    Deno.renameSync(source, target);
  } catch (error) {
    Deno.renameSync(trash, target);
    throw error;
  }
}

/**
 * Sets permissions and times of folders, innermost first.
 *
 * @returns Those that are left for later, in their order.
 */
export function setFolders(
  root: string,
  folders: readonly StagedFolder[],
  isLater: (folder: StagedFolder) => boolean,
): StagedFolder[] {
  for (const folder of folders.toReversed()) {
    if (isLater(folder)) continue;
    const at = `${root}/${folder.path}`;
    setMode(at, folder.mode);
    Deno.utimeSync(at, folder.mtime, folder.mtime);
  }
  return folders.filter(isLater);
}

function* planMerge(
  from: string,
  dest: string,
): Generator<void, MergePlan, undefined> {
  const moves: Move[] = [];
  const merged = new Set<string>();
  const locked: string[] = [];
  const { dev } = Deno.lstatSync(from);
  const open = [""];
  for (let under = open.pop(); under !== undefined; under = open.pop()) {
    for (const entry of Deno.readDirSync(`${from}/${under}`)) {
      const path = under + entry.name;
      const there = lstat(`${dest}/${path}`);
      if (there === undefined || there.isDirectory !== entry.isDirectory) {
        moves.push({ path, clear: there !== undefined });
      } else if (!entry.isDirectory) moves.push({ path, clear: false });
      else {
        merged.add(path);
        open.push(`${path}/`);
        if (((there.mode ?? OWNER_BITS) & 0o300) !== 0o300) locked.push(path);
      }
      if (there?.isDirectory && there.dev !== dev) {
        throw new ExportError(
          `Cannot export: ${
            quoted(path)
          } in the folder is on another file system; nothing was changed there: export to it alone`,
        );
      }
      yield;
    }
  }
  return { moves, merged, locked };
}

function lstat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function halfWay(
  name: string,
  moves: readonly Move[],
  done: number,
  cause: unknown,
): ExportError {
  const moved = moves.slice(0, done).map(({ path }) => path);
  const shown = moved.slice(0, 10).map(quoted).join(", ");
  const words = cause instanceof Error ? cause.message : String(cause);
  return new ExportError(
    `The export to ${
      JSON.stringify(name)
    } is incomplete: ${done} of ${moves.length} entries were moved there${
      done === 0 ? "" : ` (${shown}${done > 10 ? ", …" : ""})`
    }, then this failed: ${words}`,
    { cause, moved },
  );
}

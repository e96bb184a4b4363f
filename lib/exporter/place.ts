// @ts-types="../std/path.d.ts"
import { basename } from "@std/path/posix/basename";
// @ts-types="../std/path.d.ts"
import { dirname } from "@std/path/posix/dirname";
// @ts-types="../std/path.d.ts"
import { join } from "@std/path/posix/join";
// @ts-types="../std/path.d.ts"
import { resolve } from "@std/path/posix/resolve";
import { advised } from "../advice.ts";
import { newExportName } from "../context/export_name.ts";
import { cannotExport, ExportError } from "./export_error.ts";
import { exchanged, HeldFolder, refuseShared } from "./held_folder.ts";

/** The place of an export's destination, and what is there now. */
export interface ExportPlace {
  /** The path, links resolved. */
  readonly path: string;
  /** The last part of the path. */
  readonly name: string;
  /** The folder or file that is there; undefined if there is none. */
  readonly info: Deno.FileInfo | undefined;
  /** Folders above it that do not exist, outermost first. */
  readonly missing: readonly string[];
}

/**
 * Finds the place of an export.
 *
 * @throws {ExportError} If something of another kind is there, or a part of the
 * path above is not a folder.
 */
export async function findPlace(
  dest: string,
  kind: "folder" | "file",
): Promise<ExportPlace> {
  const path = resolve(dest);
  try {
    const info = await Deno.stat(path).catch(ifNotFound);
    if (info !== undefined) {
      if (kind === "folder" ? !info.isDirectory : !info.isFile) {
        const error = cannotExport(dest, `it is not a ${kind}`);
        // A device or a FIFO can't be replaced; the advice is to give it as a
        // stream.
        throw kind === "file" && !info.isDirectory
          ? advised(
            (message) => new ExportError(message),
            "stream-dest",
            error.message,
          )
          : error;
      }
      const real = await Deno.realPath(path);
      return { path: real, name: basename(real), info, missing: [] };
    }
    if (await Deno.lstat(path).catch(ifNotFound) !== undefined) {
      throw cannotExport(dest, "it is a link to nothing");
    }
    return await placeBelow(dest, path);
  } catch (error) {
    throw error instanceof Error && error.name === "ExportError"
      ? error
      : cannotExport(dest, "it can't be looked at", error);
  }
}

/** The place of a destination that does not exist yet. */
async function placeBelow(dest: string, path: string): Promise<ExportPlace> {
  const names = [basename(path)];
  let above = dirname(path);
  let info = await Deno.stat(above).catch(ifNotFound);
  while (info === undefined && above !== dirname(above)) {
    if (await Deno.lstat(above).catch(ifNotFound) !== undefined) {
      throw cannotExport(dest, "a folder above it is a link to nothing");
    }
    names.unshift(basename(above));
    above = dirname(above);
    info = await Deno.stat(above).catch(ifNotFound);
  }
  if (!info?.isDirectory) {
    throw cannotExport(dest, "what it would lie in is not a folder");
  }
  const real = await Deno.realPath(above);
  const missing = names.slice(0, -1).map((_, index) =>
    join(real, ...names.slice(0, index + 1))
  );
  const name = basename(path);
  return { path: join(real, ...names), name, info: undefined, missing };
}

/**
 * Makes the missing folders above a place.
 *
 * @returns A function that removes the folders that were made, as far as they
 * are empty; it may be called again.
 * @throws {ExportError} If one can't be made.
 */
export async function makeParents(
  dest: string,
  { missing }: ExportPlace,
): Promise<() => Promise<void>> {
  const made: string[] = [];
  const takeBack = async () => {
    for (let last = made.at(-1); last !== undefined; last = made.at(-1)) {
      try {
        using above = HeldFolder.open(dirname(last));
        await Deno.remove(above.at(basename(last)));
      } catch {
        return; // somebody put something there, and it is theirs now
      }
      made.pop();
    }
  };
  try {
    for (const folder of missing) {
      using above = HeldFolder.open(dirname(folder));
      await Deno.mkdir(above.at(basename(folder)));
      made.push(folder);
    }
  } catch (error) {
    await takeBack();
    throw cannotExport(dest, "the folder above it can't be made", error);
  }
  return takeBack;
}

/**
 * A private temporary folder, from which entries can be moved to the
 * destination.
 */
export class ExportArea {
  /** The folder itself. */
  readonly folder: HeldFolder;
  /**
   * The folder that contains it: the parent of the destination, or the
   * destination itself.
   */
  readonly above: HeldFolder;

  private constructor(folder: HeldFolder, above: HeldFolder) {
    this.folder = folder;
    this.above = above;
  }

  /**
   * Makes such a folder.
   *
   * @param path The folder that will contain it.
   * @throws {Error} If it can't be made there.
   * @throws {ExportError} If the new folder was replaced by another user's.
   */
  static async in(path: string): Promise<ExportArea> {
    const above = HeldFolder.open(path);
    const name = newExportName();
    try {
      await Deno.mkdir(above.at(name), { mode: 0o700 });
      const folder = above.child(name);
      if (folder.isHeld && folder.info.uid !== Deno.uid()) {
        throw exchanged(folder.name);
      }
      return new ExportArea(folder, above);
    } catch (error) {
      above[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Removes the folder with everything in it, whatever its permissions are, and
   * closes it.
   */
  async remove(): Promise<void> {
    using above = this.above;
    using folder = this.folder;
    for (const { name } of [...Deno.readDirSync(folder.path)]) {
      try {
        await Deno.remove(folder.at(name), { recursive: true });
      } catch {
        await openUp(folder.at(name));
        await Deno.remove(folder.at(name), { recursive: true });
      }
    }
    await Deno.remove(above.at(basename(folder.name)));
  }
}

/**
 * Makes a private temporary folder for an export. It is beside the destination;
 * or in it, if the destination is a mount point or its parent can't be written.
 *
 * @throws {ExportError} If there is no place for it; as root, also if the only
 * place is one where others may write and could redirect the export.
 */
export async function makeArea(
  dest: string,
  place: ExportPlace,
  kind: "folder" | "file",
): Promise<ExportArea> {
  const { path, info } = place;
  const isThere = info !== undefined && kind === "folder";
  let cause: unknown;
  for (const folder of [dirname(path), ...(isThere ? [path] : [])]) {
    let area: ExportArea;
    try {
      area = await ExportArea.in(folder);
    } catch (error) {
      cause = error;
      continue;
    }
    try {
      if (!isThere || folder === path || await canMove(area.folder, path)) {
        refuseShared(area.above, area.folder);
        return area;
      }
    } catch (error) {
      await area.remove();
      throw error;
    }
    await area.remove();
  }
  throw cannotExport(dest, "nothing can be written there", cause);
}

/**
 * Whether entries can be moved from one folder to the other. Two mounts of the
 * same file system have the same device number, so it is tried with a name that
 * does not exist: this changes nothing, and Linux checks the mounts before it
 * looks for the name.
 */
async function canMove(area: HeldFolder, path: string): Promise<boolean> {
  using to = HeldFolder.open(path);
  if (area.info.dev !== to.info.dev) return false;
  const name = newExportName();
  try {
    await Deno.rename(area.at(name), to.at(name));
    return true;
  } catch (error) {
    return (error as { code?: string }).code !== "EXDEV";
  }
}

/**
 * Gives the owner access to all folders: a folder that can't be written can't
 * be emptied.
 */
async function openUp(folder: string): Promise<void> {
  await Deno.chmod(folder, 0o700);
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isDirectory) await openUp(join(folder, entry.name));
  }
}

function ifNotFound(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

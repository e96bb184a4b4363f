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

/** Where a folder or file is to be, and what is there now. */
export interface ExportPlace {
  /** Its path, without links. */
  readonly path: string;
  /** Its own name, the last part of the path. */
  readonly name: string;
  /** What is there: the folder or file that is asked for. */
  readonly info: Deno.FileInfo | undefined;
  /** Folders above it that are not there, outermost first. */
  readonly missing: readonly string[];
}

/**
 * Finds the place of an export.
 *
 * @throws {ExportError} If something of another kind is there, or above it.
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
        // A device, a FIFO: to be written to as it is.
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

/** The place of something that is not there yet. */
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
 * Makes the folders above a place that are missing.
 *
 * @returns Takes back those that were made and are empty.
 * @throws {ExportError} If one can't be made.
 */
export async function makeParents(
  dest: string,
  { missing }: ExportPlace,
): Promise<() => Promise<void>> {
  const made: string[] = [];
  const takeBack = async () => {
    for (const folder of made.toReversed()) {
      try {
        using above = HeldFolder.open(dirname(folder));
        await Deno.remove(above.at(basename(folder)));
      } catch {
        return; // somebody put something there, and it is theirs now
      }
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

/** A private folder that what is in it can be moved from to its place. */
export class ExportArea {
  /** The folder itself. */
  readonly folder: HeldFolder;
  /** The one that it lies in: beside the place, or the place itself. */
  readonly above: HeldFolder;

  private constructor(folder: HeldFolder, above: HeldFolder) {
    this.folder = folder;
    this.above = above;
  }

  /**
   * Makes one.
   *
   * @throws {Error} If it can't be made there.
   * @throws {ExportError} If somebody else's folder took its place.
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

  /** Removes it with all that is in it, whatever its permissions are, and lets go. */
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
 * Makes a private folder that what is in it can be moved from to its place:
 * beside it, or in it, where it is a mount point or its parent is closed to us.
 *
 * @throws {ExportError} If there is no place for one, or, for root, only where
 * others may write and could lead it astray.
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
 * Whether something can be moved from one folder to the other. Two mounts of
 * one file system look the same, so it is tried with what is not there: that
 * changes nothing, and Linux looks at the mounts before it looks for it.
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

/** Lets the owner into every folder: one that may not be written can't be emptied. */
async function openUp(folder: string): Promise<void> {
  await Deno.chmod(folder, 0o700);
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isDirectory) await openUp(join(folder, entry.name));
  }
}

function ifNotFound(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

// @ts-types="../std/path.d.ts"
import { basename } from "@std/path/posix/basename";
// @ts-types="../std/path.d.ts"
import { dirname } from "@std/path/posix/dirname";
// @ts-types="../std/path.d.ts"
import { join } from "@std/path/posix/join";
// @ts-types="../std/path.d.ts"
import { resolve } from "@std/path/posix/resolve";
import { newExportName } from "../context/export_name.ts";
import { cannotExport } from "./export_error.ts";

/** Where a folder or file is to be, and what is there now. */
export interface Place {
  /** Its path, without links. */
  readonly path: string;
  /** What is there: the folder or file that is asked for. */
  readonly info: Deno.FileInfo | undefined;
}

/**
 * Finds the place of an export.
 *
 * @throws {ExportError} If something of another kind is there, or no folder to
 * put it in.
 */
export async function findPlace(
  dest: string,
  kind: "folder" | "file",
): Promise<Place> {
  const path = resolve(dest);
  try {
    const info = await Deno.stat(path).catch(ifNotFound);
    if (info !== undefined) {
      if (kind === "folder" ? !info.isDirectory : !info.isFile) {
        throw cannotExport(
          dest,
          `it is not a ${kind}${
            kind === "file" && !info.isDirectory
              ? "; give a stream, such as Deno.stdout.writable"
              : ""
          }`,
        );
      }
      return { path: await Deno.realPath(path), info };
    }
    if (await Deno.lstat(path).catch(ifNotFound) !== undefined) {
      throw cannotExport(dest, "it is a link to nothing");
    }
    const parent = await Deno.stat(dirname(path)).catch(ifNotFound);
    if (!parent?.isDirectory) {
      throw cannotExport(dest, "the folder that it would lie in is not there");
    }
    const real = await Deno.realPath(dirname(path));
    return { path: join(real, basename(path)), info: undefined };
  } catch (error) {
    throw error instanceof Error && error.name === "ExportError"
      ? error
      : cannotExport(dest, "it can't be looked at", error);
  }
}

/** A path in the same folder, and so on the same file system. */
export function temporaryBeside(place: Place): string {
  return join(dirname(place.path), newExportName());
}

/**
 * Makes a private folder on the file system of a folder that is to be written:
 * beside it, or in it, where it is a mount point or its parent is closed to us.
 */
export async function makeArea(dest: string, place: Place): Promise<string> {
  const parent = dirname(place.path);
  const folders = [parent];
  if (place.info !== undefined) {
    const { dev } = await Deno.stat(parent);
    if (dev !== place.info.dev) folders.pop();
    folders.push(place.path);
  }
  for (;;) {
    const area = join(folders.shift()!, newExportName());
    try {
      await Deno.mkdir(area, { mode: 0o700 });
      return area;
    } catch (error) {
      if (folders.length === 0) {
        throw cannotExport(dest, "nothing can be written there", error);
      }
    }
  }
}

/** Removes a folder with all that is in it, whatever its permissions are. */
export async function removeArea(area: string): Promise<void> {
  try {
    await Deno.remove(area, { recursive: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    await openUp(area);
    await Deno.remove(area, { recursive: true });
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

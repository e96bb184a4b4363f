// @ts-types="../std/path.d.ts"
import { dirname } from "@std/path/posix/dirname";
// @ts-types="../std/path.d.ts"
import { join } from "@std/path/posix/join";
import { newExportName } from "../context/export_name.ts";

/**
 * Writes a file that is there whole or not at all: beside its place, and then
 * moved there. What is no file, such as a pipe, is written as it is, and so are a
 * file in a folder in which none can be made, and the file that a link leads to
 * and that is not there yet. A file keeps its mode, and a link its target.
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const info = await Deno.stat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  const isFile = info?.isFile ?? !await isLink(path);
  if (!isFile) {
    await Deno.writeTextFile(path, text);
    return;
  }
  const place = info === undefined ? path : await Deno.realPath(path);
  // A name that no context takes, and no watch follows.
  const aside = join(dirname(place), newExportName());
  try {
    await Deno.writeTextFile(aside, text, { createNew: true });
  } catch (error) {
    // Neither the system nor Deno's permissions may allow another file there.
    const isRefused = error instanceof Deno.errors.PermissionDenied ||
      error instanceof Deno.errors.NotCapable;
    if (!isRefused) {
      await Deno.remove(aside).catch(() => {});
      throw error;
    }
    await Deno.writeTextFile(place, text);
    return;
  }
  try {
    if (typeof info?.mode === "number") {
      await Deno.chmod(aside, info.mode & 0o7777);
    }
    await Deno.rename(aside, place);
  } catch (error) {
    await Deno.remove(aside);
    throw error;
  }
}

/** Whether there is a link, wherever it leads. */
async function isLink(path: string): Promise<boolean> {
  const info = await Deno.lstat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  return info?.isSymlink === true;
}

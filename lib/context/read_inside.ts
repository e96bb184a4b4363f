import { ContextError } from "../errors.ts";
import { isGone, swapped, unreadable } from "./unreadable.ts";

/** How many links may stand between a path and its file, as in Linux. */
const MAX_LINKS = 40;

/** The longest file that is read as a whole: no Dockerfile or ignore file comes near. */
export const MAX_TEXT_BYTES: number = 16 * 1024 * 1024;

/**
 * Reads a file of a folder as an engine would, that has this folder and nothing
 * else: links that lead out of it end at its root, as in a chroot. A checkout
 * of somebody else's can't show a file of this machine that way.
 *
 * @param root Real path of the folder.
 * @param path Path in it.
 * @param advice What to do if it can't be read.
 * @returns The content; undefined if there is no such file in the folder.
 * @throws {ContextError} If it can't be read, or is no regular file.
 */
export async function readInside(
  root: string,
  path: string,
  advice: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const base = root.endsWith("/") ? root : `${root}/`;
  const inside = await resolveInside(base, path);
  if (inside === undefined) return undefined;
  const bytes = await readText(base + inside, advice);
  if (bytes === undefined) return undefined;
  // A link that was put there since it was looked at would have led elsewhere.
  const real = await Deno.realPath(base + inside).catch(() => undefined);
  const isSame = Deno.build.os === "windows" || real === base + inside;
  if (!isSame) throw swapped(base + inside);
  return bytes;
}

/**
 * Reads a file that is a Dockerfile or an ignore file.
 *
 * @param path Where it is; links are followed.
 * @param advice What to do if it can't be read.
 * @returns The content; undefined if there is none.
 * @throws {ContextError} If it can't be read, is no regular file, or is far too long.
 */
export async function readText(
  path: string,
  advice: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    // A FIFO or a device may never end, and reading it can't be given up.
    const { isFile, isDirectory, size } = await Deno.stat(path);
    if (!isFile) {
      const what = isDirectory ? "a folder" : "no regular file";
      throw new ContextError(
        `Cannot build: ${path} can't be read (it is ${what}): ${advice}`,
      );
    }
    if (size > MAX_TEXT_BYTES) throw tooLong(path);
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof ContextError) throw error;
    if (isGone(error)) return undefined;
    throw unreadable(path, error, advice);
  }
}

/** Something is read as a whole that is too long for that. */
export function tooLong(what: string): ContextError {
  return new ContextError(
    `Cannot build: ${what} has more than ${MAX_TEXT_BYTES} bytes, and is no text that an engine reads`,
  );
}

/** Path without links that means the same in the folder; undefined where it is not known. */
async function resolveInside(
  base: string,
  path: string,
): Promise<string | undefined> {
  const waiting = path.split("/").reverse();
  const parts: string[] = [];
  let links = 0;
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      parts.pop();
      continue;
    }
    const target = await linkAt(base + [...parts, part].join("/"));
    if (target === undefined) parts.push(part);
    else if (++links > MAX_LINKS) return undefined;
    else {
      if (target.startsWith("/")) parts.length = 0;
      waiting.push(...target.split("/").reverse());
    }
  }
  return parts.length === 0 ? undefined : parts.join("/");
}

async function linkAt(path: string): Promise<string | undefined> {
  try {
    return await Deno.readLink(path);
  } catch {
    return undefined; // no link there, or nothing at all
  }
}

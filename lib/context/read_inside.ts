import { ContextError } from "../errors.ts";
import type { OpenFileInfo } from "../open_file.ts";
import { ByteStream } from "../streams/byte_stream.ts";
import { readBytes } from "../streams/read_whole.ts";
import { contextError } from "./context_error.ts";
import type { MemoryFiles } from "./memory_files.ts";
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
 * @param files What lies over the folder.
 * @returns The content; undefined if there is no such file in the folder.
 * @throws {ContextError} If it can't be read, or is no regular file.
 */
export async function readInside(
  root: string | undefined,
  path: string,
  advice: string,
  files?: MemoryFiles,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const base = root === undefined || root.endsWith("/") ? root : `${root}/`;
  const inside = await resolveInside(
    path,
    async (path) => {
      const above = files?.linkAt(path);
      if (above !== undefined) return above ?? undefined;
      return base === undefined ? undefined : await linkAt(base + path);
    },
  );
  if (inside === undefined) return undefined;
  const content = files?.content(inside);
  if (content !== undefined) {
    if (content.length > MAX_TEXT_BYTES) throw tooLong(inside);
    return content;
  }
  if (
    root === undefined || base === undefined || files?.hides(inside)
  ) return undefined;
  const full = base + inside;
  return await readWhole(full, advice, Deno.lstat, async () => {
    const { FolderFile } = await import("./file.ts");
    return new FolderFile(root, inside, Infinity);
  });
}

/**
 * Reads a file that is a Dockerfile or an ignore file.
 *
 * @param path Where it is; links are followed.
 * @param advice What to do if it can't be read.
 * @returns The content; undefined if there is none.
 * @throws {ContextError} If it can't be read, is no regular file, or is far too long.
 */
export async function readNamed(
  path: string,
  advice: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return await readWhole(path, advice, Deno.stat, async () => {
    const { OpenFile } = await import("../open_file.ts");
    return new OpenFile(path, "follow");
  });
}

/** A file that is read from what was opened, and not by its path once more. */
interface ReadableFile extends Disposable {
  readonly info: OpenFileInfo;
  read(buffer: Uint8Array<ArrayBuffer>): Promise<number>;
}

async function readWhole(
  path: string,
  advice: string,
  look: (path: string) => Promise<Deno.FileInfo>,
  open: () => Promise<ReadableFile>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const noFile = (isDirectory: boolean) => {
    const what = isDirectory ? "a folder" : "no regular file";
    return contextError(
      `${path} can't be read (it is ${what}): ${advice}`,
    );
  };
  try {
    // For the answer alone: to open a device may do something to it.
    const { isFile, isDirectory, isSymlink } = await look(path);
    if (isSymlink) throw swapped(path);
    if (!isFile) throw noFile(isDirectory);
    using file = await open();
    // It may be something else by now.
    const { info } = file;
    if (!info.isFile()) throw noFile(info.isDirectory());
    return await readBytes(
      ByteStream.reading(file).chunks(),
      MAX_TEXT_BYTES,
      () => tooLong(path),
    );
  } catch (error) {
    if (error instanceof ContextError) throw error;
    if (isGone(error)) return undefined;
    const { code } = error as { code?: string };
    if (code === "ELOOP") throw swapped(path);
    if (code === "ENXIO") throw noFile(false);
    throw unreadable(path, error, advice);
  }
}

/** Something is read as a whole that is too long for that. */
export function tooLong(what: string): ContextError {
  return contextError(
    `${what} has more than ${MAX_TEXT_BYTES} bytes, and is no text that an engine reads`,
  );
}

/** Path without links that means the same in the folder; undefined where it is not known. */
async function resolveInside(
  path: string,
  linkAt: (path: string) => Promise<string | undefined>,
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
    const target = await linkAt([...parts, part].join("/"));
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

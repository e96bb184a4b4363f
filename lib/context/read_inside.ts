import { ContextError } from "../errors.ts";
import { ByteStream } from "../streams/byte_stream.ts";
import { readBytes } from "../streams/read_whole.ts";
import { contextError } from "./context_error.ts";
import { KnownFile } from "./known_file.ts";
import type { MemoryFiles } from "./memory_files.ts";
import { isOnlyOurs, OwnFile } from "./own_file.ts";
import type { ReadableFile } from "./readable_file.ts";
import { isGone, swapped, unreadable } from "./unreadable.ts";

/** How many links may be followed for one path; Linux has the same limit. */
const MAX_LINKS = 40;

/**
 * The longest file that is read as a whole, in bytes. Real Dockerfiles and
 * ignore files are much shorter.
 */
export const MAX_TEXT_BYTES: number = 16 * 1024 * 1024;

/**
 * Reads a file of a folder as if the folder were the whole file system, as it
 * is for an engine: links that lead out of the folder end at its root, as in a
 * chroot. So a foreign checkout can't have a file of this machine read.
 *
 * @param root Real path of the folder; undefined if there is none.
 * @param path Path in the folder.
 * @param advice What to do if the file can't be read.
 * @param files Files in memory that lie over the folder.
 * @returns The content; undefined if there is no such file in the folder.
 * @throws {ContextError} If the file can't be read, or is not a regular file.
 */
export async function readInside(
  root: string | undefined,
  path: string,
  advice: string,
  files?: MemoryFiles,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return (await readKnown(root, path, advice, files))?.bytes;
}

/**
 * Reads a file as {@linkcode readInside} does.
 *
 * @returns The content, and where it was found; undefined if there is no such
 * file in the folder.
 * @throws {ContextError} If the file can't be read, or is not a regular file.
 */
export async function readKnown(
  root: string | undefined,
  path: string,
  advice: string,
  files?: MemoryFiles,
): Promise<KnownFile | undefined> {
  const readAt = Date.now();
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
    return new KnownFile(inside, content, undefined, readAt);
  }
  if (
    root === undefined || base === undefined || files?.hides(inside)
  ) return undefined;
  const full = base + inside;
  let found: Deno.FileInfo | undefined;
  const bytes = await readWhole(full, advice, Deno.lstat, async (seen) => {
    found = seen;
    if (isOnlyOurs(full)) return await openOwn(full, seen);
    const { FolderFile } = await import("./file.ts");
    return new FolderFile(root, inside, Infinity);
  });
  return bytes && new KnownFile(inside, bytes, found, readAt);
}

/**
 * Reads a Dockerfile or an ignore file by its path.
 *
 * @param path The path; links are followed.
 * @param advice What to do if the file can't be read.
 * @returns The content; undefined if there is no such file.
 * @throws {ContextError} If the file can't be read, is not a regular file, or
 * is far too long.
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

async function readWhole(
  path: string,
  advice: string,
  look: (path: string) => Promise<Deno.FileInfo>,
  open: (seen: Deno.FileInfo) => Promise<ReadableFile>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const noFile = (isDirectory: boolean) => {
    const what = isDirectory ? "a folder" : "no regular file";
    return contextError(
      `${path} can't be read (it is ${what}): ${advice}`,
    );
  };
  try {
    // Checked before the file is opened: opening a device may have an effect on
    // it.
    const seen = await look(path);
    const { isFile, isDirectory, isSymlink } = seen;
    if (isSymlink) throw swapped(path);
    if (!isFile) throw noFile(isDirectory);
    using file = await open(seen);
    // Checked again: another file may have taken its place.
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

/**
 * Opens a file that only this user can exchange.
 *
 * @param seen The file as it was seen there.
 * @throws {ContextError} If another one was opened.
 */
async function openOwn(
  path: string,
  seen: Deno.FileInfo,
): Promise<ReadableFile> {
  const file = await OwnFile.open(path);
  const { dev, ino } = file.found;
  if (dev === seen.dev && ino === seen.ino) return file;
  file[Symbol.dispose]();
  throw swapped(path);
}

/** The error for something that is too long to be read as a whole. */
export function tooLong(what: string): ContextError {
  return contextError(
    `${what} has more than ${MAX_TEXT_BYTES} bytes, and is no text that an engine reads`,
  );
}

/**
 * Resolves the links of a path within the folder; undefined if there are too
 * many links, or the path is the root.
 */
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

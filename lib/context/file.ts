export { FileReadError } from "../open_file.ts";
import { mayAskForPlaces, OpenFile, placeOf } from "../open_file.ts";
import { swapped } from "./unreadable.ts";

/**
 * How often a file's path is compared with the open file, where the system does
 * not report the path of a descriptor. An attacker who swaps a folder for a
 * link and back would have to succeed each time.
 */
const LOOKS = 3;

/** A file of a context that is read from its beginning to its end. */
export class FolderFile implements Disposable {
  readonly #file: OpenFile;
  /**
   * How many bytes may still be read; it also ends the reading of a file that
   * grows all the time.
   */
  #left: number;
  #taken = 0;
  #grown = false;

  /**
   * Opens a file.
   *
   * @param root Real path of the folder that it is in.
   * @param path Its path in that folder; if it is a link, the link is not
   * followed.
   * @param size Its length when it was listed.
   * @throws {ContextError} If the file is not in the folder any more, because a
   * folder above it was replaced by a link.
   * @throws {Error} If it can't be opened; `code` says why, as in `node:fs`.
   */
  constructor(root: string, path: string, size: number) {
    const base = root.endsWith("/") ? root : `${root}/`;
    const full = base + path;
    this.#file = new OpenFile(full, "refuse");
    this.#left = size;
    try {
      if (!isInside(this.#file, base, full)) throw swapped(full);
    } catch (error) {
      this.#file[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * The metadata of the open file, which may have stopped being a regular file
   * since it was listed.
   */
  get info(): OpenFile["info"] {
    return this.#file.info;
  }

  /**
   * Reads the next bytes, synchronously: for small files only, since it blocks
   * the program.
   *
   * @returns How many bytes were read; 0 at the end.
   */
  readSync(buffer: Uint8Array<ArrayBuffer>): number {
    return this.#take(this.#file.readSync(buffer));
  }

  /**
   * Reads the next bytes.
   *
   * @returns How many bytes were read; 0 at the end.
   */
  async read(buffer: Uint8Array<ArrayBuffer>): Promise<number> {
    return this.#take(await this.#file.read(buffer));
  }

  /** Closes the file; must not be called during a read. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  /**
   * Counts what was read. If the file has grown since it was listed, it is read
   * up to its length at this moment; what is added later is not read.
   */
  #take(count: number): number {
    if (count > this.#left && !this.#grown) {
      this.#grown = true;
      this.#left = Math.max(this.#left, this.#file.info.size - this.#taken);
    }
    const taken = Math.min(count, this.#left);
    this.#left -= taken;
    this.#taken += taken;
    return taken;
  }
}

/**
 * Whether the system reports the path of an open file, and this program may
 * read it; undefined until tried.
 */
let tellsPlaces: boolean | undefined;

/**
 * Whether an open file is below a folder. This must be checked, because only
 * the last part of a path is protected from links when it is opened.
 */
function isInside(file: OpenFile, base: string, path: string): boolean {
  tellsPlaces ??= mayAskForPlaces();
  if (tellsPlaces) {
    try {
      return placeOf(file.fd).startsWith(base);
    } catch {
      tellsPlaces = false; // no /proc here, or it is closed to us after all
    }
  }
  return isStillAt(file, base, path);
}

/**
 * Whether a path leads to this open file through folders that are all inside.
 */
function isStillAt(file: OpenFile, base: string, path: string): boolean {
  const { dev, ino } = file.info;
  for (let look = 0; look < LOOKS; look++) {
    if (!isFolderInside(base, path)) return false;
    const there = Deno.lstatSync(path);
    const isOther = there.ino !== ino || there.dev !== dev;
    if (isOther && Deno.build.os !== "windows") return false;
  }
  return true;
}

/** Whether the folder of a file is inside, after links are resolved. */
function isFolderInside(base: string, path: string): boolean {
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  const real = slashed(Deno.realPathSync(folder));
  return (real.endsWith("/") ? real : `${real}/`).startsWith(slashed(base));
}

function slashed(path: string): string {
  return Deno.build.os === "windows" ? path.replaceAll("\\", "/") : path;
}

export { FileReadError } from "../open_file.ts";
import { mayAskForPlaces, OpenFile, placeOf } from "../open_file.ts";
import { swapped } from "./unreadable.ts";

/**
 * How often a file's path is compared with what was opened, where the system
 * does not tell a descriptor's place: somebody who exchanges a folder for a
 * link and back would have to be in time for each of them.
 */
const LOOKS = 3;

/** A file of a context while it is read, from its beginning to its end. */
export class FolderFile implements Disposable {
  readonly #file: OpenFile;
  /** Bytes that may still be read; a file that grows all the time has an end, too. */
  #left: number;
  #taken = 0;
  #grown = false;

  /**
   * Opens a file.
   *
   * @param root Real path of the folder that it is in.
   * @param path Its path in that folder; a link there is not followed.
   * @param size Its length when it was listed.
   * @throws {ContextError} If it is outside of the folder by now: a link took
   * the place of a folder above it.
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

  /** What was opened: it may be no regular file by now. */
  get info(): OpenFile["info"] {
    return this.#file.info;
  }

  /** The next bytes; 0 at the end. Only for what the system has at hand: it holds the program up. */
  readSync(buffer: Uint8Array<ArrayBuffer>): number {
    return this.#take(this.#file.readSync(buffer));
  }

  /** The next bytes; 0 at the end. */
  async read(buffer: Uint8Array<ArrayBuffer>): Promise<number> {
    return this.#take(await this.#file.read(buffer));
  }

  /** Closes the file; no read may be under way. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  /**
   * A file may have grown since it was listed: what it has now is read, what
   * it gets while it is read is not.
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

/** Whether the system tells where an open file is, and this program may ask; found out once. */
let tellsPlaces: boolean | undefined;

/**
 * Whether an open file is below a folder, whatever led there: not following a
 * link is about a path's last part alone.
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

/** Whether a path leads to this open file, by folders inside alone. */
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

/** Whether the folder of a file is inside, links followed. */
function isFolderInside(base: string, path: string): boolean {
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  const real = slashed(Deno.realPathSync(folder));
  return (real.endsWith("/") ? real : `${real}/`).startsWith(slashed(base));
}

function slashed(path: string): string {
  return Deno.build.os === "windows" ? path.replaceAll("\\", "/") : path;
}

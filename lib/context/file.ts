import * as fs from "node:fs";
import { swapped } from "./unreadable.ts";

// Deno.open knows neither flag: a link that took a file's place is not
// followed, and a FIFO that did does not hold the program up.
const FLAGS = fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0) |
  (fs.constants.O_NONBLOCK ?? 0);

/** A file of a context while it is read, from its beginning to its end. */
export class ContextFile implements Disposable {
  readonly #fd: number;
  /** Bytes that may still be read; a file that grows all the time has an end, too. */
  #left: number;
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
    tellsPlaces ??= mayAskForPlaces();
    // What lies in the root itself has no folder above it that could be swapped.
    const isDeep = path.includes("/");
    // Where the system does not tell, the folder is looked at twice.
    if (isDeep && !tellsPlaces && !isFolderInside(base, full)) {
      throw swapped(full);
    }
    this.#fd = fs.openSync(full, FLAGS);
    this.#left = size;
    try {
      if (isDeep && !isInside(this.#fd, base, full)) throw swapped(full);
    } catch (error) {
      fs.closeSync(this.#fd);
      throw error;
    }
  }

  /** The next bytes; 0 at the end. Only for what the system has at hand: it holds the program up. */
  readSync(buffer: Uint8Array<ArrayBuffer>): number {
    const count = fs.readSync(this.#fd, buffer, 0, buffer.length, null);
    return this.#take(count);
  }

  /** The next bytes; 0 at the end. */
  read(buffer: Uint8Array<ArrayBuffer>): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#fd, buffer, 0, buffer.length, null, (error, count) => {
        if (error) reject(error);
        else resolve(this.#take(count));
      });
    });
  }

  /** Closes the file; no read may be under way. */
  [Symbol.dispose](): void {
    fs.closeSync(this.#fd);
  }

  /**
   * A file may have grown since it was listed: what it has now is read, what
   * it gets while it is read is not.
   */
  #take(count: number): number {
    if (count > this.#left && !this.#grown) {
      this.#grown = true;
      this.#left = Math.max(this.#left, fs.fstatSync(this.#fd).size);
    }
    const taken = Math.min(count, this.#left);
    this.#left -= taken;
    return taken;
  }
}

/** Whether the system tells where an open file is, and this program may ask; found out once. */
let tellsPlaces: boolean | undefined;

const PERMISSIONS: readonly Deno.PermissionName[] = [
  "read",
  "write",
  "net",
  "env",
  "run",
  "sys",
  "ffi",
];

/** Deno keeps /proc for programs that may do everything. */
function mayAskForPlaces(): boolean {
  return Deno.build.os === "linux" &&
    PERMISSIONS.every((name) =>
      Deno.permissions.querySync({ name } as Deno.PermissionDescriptor)
        .state === "granted"
    );
}

/**
 * Whether an open file is below a folder, whatever led there: `O_NOFOLLOW` is
 * about a path's last part alone.
 */
function isInside(fd: number, base: string, path: string): boolean {
  if (tellsPlaces) {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(base);
    } catch {
      tellsPlaces = false; // no /proc here, or it is closed to us after all
    }
  }
  return isFolderInside(base, path);
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

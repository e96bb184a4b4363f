import type { ReadableFile } from "./readable_file.ts";

/** The bits of a mode that let the group or all others write. */
const OTHERS_WRITE = 0o022;
/** The bit of a folder in which all may write, each only what is their own. */
const STICKY = 0o1000;

/**
 * Whether nobody but this user and root can put something else in the place of
 * a file: all folders above it belong to them, and no others may write there.
 *
 * False where that is not known: on Windows, and where Deno may not tell the
 * user or look at the folders.
 *
 * @param path Real path of the file; links above it are resolved.
 */
export function isOnlyOurs(path: string): boolean {
  const user = ownUser();
  if (user === null) return false;
  let mayShare = 0;
  try {
    for (let at = path; at !== "";) {
      at = at.slice(0, at.lastIndexOf("/"));
      const { mode, uid } = Deno.lstatSync(at || "/");
      if (uid !== user && uid !== 0) return false;
      // In a folder such as /tmp, others can't exchange a folder of ours.
      const isShared = mode === null ||
        (mode & OTHERS_WRITE) !== 0 && (mode & mayShare) === 0;
      if (isShared) return false;
      mayShare = STICKY;
    }
    return true;
  } catch {
    return false; // no such folder any more, or it may not be looked at
  }
}

/**
 * The user's number; null where it is not known, or the folders may not be
 * looked at. The user is not prompted.
 */
function ownUser(): number | null {
  const needed: Deno.PermissionDescriptor[] = [
    { name: "sys", kind: "uid" },
    { name: "read" },
  ];
  return needed.every((descriptor) =>
      Deno.permissions.querySync(descriptor).state === "granted"
    )
    ? Deno.uid()
    : null;
}

/**
 * A file of which {@linkcode isOnlyOurs} is true, opened by Deno itself: a link
 * or a FIFO that this user has put in its place is followed, or waited for. All
 * other files are opened by `open_file.ts`, which never does that, but loads
 * `node:fs`.
 */
export class OwnFile implements ReadableFile {
  readonly #file: Deno.FsFile;
  /** The file that was opened, which may not be the one that was meant. */
  readonly found: Deno.FileInfo;

  private constructor(file: Deno.FsFile, found: Deno.FileInfo) {
    this.#file = file;
    this.found = found;
  }

  /**
   * Opens a file.
   *
   * @throws {Error} If it can't be opened.
   */
  static async open(path: string): Promise<OwnFile> {
    const file = await Deno.open(path);
    try {
      return new OwnFile(file, await file.stat());
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get info(): ReadableFile["info"] {
    const { isFile, isDirectory } = this.found;
    return { isFile: () => isFile, isDirectory: () => isDirectory };
  }

  read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    return this.#file.read(buffer);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/**
 * How long before it was read a file must have been left alone, in
 * milliseconds. It is more than a second, because Deno reports the time of an
 * inode's last change in whole seconds.
 */
const SETTLED_MS = 2000;

/**
 * A file of a folder that was read, and by what it is known again. An engine
 * asks for an ignore file at each build: what davit has read of it is sent
 * without a second reading, for which it would load `node:fs` (`own_file.ts`).
 */
export class KnownFile {
  /** Its path in the folder; links were resolved. */
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * Undefined where a change would not be seen: if it may have changed while it
   * was read, is in memory, or the system does not tell when it changed.
   */
  readonly #seen: Deno.FileInfo | undefined;

  /**
   * @param seen The file as it was before it was read; undefined for a file in
   * memory.
   * @param readAt When the reading began, in milliseconds since 1970.
   */
  constructor(
    path: string,
    bytes: Uint8Array<ArrayBuffer>,
    seen: Deno.FileInfo | undefined,
    readAt: number,
  ) {
    this.path = path;
    this.bytes = bytes;
    const changed = seen?.ctime?.getTime();
    const isSettled = changed !== undefined && changed + SETTLED_MS < readAt;
    this.#seen = isSettled ? seen : undefined;
  }

  /**
   * The content, if the file in this folder is still the one that was read, and
   * was not changed since.
   *
   * @param root The folder's real path.
   */
  contentIn(root: string): Uint8Array<ArrayBuffer> | undefined {
    const seen = this.#seen;
    if (seen === undefined) return undefined;
    try {
      const now = Deno.lstatSync(
        root.endsWith("/") ? root + this.path : `${root}/${this.path}`,
      );
      const isSame = now.dev === seen.dev && now.ino === seen.ino &&
        now.size === seen.size && now.size === this.bytes.length &&
        now.mtime?.getTime() === seen.mtime?.getTime() &&
        now.ctime?.getTime() === seen.ctime?.getTime();
      return isSame ? this.bytes : undefined;
    } catch {
      return undefined; // who reads the file itself gets the reason
    }
  }
}

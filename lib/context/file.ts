import * as fs from "node:fs";

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
   * @param path Where it is; a link there is not followed.
   * @param size Its length when it was listed.
   * @throws {Error} If it can't be opened; `code` says why, as in `node:fs`.
   */
  constructor(path: string, size: number) {
    this.#fd = fs.openSync(path, FLAGS);
    this.#left = size;
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

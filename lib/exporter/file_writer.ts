/** How much is written at once, in bytes. */
const BUFFER_BYTES: number = 256 * 1024;

/**
 * A file that is written from its beginning to its end, in another thread: one
 * buffer is filled while the other is written.
 */
export class FileWriter {
  readonly #file: Deno.FsFile;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(BUFFER_BYTES);
  #used = 0;
  #spare: Uint8Array<ArrayBuffer> | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /**
   * Makes a new file. Fails if something is there already, and never follows a
   * link.
   *
   * @param mode The permissions as for `Deno.open`; the process's umask
   * applies.
   */
  static create(path: string, mode: number): FileWriter {
    return new FileWriter(
      Deno.openSync(path, { write: true, createNew: true, mode }),
    );
  }

  /**
   * Takes a copy of the bytes. If it returns a promise, wait for it before the
   * next call.
   */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#used + bytes.length > BUFFER_BYTES) return this.#spill(bytes);
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  async #spill(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      if (this.#used === BUFFER_BYTES) await this.#flush();
      const part = bytes.subarray(at, at + BUFFER_BYTES - this.#used);
      this.#buffer.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
    }
  }

  /** Begins to write the full buffer, after the previous one was written. */
  async #flush(): Promise<void> {
    await this.#writing;
    if (this.#closed) throw new Deno.errors.BadResource("The file is closed");
    const full = this.#buffer;
    this.#buffer = this.#spare ?? new Uint8Array(BUFFER_BYTES);
    this.#spare = full;
    this.#writing = writeAll(this.#file, full.subarray(0, this.#used));
    this.#writing.catch(() => {}); // whoever waits next is told
    this.#used = 0;
  }

  /** Writes the remaining bytes and closes the file. */
  async end(): Promise<void> {
    try {
      if (this.#used > 0) await this.#flush();
      await this.#writing;
    } finally {
      await this.close();
    }
  }

  /**
   * Closes the file, even if it is not complete; bytes that were not written
   * are dropped.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing?.catch(() => {}); // given up: how it went is all the same
    this.#file.close();
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await file.write(bytes.subarray(at));
  }
}

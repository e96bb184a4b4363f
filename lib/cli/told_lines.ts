const encoder = new TextEncoder();

/**
 * Remembers the last lines that the command printed to standard output and
 * standard error. A changed file that ends with one of them is a log of this
 * command.
 */
export class ToldLines {
  /** The last line of each text, with its line end. */
  #lines: Uint8Array[] = [];

  /** Remembers the texts that were just printed, instead of the former ones. */
  told(...texts: readonly string[]): void {
    this.#lines = texts.map((text) =>
      encoder.encode(`${text.slice(text.lastIndexOf("\n") + 1)}\n`)
    );
  }

  /**
   * Whether a file ends with one of the last lines, for example because a
   * shell's `>` or `tee` wrote the output there.
   */
  async endIn(path: string): Promise<boolean> {
    try {
      // Only regular files: to open a FIFO may wait for another process.
      if (!(await Deno.lstat(path)).isFile) return false;
      using file = await Deno.open(path);
      const { size } = await file.stat();
      for (const line of this.#lines) {
        if (size >= line.length && await endsWith(file, size, line)) {
          return true;
        }
      }
      return false;
    } catch {
      return false; // gone, or not to be read: a change like any other
    }
  }
}

async function endsWith(
  file: Deno.FsFile,
  size: number,
  line: Uint8Array,
): Promise<boolean> {
  await file.seek(size - line.length, Deno.SeekMode.Start);
  const end = new Uint8Array(line.length);
  for (let at = 0; at < end.length;) {
    const count = await file.read(end.subarray(at));
    if (count === null) return false;
    at += count;
  }
  return end.every((byte, at) => byte === line[at]);
}

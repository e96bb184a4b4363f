const encoder = new TextEncoder();

/** What was told last on each of the two outputs: a file that ends with it is a log. */
export class ToldLines {
  /** The last line of each text, with its line end. */
  #lines: Uint8Array[] = [];

  /** Takes the texts that were just told, in the place of the former ones. */
  told(...texts: readonly string[]): void {
    this.#lines = texts.map((text) =>
      encoder.encode(`${text.slice(text.lastIndexOf("\n") + 1)}\n`)
    );
  }

  /**
   * Whether a file ends with what was told last, whoever wrote it there: a
   * shell's `>`, or `tee`.
   */
  async endIn(path: string): Promise<boolean> {
    try {
      // To open a FIFO may wait for somebody at its other end.
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

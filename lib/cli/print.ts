const encoder = new TextEncoder();

/** A file that is written synchronously, such as `Deno.stderr`. */
export interface PrintTarget {
  /** Writes some of the bytes and returns how many. */
  writeSync(bytes: Uint8Array): number;
}

/** Writes a text and a line end. */
export function print(text: string, output: PrintTarget = Deno.stdout): void {
  printText(`${text}\n`, output);
}

/** Writes a text that has its line ends. */
export function printText(
  text: string,
  output: PrintTarget = Deno.stdout,
): void {
  let rest = encoder.encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(output.writeSync(rest));
  } catch (error) {
    // The reader closed the pipe, as `head` does when it has enough: no error.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

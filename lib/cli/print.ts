const encoder = new TextEncoder();

/** A file that takes bytes at once, such as `Deno.stderr`. */
export interface PrintTarget {
  /** Writes some of the bytes and tells how many. */
  writeSync(bytes: Uint8Array): number;
}

/** Writes a text and a line end. */
export function print(text: string, output: PrintTarget = Deno.stdout): void {
  let rest = encoder.encode(`${text}\n`);
  try {
    while (rest.length > 0) rest = rest.subarray(output.writeSync(rest));
  } catch (error) {
    // Whoever read it has seen enough, as `head` does.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/**
 * An open file; its path is not used again, since another file may be there by
 * now.
 */
export interface ReadableFile extends Disposable {
  /** What was opened. */
  readonly info: { isFile(): boolean; isDirectory(): boolean };
  /**
   * Reads the next bytes.
   *
   * @returns How many bytes were read; 0 or null at the end.
   */
  read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null>;
}

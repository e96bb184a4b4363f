/** One file or object in compressed content. */
export interface Member {
  /** Its name; empty if it has none. */
  readonly name: string;
  /** Its unpacked content; undefined if it can't be unpacked. */
  readonly content: AsyncIterable<Uint8Array> | undefined;
  /** Whether it is stored in the archive without compression. */
  readonly isStored?: true;
}

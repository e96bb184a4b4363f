/** One thing in packed content. */
export interface Member {
  /** Its name; empty where there is none. */
  readonly name: string;
  /** It, unpacked; undefined if it can't be. */
  readonly content: AsyncIterable<Uint8Array> | undefined;
  /** Whether it lies in the packed content as it is. */
  readonly isStored?: true;
}

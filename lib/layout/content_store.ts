/** What a store says of a content. */
export interface ContentInfo {
  /** Its length in bytes. */
  readonly size: number;
  /** When it was stored. */
  readonly modified: Date;
}

/** A content that is read. */
export interface ContentReader extends Disposable {
  /** Its length in bytes. */
  readonly size: number;
  /**
   * Reads into the buffer.
   *
   * @param position Where in the content.
   * @returns The number of bytes; 0 at the end.
   * @throws {LayoutError} If the system can't read it.
   */
  read(buffer: Uint8Array<ArrayBuffer>, position: number): Promise<number>;
}

/** What is known of a content before it is written. */
export interface ContentExpectation {
  /** Its digest. */
  readonly digest?: string | undefined;
  /** Its length in bytes. */
  readonly size?: number | undefined;
}

/**
 * A content that is written. Nobody sees it before it is whole. Disposing of it
 * drops what was not committed.
 */
export interface ContentWriter extends AsyncDisposable {
  /** How many bytes are written. */
  readonly offset: number;
  /**
   * Appends bytes; they must not change until the promise resolves.
   *
   * @throws {LayoutError} If they can't be written.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Drops what was written, to begin anew. */
  restart(): Promise<void>;
  /**
   * Puts the content in its place, under its digest.
   *
   * @returns Its digest.
   * @throws {ContentMismatchError} If it is not what is expected.
   * @throws {LayoutError} If it can't be put there.
   */
  commit(expected: ContentExpectation): Promise<string>;
}

/** What was written is not what was announced. */
export class ContentMismatchError extends Error {
  override readonly name: string = "ContentMismatchError";
}

/** A store of content by its digest, which a session may serve. */
export interface ContentStore {
  /** Whether content can be put there. */
  readonly canWrite: boolean;
  /**
   * What the store knows of a content.
   *
   * @returns Undefined if it is not there, or the text is no digest.
   * @throws {LayoutError} If the store can't be read.
   */
  info(digest: string): ContentInfo | undefined;
  /**
   * Opens a content.
   *
   * @returns Undefined if it is not there, or the text is no digest.
   * @throws {LayoutError} If the store can't be read.
   */
  open(digest: string): ContentReader | undefined;
  /**
   * Begins to write a content.
   *
   * @returns Undefined if it is there already.
   * @throws {LayoutError} If nothing can be written there.
   * @throws {TypeError} If the text is no digest.
   */
  begin(expected: ContentExpectation): ContentWriter | undefined;
}

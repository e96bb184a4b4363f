/** A large file while it is written. */
export interface ReceivedFile {
  /** Takes bytes, by copying them. A promise asks to be waited for. */
  write(bytes: Uint8Array): Promise<void> | undefined;
}

/**
 * Where a received folder is written. Each path was checked, and the folders
 * above it were made here before: so nothing is written through a link.
 */
export interface ReceivedTree<File extends ReceivedFile> {
  /**
   * Counts an entry before anything is made of it.
   *
   * @param size Bytes of its content.
   * @param namesBytes Bytes of its path, and of what it links to.
   * @throws If that is too much.
   */
  claim(size: number, namesBytes: number): void;
  /** Makes a folder. */
  folder(path: string, mode: number, mtime: Date): void;
  /** Makes a symlink. */
  symlink(path: string, target: string, mtime: Date): void;
  /** Writes a small file at once. */
  file(path: string, mode: number, mtime: Date, bytes: Uint8Array): void;
  /** Begins a large file. */
  open(path: string): File;
  /** Ends a large file. */
  end(file: File, path: string, mode: number, mtime: Date): Promise<void>;
  /**
   * Makes a hard link to a file of this tree, when all files are written.
   *
   * @throws {ProtocolError} If the target is not an earlier file of the tree.
   */
  link(path: string, target: string): void;
  /** Counts what can't be made here. */
  skip(path: string): void;
  /** What is told when something can't be written. */
  unwritable(path: string, cause: unknown): Error;
  /** What is told when the other side gave the transfer up. */
  givenUp(reason: string): Error;
}

/** A large file that is being written. */
export interface ReceivedFile {
  /**
   * Takes a copy of the bytes. If it returns a promise, wait for it before the
   * next call.
   */
  write(bytes: Uint8Array): Promise<void> | undefined;
}

/**
 * Where a received folder is written. All paths were checked, and the folders
 * above a path were made in the same tree, so nothing is written through a
 * link.
 */
export interface ReceivedTree<File extends ReceivedFile> {
  /**
   * Counts an entry before anything is written for it.
   *
   * @param size Length of its content, in bytes.
   * @param namesBytes Length of its path and of its link's target, in bytes.
   * @throws If a limit is exceeded.
   */
  claim(size: number, namesBytes: number): void;
  /** Makes a folder. */
  folder(path: string, mode: number, mtime: Date): void;
  /** Makes a symlink. */
  symlink(path: string, target: string, mtime: Date): void;
  /** Writes a small file at once. */
  file(path: string, mode: number, mtime: Date, bytes: Uint8Array): void;
  /** Begins to write a large file. */
  open(path: string): File;
  /** Completes a large file. */
  end(file: File, path: string, mode: number, mtime: Date): Promise<void>;
  /**
   * Makes a hard link to a file of this tree; called when all files are
   * written.
   *
   * @throws {ProtocolError} If the target is not an earlier file of the tree.
   */
  link(path: string, target: string): void;
  /** Counts an entry that can't be written here. */
  skip(path: string): void;
  /** The error for an entry that can't be written. */
  unwritable(path: string, cause: unknown): Error;
  /** The error for a transfer that the other side gave up. */
  givenUp(reason: string): Error;
}

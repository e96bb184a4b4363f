/** What an entry of a context is. */
export type ContextEntryType =
  | "file"
  | "directory"
  | "symlink"
  | "fifo"
  | "socket"
  | "char-device"
  | "block-device";

/** One file, folder or link of a context, as it will be sent. */
export interface ContextEntry {
  /** Path below the context's root: clean, relative, `/` between its parts. */
  readonly path: string;
  /** What it is. */
  readonly type: ContextEntryType;
  /** Permissions with setuid, setgid and sticky: the low twelve bits of `st_mode`. */
  readonly mode: number;
  /** Length of a regular file in bytes; 0 for everything else, also for a hard link. */
  readonly size: number;
  /** Time of the last change of the content, in milliseconds since 1970. */
  readonly mtimeMs: number;
  /**
   * Below 1,000,000, made of the inode and the time of its last change: another
   * one tells that the file is another one, or was written to, even where its
   * length and its time are the same.
   */
  readonly stamp: number;
  /** Target of a symlink, as it is written in it; undefined for everything else. */
  readonly target: string | undefined;
  /** Path of an earlier entry that is the same file (a hard link); undefined if there is none. */
  readonly hardlink: string | undefined;
  /** Major number of a device; else 0. */
  readonly major: number;
  /** Minor number of a device; else 0. */
  readonly minor: number;
}

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
  /**
   * Length in bytes of a regular file, of each of its hard links, or of a
   * symlink's target; else 0. An engine compares it for all of them.
   */
  readonly size: number;
  /** Time of the last change of the content, in milliseconds since 1970. */
  readonly mtimeMs: number;
  /**
   * Nanoseconds below the millisecond: 0 to 999,999. Deno does not tell them;
   * where a time was set by hand they are made of the time of the inode's last
   * change, so that a file with a restored time is not taken for the old one.
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

/** The type of a context's entry. */
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
  /** Path relative to the context's root, clean, with `/` between its parts. */
  readonly path: string;
  /** The type of the entry. */
  readonly type: ContextEntryType;
  /** Permissions with setuid, setgid and sticky: the low twelve bits of `st_mode`. */
  readonly mode: number;
  /**
   * Length in bytes of a regular file, of each of its hard links, or of a
   * symlink's target; 0 for other types. Engines compare it for all of these.
   */
  readonly size: number;
  /** Time of the last change of the content, in milliseconds since 1970. */
  readonly mtimeMs: number;
  /**
   * Nanoseconds below the millisecond: 0 to 999,999. Deno does not report them.
   * Where a file's time was set by hand they are made from the time of the
   * inode's last change: two files with the same restored time then differ for
   * an engine.
   */
  readonly stamp: number;
  /** Target of a symlink, as the link has it; undefined for other types. */
  readonly target: string | undefined;
  /** Path of an earlier entry that is the same file (a hard link); undefined if there is none. */
  readonly hardlink: string | undefined;
  /** Major number of a device; 0 for other types. */
  readonly major: number;
  /** Minor number of a device; 0 for other types. */
  readonly minor: number;
}

/** An entry of which is known what is given; the rest is nothing. */
export function contextEntry(
  known: Pick<ContextEntry, "path" | "type" | "mode"> & Partial<ContextEntry>,
): ContextEntry {
  return {
    size: 0,
    mtimeMs: 0,
    stamp: 0,
    target: undefined,
    hardlink: undefined,
    major: 0,
    minor: 0,
    ...known,
  };
}

import type { FileStat } from "../../buildkit/bridge.ts";
import { FileMode } from "../../fsutil/packets.ts";
import { permissions } from "../../fsutil/stat.ts";

/** A file, folder or other entry of a build's result. */
export interface BuiltEntry {
  /** Its name, without the folder; empty for the root. */
  readonly name: string;
  /** What it is. */
  readonly type:
    | "file"
    | "directory"
    | "symlink"
    | "fifo"
    | "socket"
    | "char-device"
    | "block-device";
  /** Length in bytes; of a symlink, of its target. */
  readonly size: number;
  /** Permissions, as `chmod` takes them: `0o644`. */
  readonly mode: number;
  /** Id of the owner. */
  readonly uid: number;
  /** Id of the group. */
  readonly gid: number;
  /** Time of the last change. */
  readonly mtime: Date;
  /** Target of a symlink; undefined for all others. */
  readonly target: string | undefined;
}

/** The entry that BuildKit describes. */
export function entryOf(stat: FileStat, name: string): BuiltEntry {
  const { mode, size, uid, gid, modTime, linkname } = stat;
  const type = typeOf(mode);
  return {
    name,
    type,
    size,
    mode: permissions(mode),
    uid,
    gid,
    mtime: new Date(modTime / 1e6),
    target: type === "symlink" ? linkname : undefined,
  };
}

function typeOf(mode: number): BuiltEntry["type"] {
  // The bit of folders is the sign of a 32-bit number.
  if (mode >= FileMode.DIR) return "directory";
  if (mode & FileMode.SYMLINK) return "symlink";
  if (mode & FileMode.NAMED_PIPE) return "fifo";
  if (mode & FileMode.SOCKET) return "socket";
  if (mode & FileMode.CHAR_DEVICE) return "char-device";
  return mode & FileMode.DEVICE ? "block-device" : "file";
}

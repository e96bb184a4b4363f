import type { ContextEntry } from "../context/entry.ts";
import { FileMode, type Stat } from "./packets.ts";

/** The type bits of each type; a socket is sent as an empty file. */
const TYPE_BITS: Readonly<Record<ContextEntry["type"], number>> = {
  "file": 0,
  "socket": 0,
  "directory": FileMode.DIR,
  "symlink": FileMode.SYMLINK,
  "fifo": FileMode.NAMED_PIPE,
  "char-device": FileMode.DEVICE + FileMode.CHAR_DEVICE,
  "block-device": FileMode.DEVICE,
};

/**
 * The form in which an entry is sent; owner and group are root.
 *
 * Deno reports times in milliseconds; the nanoseconds are the entry's stamp.
 */
export function statOf(entry: ContextEntry): Stat {
  return {
    path: entry.path,
    mode: goMode(entry),
    uid: 0,
    gid: 0,
    size: entry.size,
    mtimeMs: entry.mtimeMs,
    mtimeNs: entry.stamp,
    linkname: entry.target ?? entry.hardlink ?? "",
    devmajor: entry.major,
    devminor: entry.minor,
  };
}

/** Permissions and type in the bits of Go's `os.FileMode`. */
function goMode({ type, mode }: ContextEntry): number {
  return (mode & 0o777) + TYPE_BITS[type] +
    (mode & 0o4000 ? FileMode.SETUID : 0) +
    (mode & 0o2000 ? FileMode.SETGID : 0) +
    (mode & 0o1000 ? FileMode.STICKY : 0);
}

/** The permissions of a received entry, as `chmod` takes them. */
export function permissions(mode: number): number {
  return (mode & 0o777) +
    (mode & FileMode.SETUID ? 0o4000 : 0) +
    (mode & FileMode.SETGID ? 0o2000 : 0) +
    (mode & FileMode.STICKY ? 0o1000 : 0);
}

import type { ContextEntry } from "../context/entry.ts";
import { FileMode, type Stat } from "./packets.ts";

/** The bits of Go's `os.FileMode` for each type; a socket goes as an empty file, as docker's clients send it. */
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
 * An entry as it travels. Owner and group are always root, as docker's clients
 * have it.
 *
 * The engine takes a file as unchanged when its length and its time are, to the
 * nanosecond. Deno tells milliseconds; for what is below them, see the entry's
 * stamp.
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

function goMode({ type, mode }: ContextEntry): number {
  return (mode & 0o777) + TYPE_BITS[type] +
    (mode & 0o4000 ? FileMode.SETUID : 0) +
    (mode & 0o2000 ? FileMode.SETGID : 0) +
    (mode & 0o1000 ? FileMode.STICKY : 0);
}

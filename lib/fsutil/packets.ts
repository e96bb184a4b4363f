/**
 * fsutil, the protocol that BuildKit sends folders with, in both directions:
 * a build's context to the engine (`send.ts`), its exported files back
 * (`receive.ts`). What both sides do is told here, once; the sources are
 * fsutil's `types/wire.proto`, `types/stat.proto`, `send.go`, `receive.go` and
 * `validator.go`.
 *
 * **Packets.** One protobuf message each, in one gRPC message. A field that is
 * zero is not written: a STAT has no type, the end of the entries is a message
 * of no bytes, and the packets of entry 0 have no id. They are read and written
 * by hand, because there is one for every file and every piece of one; the
 * tests hold this against code generated from the definitions in `lib/proto`.
 *
 * **The conversation.**
 * 1. The sender sends a STAT for every entry below the root, and one without an
 *    entry behind the last. An entry's id is its place among them, all kinds
 *    counted.
 * 2. The receiver sends a REQ for each file that it does not have, in any order
 *    and while STATs still come; each at most once.
 * 3. The sender answers with the file's DATA, the last of them empty. An empty
 *    file is that one alone. Pieces of several files may come mixed.
 * 4. The receiver sends FIN when it has written everything; the sender answers
 *    with FIN and ends the call. The receiver waits for that end and not for
 *    the FIN alone: without the call's status a build hangs for ever. An engine
 *    of the 20.10 line may end the build, and the call with it, before its own
 *    FIN is read.
 * 5. Either side gives up with ERR, whose data is the reason.
 *
 * **What engines and clients do.** An engine's gRPC message may have 4 MiB.
 * Docker's clients send pieces of 32 KiB. An engine that sends has four files
 * under way, lets 128 requests wait, and reads no further while they do: a
 * receiver that asks for more at a time can come to wait for an engine that
 * waits for it.
 *
 * **Order.** Every folder before what is in it, and all of that before its next
 * sibling; names ascending by their bytes in UTF-8, which is by code points and
 * not as JavaScript sorts. So no path comes twice, and the folders above an
 * entry were sent before it. A receiver refuses everything else ("changes out
 * of order"). A path is relative and clean, with `/` between its parts on every
 * system.
 *
 * **Entries.** The mode is Go's `os.FileMode`, not `st_mode`; only an entry
 * without a type's bit is a file, which may be asked for. A hard link is a file
 * with the path of an earlier entry in its link name; it has its file's size,
 * and a symlink the length of its target. Docker's clients send owner and group
 * 0, and a socket as an empty file. The receiver takes an entry as unchanged,
 * and asks for nothing, while its metadata are what they were; of those, the
 * time goes down to the nanosecond. An engine of the 20.10 line compares length
 * and time alone, also for a Dockerfile.
 *
 * @module
 */

/** Kinds of packets, by their numbers on the wire. */
export const PacketType = {
  /** An entry; without one, the end of the entries. */
  STAT: 0,
  /** Asks for the content of a file. */
  REQ: 1,
  /** A piece of a content; an empty one ends it. */
  DATA: 2,
  /** All is done. */
  FIN: 3,
  /** One side gives up; the data is its reason. */
  ERR: 4,
} as const;

/** A kind of packet. */
export type PacketType = typeof PacketType[keyof typeof PacketType];

/** An entry as it travels. */
export interface Stat {
  /** Path below the root, `/` between its parts. */
  path: string;
  /** Permissions and type in the bits of Go's `os.FileMode`. */
  mode: number;
  /** Owner. */
  uid: number;
  /** Group. */
  gid: number;
  /** Length in bytes. */
  size: number;
  /** Time of the last change, in milliseconds since 1970. */
  mtimeMs: number;
  /** The rest of that time below a millisecond, in nanoseconds: 0 to 999,999. */
  mtimeNs: number;
  /** Target of a symlink, or path of the file that a hard link is one with. */
  linkname: string;
  /** Major number of a device. */
  devmajor: number;
  /** Minor number of a device. */
  devminor: number;
}

/** One packet as it was read. */
export interface Packet {
  /** Its kind; a number of a kind unknown here is kept. */
  type: number;
  /** The entry of a STAT. */
  stat: Stat | undefined;
  /** Which entry a REQ or DATA is about: its place in the sequence of STATs. */
  id: number;
  /** Content of DATA, reason of ERR; a view of the message. */
  data: Uint8Array;
}

/** Bits of Go's `os.FileMode`. */
export const FileMode = {
  /** A folder. */
  DIR: 0x80000000,
  /** A symlink. */
  SYMLINK: 0x08000000,
  /** A device. */
  DEVICE: 0x04000000,
  /** A FIFO. */
  NAMED_PIPE: 0x02000000,
  /** A Unix socket. */
  SOCKET: 0x01000000,
  /** setuid. */
  SETUID: 0x00800000,
  /** setgid. */
  SETGID: 0x00400000,
  /** A character device; together with `DEVICE`. */
  CHAR_DEVICE: 0x00200000,
  /** sticky. */
  STICKY: 0x00100000,
  /** Something else. */
  IRREGULAR: 0x00080000,
} as const;

/** All bits of a type: without any of them, it is a regular file. */
const TYPE_MASK = 0x8f280000;

/** Whether a mode is that of a regular file, whose content may be asked for. */
export function isRegular(mode: number): boolean {
  return (mode & TYPE_MASK) === 0;
}

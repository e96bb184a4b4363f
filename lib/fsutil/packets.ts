/**
 * fsutil is the protocol with which BuildKit sends folders, in both directions:
 * a build's context to the engine (`send.ts`), and exported files to the client
 * (`receive.ts`). This comment describes what both sides do. The sources are
 * fsutil's `types/wire.proto`, `types/stat.proto`, `send.go`, `receive.go` and
 * `validator.go`.
 *
 * **Packets.** Each packet is one protobuf message in one gRPC message. A field
 * that is zero is not written: a STAT has no type, the end of the entries is an
 * empty message, and the packets of entry 0 have no id. The packets are read
 * and written by hand-written code for speed, because there is one for every
 * file and every piece of a file; tests compare this code with code that is
 * generated from the definitions in `lib/proto`.
 *
 * **The conversation.**
 * 1. The sender sends a STAT for every entry below the root, and a STAT without
 *    an entry after the last one. An entry's id is its index in this sequence;
 *    entries of all types count.
 * 2. The receiver sends a REQ for each file that it does not have, in any
 *    order,
 *    and also while STATs still come; each file is asked for at most once.
 * 3. The sender answers with the file's content in DATA packets, of which the
 *    last one is empty. An empty file has only this one. The packets of several
 *    files may be mixed.
 * 4. The receiver sends FIN when it has written everything; the sender answers
 *    with FIN and ends the call. The receiver must wait for the end of the call,
 *    not only for the FIN: without the call's status a build hangs for ever. An
 *    engine of the 20.10 line may end the build, and the call with it, before
 *    its own FIN is read.
 * 5. Either side can give up with ERR, whose data is the reason.
 *
 * **What engines and clients do.** An engine accepts gRPC messages of up to 4
 * MiB. Docker's clients send pieces of 32 KiB. An engine that sends works on
 * four files at a time, queues 128 requests, and does not read while the queue
 * is full: a receiver with more open requests can wait for an engine that waits
 * for the receiver.
 *
 * **Order.** A folder comes before what is in it, and all of that before the
 * folder's next sibling; siblings are in ascending order of their names' bytes
 * in UTF-8, which is the order of code points and not that of JavaScript's
 * sort. So no path comes twice, and the folders above an entry come before it.
 * A receiver refuses any other order ("changes out of order"). A path is
 * relative and clean, with `/` between its parts on every system.
 *
 * **Entries.** The mode is Go's `os.FileMode`, not `st_mode`; only an entry
 * without a type bit is a file, whose content can be asked for. A hard link is
 * a file whose link name is the path of an earlier entry; its size is that of
 * the file, and a symlink's size is the length of its target. Docker's clients
 * send 0 as owner and group, and a socket as an empty file. If an entry's
 * metadata have not changed, the receiver takes the entry as unchanged and does
 * not ask for it; the time is compared to the nanosecond. An engine of the
 * 20.10 line compares length and time only, also for a Dockerfile.
 *
 * @module
 */

/** The types of packets, by their numbers in the protocol. */
export const PacketType = {
  /** One entry; without one, the end of the entries. */
  STAT: 0,
  /** Asks for the content of a file. */
  REQ: 1,
  /** A piece of a file's content; an empty one ends the file. */
  DATA: 2,
  /** Everything is done. */
  FIN: 3,
  /** One side gives up; the data is its reason. */
  ERR: 4,
} as const;

/** The type of a packet. */
export type PacketType = typeof PacketType[keyof typeof PacketType];

/** An entry in the form in which it is sent. */
export interface Stat {
  /** Path relative to the root, with `/` between its parts. */
  path: string;
  /** Permissions and type in the bits of Go's `os.FileMode`. */
  mode: number;
  /** Id of the owner. */
  uid: number;
  /** Id of the group. */
  gid: number;
  /** Length in bytes. */
  size: number;
  /** Time of the last change, in milliseconds since 1970. */
  mtimeMs: number;
  /** The nanoseconds of that time below the millisecond: 0 to 999,999. */
  mtimeNs: number;
  /** Target of a symlink, or path of the earlier entry of a hard link. */
  linkname: string;
  /** Major number of a device. */
  devmajor: number;
  /** Minor number of a device. */
  devminor: number;
}

/** One packet as it was read. */
export interface Packet {
  /** The type; also a number that is not known here. */
  type: number;
  /** The entry of a STAT. */
  stat: Stat | undefined;
  /**
   * The entry that a REQ or DATA is about: its index in the sequence of STATs.
   */
  id: number;
  /** Content of a DATA, or reason of an ERR; a view of the message. */
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
  /** A character device; set together with `DEVICE`. */
  CHAR_DEVICE: 0x00200000,
  /** sticky. */
  STICKY: 0x00100000,
  /** Another type. */
  IRREGULAR: 0x00080000,
} as const;

/** The bits of all types: a mode without any of them is a regular file. */
const TYPE_MASK = 0x8f280000;

/** Whether a mode is that of a regular file, whose content may be asked for. */
export function isRegular(mode: number): boolean {
  return (mode & TYPE_MASK) === 0;
}

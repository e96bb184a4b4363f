/**
 * The packets of fsutil, which BuildKit sends folders with in both directions:
 * `fsutil/types/wire.proto` and `stat.proto`. They are read and written by
 * hand, because there is one for every file and every piece of one; the tests
 * hold this against code generated from the definitions in `lib/proto`.
 *
 * @module
 */

/** Kinds of packets, by their numbers on the wire. */
export const PacketType = {
  /** An entry; without one, the end of the entries. */
  STAT: 0,
  /** Asks for the content of an entry. */
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
  /** Target of a symlink, or path of the earlier entry that is the same file. */
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

/** Bits of Go's `os.FileMode`, which the wire has in the place of `st_mode`. */
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

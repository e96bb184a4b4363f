import { FileMode, type Stat } from "../../lib/fsutil/packets.ts";
import { PacketWriter } from "../../lib/fsutil/packet_writer.ts";
import { readPacket } from "../../lib/fsutil/packet_reader.ts";
import type { MessageDuplex } from "../../lib/streams/duplex.ts";
import { statPacket } from "../fsutil/stat_packet.ts";

const writer = new PacketWriter();

/** What an engine would send, packet by packet. */
export const packets = {
  stat: (stat: Partial<Stat> & { path: string }): Uint8Array =>
    statPacket({
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: 0,
      mtimeMs: 981_173_106_000,
      mtimeNs: 0,
      linkname: "",
      devmajor: 0,
      devminor: 0,
      ...stat,
    }),
  file: (path: string, size: number): Uint8Array =>
    packets.stat({ path, size }),
  folder: (path: string, mode = 0o755): Uint8Array =>
    packets.stat({ path, mode: FileMode.DIR + mode }),
  symlink: (path: string, linkname: string): Uint8Array =>
    packets.stat({ path, linkname, mode: FileMode.SYMLINK + 0o777 }),
  hardlink: (path: string, linkname: string): Uint8Array =>
    packets.stat({ path, linkname }),
  end: (): Uint8Array => new Uint8Array(0),
  data(id: number, content: string | Uint8Array): Uint8Array {
    const bytes = typeof content === "string"
      ? new TextEncoder().encode(content)
      : content;
    const head = writer.data(id, bytes.length);
    const packet = new Uint8Array(head.length + bytes.length);
    packet.set(head);
    packet.set(bytes, head.length);
    return packet;
  },
  finish: (): Uint8Array => writer.finish().slice(),
  error: (reason: string): Uint8Array => writer.error(reason).slice(),
};

/** A stream that plays a script. */
export interface ScriptedStream extends MessageDuplex {
  /** Ids that were asked for. */
  readonly asked: number[];
  /** Packets read. */
  readonly count: number;
}

/**
 * Plays a script: each packet once it is read, `null` behind the last. A
 * function is called when its turn comes, with what was asked for so far.
 */
export function play(
  script: Iterable<Uint8Array | ((asked: readonly number[]) => Uint8Array)>,
  signal: AbortSignal = new AbortController().signal,
): ScriptedStream {
  const asked: number[] = [];
  const steps = script[Symbol.iterator]();
  let count = 0;
  return {
    signal,
    asked,
    get count() {
      return count;
    },
    async read() {
      await Promise.resolve();
      const { done, value } = steps.next();
      if (done) return null;
      count++;
      return typeof value === "function" ? value(asked) : value;
    },
    write(...parts) {
      const { type, id } = readPacket(parts[0]!);
      if (type === 1) asked.push(id);
      return undefined;
    },
  };
}

/** An engine that behaves: sends entries, then what is asked for, in pieces. */
export function playTree(
  entries: readonly {
    readonly stat: Uint8Array;
    readonly content?: Uint8Array;
  }[],
  pieceBytes: number = 32 * 1024,
): ScriptedStream {
  const queue: Uint8Array[] = [
    ...entries.map((entry) => entry.stat),
    packets.end(),
  ];
  const asked: number[] = [];
  let count = 0;
  let wake: (() => void) | undefined;
  return {
    signal: new AbortController().signal,
    asked,
    get count() {
      return count;
    },
    async read() {
      while (queue.length === 0) {
        await new Promise<void>((resolve) => wake = resolve);
      }
      count++;
      return queue.shift()!;
    },
    write(...parts) {
      const { type, id } = readPacket(parts[0]!);
      if (type === 3) queue.push(packets.finish());
      else {
        asked.push(id);
        const bytes = entries[id]!.content!;
        for (let at = 0; at < bytes.length; at += pieceBytes) {
          queue.push(packets.data(id, bytes.subarray(at, at + pieceBytes)));
        }
        queue.push(packets.data(id, ""));
      }
      wake?.();
      return undefined;
    },
  };
}

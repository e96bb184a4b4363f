import type { Stat } from "../../lib/fsutil/packets.ts";
import { PacketWriter } from "../../lib/fsutil/packet_writer.ts";
import { PREFIX_BYTES } from "../../lib/grpc/frame.ts";

/** One STAT without the prefix of its message; without an entry, the last one. */
export function statPacket(
  stat?: Stat,
  writer: PacketWriter = new PacketWriter(),
): Uint8Array {
  writer.addStat(stat);
  return writer.takeStats().slice(PREFIX_BYTES);
}

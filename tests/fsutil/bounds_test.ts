/** What stands at the edge of a packet, a buffer or a path. */
import { FolderLocal } from "../../lib/fsutil/folder_local.ts";
import type { Stat } from "../../lib/fsutil/packets.ts";
import { readPacket } from "../../lib/fsutil/packet_reader.ts";
import { PacketWriter } from "../../lib/fsutil/packet_writer.ts";
import { statPacket } from "./stat_packet.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

const STAT: Stat = {
  path: "a",
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 1,
  mtimeMs: 0,
  mtimeNs: 0,
  linkname: "",
  devmajor: 0,
  devminor: 0,
};

Deno.test("a number that ends behind its entry is cut off", () => {
  for (
    const hex of [
      "12 02 10 80 18 01", // the mode, known
      "12 02 78 80 18 01", // a field that is not known
      "12 03 78 80 80 18 01",
      "12 02 10 80",
    ]
  ) {
    const bytes = Uint8Array.fromHex(hex.replaceAll(" ", ""));
    assertThrows(() => readPacket(bytes), RangeError, "cut off");
  }
});

Deno.test("PacketWriter has room for long targets, paths and reasons, after short ones", () => {
  for (const letter of ["x", "é", "€"]) {
    for (const length of [4095, 12_000]) {
      const long = letter.repeat(length);
      for (
        const names of [
          { linkname: long },
          { path: long },
          { path: long, linkname: long },
        ]
      ) {
        const stat = { ...STAT, ...names };
        const { stat: read } = readPacket(statPacket(stat));
        assertEquals([read?.path, read?.linkname], [stat.path, stat.linkname]);
      }
      const { data } = readPacket(new PacketWriter().error(long));
      assertEquals(new TextDecoder().decode(data), long);
    }
  }
  assertEquals(statPacket().length, 0);
});

Deno.test("FolderLocal names its files by the folder and one slash", () => {
  for (const root of ["/some/folder", "/some/folder/"]) {
    assertEquals(new FolderLocal(root).content("a"), {
      root: "/some/folder/",
      path: "a",
    });
  }
  assertEquals(new FolderLocal("/").content("a"), { root: "/", path: "a" });
});

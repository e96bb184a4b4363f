import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  Packet_PacketType,
  PacketSchema,
  StatSchema,
} from "../proto/gen/fsutil_pb.ts";
import {
  FileMode,
  isRegular,
  PacketType,
  type Stat,
} from "../../lib/fsutil/packets.ts";
import { readPacket } from "../../lib/fsutil/packet_reader.ts";
import { PacketWriter } from "../../lib/fsutil/packet_writer.ts";
import { statPacket } from "./stat_packet.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { Random } from "../support/random.ts";

const ALPHABET = [
  "a",
  "/",
  "-",
  " ",
  "\n",
  "é",
  "\uFF5E",
  "\uFEFF",
  "😀",
  "\\",
  "z",
];

function randomText(random: Random, longest: number): string {
  return Array.from(
    { length: random.below(longest) },
    () => random.pick(ALPHABET),
  ).join("");
}

function randomStat(random: Random): Stat {
  return {
    path: randomText(random, random.below(10) === 0 ? 1000 : 60),
    mode: random.pick([0, 0o644, FileMode.DIR + 0o755, 0xffffffff, 0x80]),
    uid: random.pick([0, 1000, 0xffffffff]),
    gid: random.pick([0, 127, 128, 65534]),
    size: random.pick([0, 1, 127, 128, 2 ** 31, 2 ** 32 + 5, 2 ** 53 - 1]),
    mtimeMs: random.pick([
      0,
      1,
      -1,
      -86_400_000,
      1_700_000_000_123,
      4_102_444_800_000,
      2 ** 42,
      random.below(2 ** 31) * 1000,
    ]),
    mtimeNs: random.below(1_000_000),
    linkname: random.below(3) === 0 ? randomText(random, 300) : "",
    devmajor: random.pick([0, 1, 259, 0xfff]),
    devminor: random.pick([0, 3, 0xfffff]),
  };
}

function nanoseconds({ mtimeMs, mtimeNs }: Stat): bigint {
  return BigInt(mtimeMs) * 1_000_000n + BigInt(mtimeNs);
}

Deno.test("PacketWriter writes STATs as the generated code reads them, and readPacket() reads both", () => {
  const random = new Random(7);
  const writer = new PacketWriter();
  for (let round = 0; round < 3000; round++) {
    const stat = randomStat(random);
    const bytes = statPacket(stat, writer);
    const { stat: read } = fromBinary(PacketSchema, bytes);
    assertEquals(read?.path ?? "", stat.path);
    assertEquals(read?.modTime ?? 0n, nanoseconds(stat));
    const { path, mode, uid, gid, linkname } = stat;
    const message = create(PacketSchema, {
      type: Packet_PacketType.PACKET_STAT,
      stat: create(StatSchema, {
        path,
        mode,
        uid,
        gid,
        linkname,
        size: BigInt(stat.size),
        modTime: nanoseconds(stat),
        devmajor: BigInt(stat.devmajor),
        devminor: BigInt(stat.devminor),
      }),
    });
    // Byte for byte, so nothing that is zero is written either.
    assertEquals(bytes, toBinary(PacketSchema, message));
    assertEquals(readPacket(bytes).stat, stat);
  }
});

Deno.test("PacketWriter writes the other packets as the generated code reads them", () => {
  const writer = new PacketWriter();
  const read = (bytes: Uint8Array) => {
    const { type, ID, data, stat } = fromBinary(PacketSchema, bytes);
    const mine = readPacket(bytes);
    assertEquals([mine.type, mine.id, mine.data], [type, ID, data]);
    return [type, ID, data.length, stat];
  };
  assertEquals(statPacket(undefined, writer).length, 0);
  for (const id of [0, 1, 127, 128, 2 ** 21, 2 ** 32 - 1]) {
    assertEquals(read(writer.request(id)), [1, id, 0, undefined]);
    assertEquals(read(writer.data(id, 0)), [2, id, 0, undefined]);
    for (const length of [1, 127, 128, 512 * 1024]) {
      const packet = new Uint8Array([
        ...writer.data(id, length),
        ...new Uint8Array(length),
      ]);
      assertEquals(read(packet), [2, id, length, undefined]);
    }
  }
  assertEquals(read(writer.finish()), [3, 0, 0, undefined]);
  assertEquals(readPacket(writer.error("gone: é")).type, PacketType.ERR);
  assertEquals(
    new TextDecoder().decode(readPacket(writer.error("gone: é")).data),
    "gone: é",
  );
});

Deno.test("readPacket() passes over what it does not know, and refuses what is no packet", () => {
  const message = create(PacketSchema, {
    stat: create(StatSchema, {
      path: "a",
      xattrs: { "user.x": new Uint8Array([1, 2]) },
    }),
  });
  assertEquals(readPacket(toBinary(PacketSchema, message)).stat?.path, "a");
  const random = new Random(8);
  const whole = statPacket(randomStat(random));
  for (let end = 1; end < whole.length; end++) {
    assertThrows(() => readPacket(whole.subarray(0, end)), RangeError);
  }
  // Whatever comes, it is a packet or an error, and no other failure.
  for (let round = 0; round < 20_000; round++) {
    const bytes = random.bytes(random.below(40));
    try {
      readPacket(bytes);
    } catch (error) {
      const refused = error instanceof RangeError ||
        error instanceof TypeError; // text that is not UTF-8
      assert(refused, String(error));
    }
  }
});

Deno.test("isRegular() knows the types of Go's FileMode", () => {
  const { DIR, SYMLINK, DEVICE, NAMED_PIPE, SOCKET, CHAR_DEVICE, IRREGULAR } =
    FileMode;
  const types = [
    DIR,
    SYMLINK,
    DEVICE,
    NAMED_PIPE,
    SOCKET,
    CHAR_DEVICE,
    IRREGULAR,
  ];
  for (const type of types) assert(!isRegular(type + 0o644), type.toString(16));
  for (const bits of [FileMode.SETUID, FileMode.SETGID, FileMode.STICKY, 0]) {
    assert(isRegular(bits + 0o777));
  }
});

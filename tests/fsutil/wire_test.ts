import type { ContextEntry } from "../../lib/context/entry.ts";
import { compareNames } from "../../lib/context/order.ts";
import { ProtocolError } from "../../lib/errors.ts";
import {
  byteLength,
  checkEntryPath,
  checkNumbers,
  checkTarget,
  quoted,
} from "../../lib/fsutil/entry_check.ts";
import { FileTable } from "../../lib/fsutil/file_table.ts";
import { EntryOrder } from "../../lib/fsutil/order.ts";
import { isRegular, type Stat } from "../../lib/fsutil/packets.ts";
import { readPacket } from "../../lib/fsutil/packet_reader.ts";
import { PacketWriter } from "../../lib/fsutil/packet_writer.ts";
import { permissions, statOf } from "../../lib/fsutil/stat.ts";
import { MessageReader } from "../../lib/grpc/frame.ts";
import { statPacket } from "./stat_packet.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { Random } from "../support/random.ts";

const encoder = new TextEncoder();

/** Protobuf's varint of 64 bits, in plain words. */
function varint(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return bytes;
}

function number(field: number, value: number | bigint): number[] {
  return BigInt(value) === 0n ? [] : [field << 3, ...varint(value)];
}

function bytes(field: number, value: Iterable<number>): number[] {
  const all = [...value];
  return [field << 3 | 2, ...varint(all.length), ...all];
}

function text(field: number, value: string): number[] {
  return value === "" ? [] : bytes(field, encoder.encode(value));
}

/** A STAT as protobuf has it. */
function encoded(stat: Stat): number[] {
  return bytes(2, [
    ...text(1, stat.path),
    ...number(2, stat.mode),
    ...number(3, stat.uid),
    ...number(4, stat.gid),
    ...number(5, stat.size),
    ...number(6, BigInt(stat.mtimeMs) * 1_000_000n + BigInt(stat.mtimeNs)),
    ...text(7, stat.linkname),
    ...number(8, stat.devmajor),
    ...number(9, stat.devminor),
  ]);
}

const NO_STAT: Stat = {
  path: "",
  mode: 0,
  uid: 0,
  gid: 0,
  size: 0,
  mtimeMs: 0,
  mtimeNs: 0,
  linkname: "",
  devmajor: 0,
  devminor: 0,
};

/** Numbers on both sides of each byte more that they take. */
const NUMBERS = [
  0,
  1,
  ...[7, 14, 21, 28, 31, 32, 35, 42, 49, 53]
    .flatMap((bits) => [2 ** bits - 1, ...bits < 53 ? [2 ** bits] : []]),
];

Deno.test("a STAT is written and read as protobuf has it, field by field and at each length", () => {
  const writer = new PacketWriter();
  const check = (stat: Stat, what: string) => {
    const expected = encoded(stat);
    assertEquals([...statPacket(stat, writer)], expected, what);
    const packet = readPacket(Uint8Array.from(expected));
    assertEquals(packet.stat, stat, what);
    assertEquals([packet.type, packet.id, packet.data.length], [0, 0, 0]);
  };
  for (const value of NUMBERS) {
    for (
      const field of [
        "mode",
        "uid",
        "gid",
        "size",
        "devmajor",
        "devminor",
      ] as const
    ) {
      check({ ...NO_STAT, [field]: value }, `${field} ${value}`);
      check({ ...NO_STAT, path: "a", [field]: -value || 0 }, `-${value}`);
    }
  }
  // 2^63 nanoseconds are some 9 * 10^12 milliseconds.
  const times = NUMBERS.filter((ms) => ms < 9e12);
  for (const mtimeMs of [...times, 268, 269, 1_700_000_000_123]) {
    for (const mtimeNs of [0, 1, 435_455, 435_456, 500_000, 999_999]) {
      check({ ...NO_STAT, mtimeMs, mtimeNs }, `${mtimeMs} ${mtimeNs}`);
      if (mtimeMs > 0) {
        check({ ...NO_STAT, mtimeMs: -mtimeMs, mtimeNs }, `-${mtimeMs}`);
      }
    }
  }
  for (const letter of ["x", "\x7f", "\u0080", "é", "日", "😀"]) {
    for (
      const length of [1, 2, 31, 32, 41, 42, 43, 62, 63, 64, 126, 127, 128, 129]
        .concat([1365, 1366, 4095, 5461, 5462, 8191, 8192, 16_383, 16_384])
    ) {
      const long = letter.repeat(length);
      check({ ...NO_STAT, path: long }, `path ${letter} ${length}`);
      check({ ...NO_STAT, linkname: long }, `linkname ${letter} ${length}`);
    }
  }
  const random = new Random(9);
  for (let round = 0; round < 500; round++) {
    check({
      path: "é".repeat(random.below(200)),
      mode: random.pick(NUMBERS),
      uid: random.pick(NUMBERS),
      gid: random.pick(NUMBERS),
      size: random.pick(NUMBERS),
      mtimeMs: random.pick(times),
      mtimeNs: random.below(1_000_000),
      linkname: "x".repeat(random.below(200)),
      devmajor: random.pick(NUMBERS),
      devminor: random.pick(NUMBERS),
    }, `${round}`);
  }
  assertEquals(statPacket(undefined, writer).length, 0);
});

Deno.test("STATs that are added are gRPC messages one behind the other, however many and long", async () => {
  const writer = new PacketWriter();
  const alone = new PacketWriter();
  const paths = ["a", "é", "aé/𝄞", "x".repeat(113), "x".repeat(114)];
  const long = Array.from({ length: 40 }, (_, at) => "x".repeat(100 * at));
  for (const names of [paths, [], long, [...paths, ...long], ["y"]]) {
    for (const path of names) writer.addStat({ ...NO_STAT, path });
    writer.addStat();
    const taken = [writer.takeStats().slice()];
    const reader = new MessageReader(
      () => Promise.resolve(taken.shift() ?? null),
      100_000,
    );
    for (const path of names) {
      const expected = statPacket({ ...NO_STAT, path }, alone);
      assertEquals(await reader.next(), expected.slice(), path);
    }
    assertEquals([(await reader.next())?.length, await reader.next()], [
      0,
      null,
    ]);
  }
  assertEquals(writer.takeStats().length, 0);
});

Deno.test("the other packets are written and read as protobuf has them", () => {
  const writer = new PacketWriter();
  const content = Uint8Array.of(9, 8, 7);
  for (const id of NUMBERS.filter((id) => id < 2 ** 32)) {
    for (
      const [packet, expected] of [
        [writer.request(id).slice(), [...number(1, 1), ...number(3, id)]],
        [writer.data(id, 0).slice(), [...number(1, 2), ...number(3, id)]],
        [
          Uint8Array.of(...writer.data(id, 3), ...content),
          [...number(1, 2), ...number(3, id), ...bytes(4, content)],
        ],
      ] as const
    ) {
      assertEquals([...packet], [...expected]);
      const read = readPacket(packet);
      assertEquals([read.type, read.id], [packet[1]!, id]);
    }
  }
  for (const length of [1, 127, 128, 16_383, 16_384, 524_288]) {
    assertEquals(
      [...writer.data(5, length)],
      [...number(1, 2), ...number(3, 5), 4 << 3 | 2, ...varint(length)],
    );
  }
  assertEquals([...writer.finish()], number(1, 3));
  for (const reason of ["", "x", "é".repeat(100), "日".repeat(5000)]) {
    const packet = writer.error(reason);
    assertEquals([...packet], [...number(1, 4), ...text(4, reason)]);
    assertEquals(readPacket(packet).data, encoder.encode(reason));
  }
});

Deno.test("readPacket() passes over each type of field, and refuses what is cut at any byte", () => {
  const unknown = [
    ...number(15, 2n ** 63n),
    // What is passed over would be fields itself.
    15 << 3 | 1,
    ...[8, 1, 16, 1, 24, 1, 40, 1],
    ...bytes(15, [8, 1, 16, 1, 24, 1]),
    15 << 3 | 5,
    ...[8, 1, 16, 1],
  ];
  const stat = { ...NO_STAT, path: "a", size: 300 };
  const inner = encoded(stat).slice(2);
  const whole = [
    ...unknown,
    ...number(1, 2),
    ...bytes(2, [...unknown, ...inner, ...unknown]),
    ...number(3, 300),
    ...bytes(4, [7, 7]),
    ...unknown,
  ];
  const packet = readPacket(Uint8Array.from(whole));
  assertEquals([packet.type, packet.id], [2, 300]);
  assertEquals(packet.stat, stat);
  assertEquals(packet.data, Uint8Array.of(7, 7));
  // A view in the middle of memory is read no further than it goes.
  const around = Uint8Array.from([255, 255, ...whole, 255, 255]);
  assertEquals(readPacket(around.subarray(2, -2)), packet);
  for (
    const field of [
      number(15, 300),
      [15 << 3 | 1, 1, 2, 3, 4, 5, 6, 7, 8],
      bytes(15, [1, 2, 3]),
      [15 << 3 | 5, 1, 2, 3, 4],
      number(1, 300),
      bytes(2, [8, 1]),
      number(3, 300),
      bytes(4, [1, 2]),
      bytes(2, text(1, "abc")),
    ]
  ) {
    readPacket(Uint8Array.from(field));
    for (let length = 1; length < field.length; length++) {
      const cut = Uint8Array.from(field.slice(0, length));
      assertThrows(() => readPacket(cut), RangeError, "cut off");
    }
  }
  for (const type of [3, 4, 6, 7]) {
    assertThrows(
      () => readPacket(Uint8Array.of(15 << 3 | type)),
      RangeError,
      `unknown type ${type}`,
    );
  }
  const long = (count: number) => [
    3 << 3,
    ...Array.from({ length: count - 1 }, () => 0x80),
    1,
  ];
  readPacket(Uint8Array.from(long(10)));
  assertThrows(
    () => readPacket(Uint8Array.from([...long(11).slice(0, -1), 0])),
    RangeError,
    "more than ten bytes",
  );
  // A length below zero leads nowhere, and not back.
  for (let length = 0; length <= 20; length++) {
    for (const field of [4 << 3 | 2, 2 << 3 | 2, 15 << 3 | 2]) {
      const packet = Uint8Array.from([field, ...varint(-1 - length), 1, 1]);
      assertThrows(() => readPacket(packet), RangeError, "cut off");
    }
  }
  assertThrows(
    () => readPacket(Uint8Array.from(long(11))),
    RangeError,
    "more than ten bytes",
  );
  // A number that is written longer than it has to be.
  assertEquals(readPacket(Uint8Array.of(3 << 3, 0x85, 0x80, 0)).id, 5);
  assertEquals(readPacket(Uint8Array.from([3 << 3, ...varint(-5)])).id, -5);
  assertEquals(
    readPacket(Uint8Array.from([3 << 3, ...varint(2n ** 60n)])).id,
    2 ** 60,
  );
  assertThrows(() => readPacket(Uint8Array.from(bytes(2, bytes(1, [0xff])))));
});

Deno.test("statOf() and permissions() turn modes of each type there and back", () => {
  const entry = (over: Partial<ContextEntry>): ContextEntry => ({
    path: "p",
    type: "file",
    mode: 0o644,
    size: 3,
    mtimeMs: 5,
    stamp: 6,
    target: undefined,
    hardlink: undefined,
    major: 7,
    minor: 8,
    ...over,
  });
  for (
    const [type, bits] of [
      ["file", 0],
      ["socket", 0],
      ["directory", 2 ** 31],
      ["symlink", 2 ** 27],
      ["fifo", 2 ** 25],
      ["char-device", 2 ** 26 + 2 ** 21],
      ["block-device", 2 ** 26],
    ] as const
  ) {
    for (
      const [mode, more] of [
        [0o777, 0o777],
        [0o4000, 2 ** 23],
        [0o2000, 2 ** 22],
        [0o1000, 2 ** 20],
        [0o7123, 2 ** 23 + 2 ** 22 + 2 ** 20 + 0o123],
      ] as const
    ) {
      const stat = statOf(entry({ type, mode }));
      assertEquals([type, mode, stat.mode], [type, mode, bits + more]);
      assertEquals(permissions(stat.mode), mode);
      assertEquals(isRegular(stat.mode), bits === 0);
    }
  }
  assertEquals(statOf(entry({ target: "t" })), {
    path: "p",
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 3,
    mtimeMs: 5,
    mtimeNs: 6,
    linkname: "t",
    devmajor: 7,
    devminor: 8,
  });
  assertEquals(statOf(entry({ hardlink: "h" })).linkname, "h");
  assertEquals(statOf(entry({})).linkname, "");
  assert(!isRegular(0x01000000) && !isRegular(0x00080000));
  assert(isRegular(0x00f00000 - 0x00200000));
});

Deno.test("a path, a target and numbers are taken up to what a system has", () => {
  const fault = (path: string) => {
    try {
      checkEntryPath(path);
      return undefined;
    } catch (error) {
      assert(error instanceof ProtocolError);
      return /, (.*): nothing of it was kept$/.exec(error.message)![1];
    }
  };
  const name = (length: number) =>
    "é".repeat(length >> 1) + "x".repeat(length % 2);
  const deep = `${`${name(254)}/`.repeat(16)}`; // 4080 bytes
  for (
    const [path, expected] of [
      ["a", undefined],
      ["a/b", undefined],
      ["...", undefined],
      ["a/..b", undefined],
      ["a\\b:c", undefined],
      ["", "an empty path"],
      ["/", "an absolute path"],
      ["/a", "an absolute path"],
      ["a\0b", "a path with a NUL"],
      ["a/", "an unclean path"],
      ["a//b", "an unclean path"],
      [".", "an unclean path"],
      ["a/./b", "an unclean path"],
      ["..", "a path that leads out of the folder"],
      ["a/../b", "a path that leads out of the folder"],
      [name(255), undefined],
      [name(256), "a name that is too long"],
      [`a/${name(256)}`, "a name that is too long"],
      [deep + name(15), undefined],
      [deep + name(16), "a path that is too long"],
    ] as const
  ) assertEquals([path, fault(path)], [path, expected]);
  assertEquals(
    assertThrows(() => checkEntryPath('/"'), ProtocolError).message,
    'The engine sent "/\\"", an absolute path: nothing of it was kept',
  );
  const { build } = Deno;
  Object.defineProperty(Deno, "build", { value: { ...build, os: "windows" } });
  try {
    for (const path of ["a\\b", "a:b"]) {
      assertEquals(fault(path), "a path that Windows can't have");
    }
    assertEquals(fault("a/b"), undefined);
  } finally {
    Object.defineProperty(Deno, "build", { value: build });
  }
  for (const target of ["a", "../..", "é".repeat(2047) + "x"]) {
    checkTarget("p", target);
  }
  for (const target of ["", "a\0", "é".repeat(2048)]) {
    assertThrows(
      () => checkTarget("p", target),
      ProtocolError,
      'The engine sent "p" as a symlink that no system can have',
    );
  }
  const numbers = (mode: number, size: number) =>
    checkNumbers({ ...NO_STAT, path: "p", mode, size });
  numbers(0, 0);
  numbers(0xffffffff, 2 ** 53);
  for (const [mode, size] of [[-1, 0], [0x100000000, 0], [0, -1]] as const) {
    assertThrows(
      () => numbers(mode, size),
      ProtocolError,
      'The engine sent "p" with an impossible mode or size',
    );
  }
  assertEquals(quoted("a".repeat(200)), JSON.stringify("a".repeat(200)));
  assertEquals(quoted("a".repeat(201)), JSON.stringify(`${"a".repeat(200)}…`));
  for (const text of ["", "a", "é".repeat(2047), "a".repeat(4095)]) {
    assertEquals(byteLength(text), encoder.encode(text).length);
  }
  for (const text of ["é".repeat(2048), "a".repeat(4096), "😀".repeat(1024)]) {
    assertEquals(byteLength(text), 4096);
  }
  assert(byteLength("a".repeat(9000)) > 4095);
});

Deno.test("EntryOrder takes entries as a walk gives them, and no other order", () => {
  const taken = (entries: readonly string[]) => {
    const order = new EntryOrder();
    for (const entry of entries) {
      const isFolder = entry.endsWith("/");
      order.next(isFolder ? entry.slice(0, -1) : entry, isFolder);
    }
  };
  for (
    const entries of [
      ["a", "b"],
      ["a/", "a/b", "a-b"],
      ["a/", "a/b/", "a/b/c", "a/c", "b"],
      ["a/", "b/", "b/a"],
      ["a/", "a/b/", "a/b/c/", "b"],
      ["\uFF5E", "😀"],
    ]
  ) taken(entries);
  for (
    const [entries, path, behind] of [
      [["b", "a"], "a", "b"],
      [["a", "a"], "a", "a"],
      [["a", "a/b"], "a/b", "a"],
      [["a/b"], "a/b", ""],
      [["a/", "b", "a/c"], "a/c", "b"],
      [["a/", "a/c", "a/b"], "a/b", "a/c"],
      [["a/", "a/b/", "a/b/d", "a/b/c"], "a/b/c", "a/b/d"],
      [["a/", "a/b/", "b", "a/c"], "a/c", "b"],
      [["😀", "\uFF5E"], "\uFF5E", "😀"],
    ] as const
  ) {
    const error = assertThrows(() => taken(entries), ProtocolError);
    assertEquals(
      error.message,
      `The engine sent ${JSON.stringify(path)} out of order, behind ${
        JSON.stringify(behind)
      }: nothing of it was kept`,
    );
  }
  assert(compareNames("a", "b") < 0);
});

Deno.test("FileTable keeps names of every length, over the ends of its pieces and tables", () => {
  const table = new FileTable();
  const paths: (string | undefined)[] = [];
  const add = (path: string | undefined) => {
    table.add(path, paths.length);
    paths.push(path);
  };
  for (let length = 1; length <= 300; length++) add(`${"x".repeat(length)}`);
  // Names as long as a piece's rest, in folders that begin alike.
  for (const length of [4095, 8000, 12_287, 12_288]) {
    for (let count = 0; count < 50; count++) {
      add(`f/${"y".repeat(length - 4)}${String(count).padStart(4, "0")}`);
      if (count % 7 === 0) add(undefined);
    }
  }
  for (const path of ["a/b/c", "a/b/d", "a/bc", "a/b-/c", "ab/c", "b", "a/x"]) {
    add(path);
  }
  for (let count = paths.length; count < 2050; count++) add(`g${count}`);
  assert(!table.ask(paths.length));
  for (const [id, path] of paths.entries()) {
    assertEquals(table.ask(id), path !== undefined, `${id}`);
    assert(!table.ask(id));
    if (path === undefined) continue;
    assertEquals(table.take(id), { path, size: id });
    assert(!table.ask(id));
  }
});

Deno.test("FileTable cuts no name at the end of a piece, however full that is", () => {
  const long = "y".repeat(12_288);
  // 249 names of 1,000 bytes leave room for one of the longest, or not quite.
  for (let length = 330; length < 365; length++) {
    const table = new FileTable();
    for (let count = 0; count < 249; count++) table.add("x".repeat(1000), 1);
    table.add("z".repeat(length), 2);
    table.add(long, 3);
    table.add("behind", 4);
    for (
      const [id, path] of [
        [249, "z".repeat(length)],
        [250, long],
        [251, "behind"],
      ] as const
    ) {
      assert(table.ask(id));
      assertEquals(table.take(id).path, path, `${length}`);
    }
  }
});

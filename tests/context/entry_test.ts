// What the system says is said for it here: the replaced functions are those
// that the code under test calls.
// deno-lint-ignore-file no-sync-fn-in-async-fn
import { isExportName, newExportName } from "../../lib/context/export_name.ts";
import { ContextFilter } from "../../lib/context/filter.ts";
import { comparePaths, sortNames } from "../../lib/context/order.ts";
import {
  isGone,
  notUtf8,
  swapped,
  unreadable,
} from "../../lib/context/unreadable.ts";
import {
  entryAt,
  walkContext as walkWithPauses,
} from "../../lib/context/walk.ts";
import { ContextError } from "../../lib/errors.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { Random } from "../support/random.ts";
import { walkContext } from "../support/walk.ts";

const PLAIN: Deno.FileInfo = {
  isFile: true,
  isDirectory: false,
  isSymlink: false,
  size: 7,
  mtime: new Date(5000),
  atime: null,
  birthtime: null,
  ctime: new Date(5000),
  dev: 1,
  ino: 2,
  mode: 0o100644,
  nlink: 1,
  uid: 0,
  gid: 0,
  rdev: 0,
  blksize: null,
  blocks: null,
  isBlockDevice: false,
  isCharDevice: false,
  isFifo: false,
  isSocket: false,
};

/** The entry of what the system describes so. */
function entryOf(info: Partial<Deno.FileInfo>) {
  const { lstatSync } = Deno;
  Deno.lstatSync = () => ({ ...PLAIN, ...info });
  try {
    return entryAt("/root", "path")!;
  } finally {
    Deno.lstatSync = lstatSync;
  }
}

Deno.test("an entry has the type, mode and size of what is there", () => {
  const other = { isFile: false };
  for (
    const [info, type] of [
      [{}, "file"],
      [{ ...other, isDirectory: true }, "directory"],
      [{ ...other, isFifo: true }, "fifo"],
      [{ ...other, isSocket: true }, "socket"],
      [{ ...other, isBlockDevice: true }, "block-device"],
      [{ ...other, isCharDevice: true }, "char-device"],
    ] as const
  ) {
    const entry = entryOf({ ...info, rdev: 0x103 });
    assertEquals(entry.type, type);
    assertEquals(entry.size, type === "file" ? 7 : 0);
    const isDevice = type.endsWith("-device");
    assertEquals([entry.major, entry.minor], isDevice ? [1, 3] : [0, 0]);
    assertEquals([entry.target, entry.hardlink], [undefined, undefined]);
  }
  for (
    const [mode, expected] of [
      [0o100644, 0o644],
      [0o107777, 0o7777],
      [0o104000, 0o4000],
      [0o100000, 0],
      [null, 0o755], // Windows
    ] as const
  ) assertEquals(entryOf({ mode }).mode, expected);
  assertEquals(entryOf({ mtime: null }).mtimeMs, 0);
  assertEquals(entryOf({ mtime: new Date(1234) }).mtimeMs, 1234);
  assertEquals(entryOf({ nlink: null }).hardlink, undefined);
  assertEquals(
    entryOf({ isFile: false, isCharDevice: true, rdev: null }).major,
    0,
  );
});

Deno.test("a device's number is cut as Linux cuts it", () => {
  /** glibc's `gnu_dev_makedev`. */
  const makedev = (major: number, minor: number) =>
    (BigInt(major) & 0xfffn) << 8n | (BigInt(major) & 0xfffff000n) << 32n |
    BigInt(minor) & 0xffn | (BigInt(minor) & 0xffffff00n) << 12n;
  for (const major of [0, 1, 8, 0xff, 0x100, 0xfff, 0x1000, 0x1ffff]) {
    for (const minor of [0, 1, 0x80, 0xff, 0x100, 0xabcde, 0xfffff]) {
      const rdev = Number(makedev(major, minor));
      for (const isBlockDevice of [false, true]) {
        const entry = entryOf({ isFile: false, isBlockDevice, rdev });
        assertEquals([entry.major, entry.minor], [major, minor]);
      }
    }
  }
});

Deno.test("a time that was set by hand is marked with the second in which it was set", () => {
  /** Knuth's multiplicative hash of the second, mixed, as parts of a millisecond. */
  const mark = (second: number) => {
    const mixed = Number(BigInt.asUintN(32, BigInt(second) * 0x9e3779b1n));
    return ((mixed ^ (mixed >> 15 & 0x1ffff)) >>> 0) % 1_000_000;
  };
  const stamp = (mtime: number | null, ctime: number | null) =>
    entryOf({
      mtime: mtime === null ? null : new Date(mtime),
      ctime: ctime === null ? null : new Date(ctime),
    }).stamp;
  const now = 1_700_000_000_000;
  for (
    const [mtime, ctime, expected] of [
      [5123, now, mark(1_700_000_000)],
      [5123, now + 999, mark(1_700_000_000)],
      [5123, now + 1000, mark(1_700_000_001)],
      [now + 1, 5000, mark(5)],
      [5000, now, 0],
      [0, now, 0],
      [null, now, 0],
      [5123, null, 0],
      [5123, 5123, 0],
      [5123, 7122, 0],
      [5123, 7123, mark(7)],
      [7123, 5124, 0],
      [7123, 5123, mark(5)],
    ] as const
  ) assertEquals([mtime, ctime, stamp(mtime, ctime)], [mtime, ctime, expected]);
});

Deno.test("walkContext() takes files of one device and number for one, and others not", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { a: "", b: "", c: "", d: "", e: "" });
    const { lstatSync } = Deno;
    const numbers: Record<string, [dev: number, ino: number, nlink: number]> = {
      a: [1, 11, 2],
      b: [11, 1, 2],
      c: [1, 11, 2],
      d: [1, 11, 1], // by its count it is the only one
      e: [1, 11, 3],
    };
    Deno.lstatSync = (path) => {
      const [dev, ino, nlink] = numbers[String(path).slice(-1)]!;
      return { ...lstatSync(path), isFile: true, dev, ino, nlink };
    };
    try {
      assertEquals(
        [...walkContext(root)].map(({ hardlink }) => hardlink),
        [undefined, undefined, "a", undefined, "a"],
      );
    } finally {
      Deno.lstatSync = lstatSync;
    }
  });
});

Deno.test("walkContext() pauses behind each 64 entries that it leaves out", async () => {
  await withTempFolder(async (root) => {
    let there = 0;
    for (
      const [count, pauses] of [[62, 0], [63, 1], [126, 1], [127, 2]] as const
    ) {
      for (; there < count; there++) {
        await Deno.writeTextFile(`${root}/n${there}`, "");
      }
      const filter = new ContextFilter({ exclude: ["n*"] });
      assertEquals([...walkWithPauses(root, filter)].length, pauses);
    }
    // One that is kept counts anew.
    await Deno.writeTextFile(`${root}/n60-kept`, "");
    const filter = new ContextFilter({ exclude: ["n*", "!n60-kept"] });
    const order = [...walkWithPauses(root, filter)].map((entry) => entry?.path);
    const names = sortNames(
      [...Deno.readDirSync(root)].map(({ name }) => name),
    );
    const at = names.indexOf("n60-kept");
    assertEquals(order.indexOf("n60-kept"), Math.floor((at + 1) / 64));
    assertEquals(
      order.length,
      1 + Math.floor((at + 1) / 64) + Math.floor((names.length - at) / 64),
    );
  });
});

Deno.test("walkContext() walks the root of all folders, and one whose path ends in a slash", async () => {
  const { readDirSync, lstatSync, realPathSync } = Deno;
  const asked: string[] = [];
  Object.assign(Deno, {
    readDirSync: (path: string) => {
      asked.push(`list ${path}`);
      return path === "/"
        ? [{ name: "d", isDirectory: true }]
        : [{ name: "x", isDirectory: false }];
    },
    lstatSync: (path: string) => ({
      ...PLAIN,
      isFile: path !== "/d",
      isDirectory: path === "/d",
    }),
    realPathSync: (path: string) => {
      asked.push(`place ${path}`);
      return path;
    },
  });
  try {
    assertEquals([...walkContext("/")].map(({ path }) => path), ["d", "d/x"]);
    assertEquals(asked, [
      "list /",
      "list /d",
      "place /d",
      "place /d",
      "place /",
    ]);
  } finally {
    Object.assign(Deno, { readDirSync, lstatSync, realPathSync });
  }
  await withTempFolder(async (root) => {
    await writeTree(root, { "d/x": "1" });
    const list = (at: string) => [...walkContext(at)].map(({ path }) => path);
    assertEquals(list(`${root}/`), list(root));
    assertEquals(entryAt(`${root}/`, "d/x"), entryAt(root, "d/x"));
    assertEquals(entryAt(root, "d/nothing"), undefined);
    assertEquals(entryAt(root, "d/x/below"), undefined);
    assertEquals(list(`${root}/gone`), []);
  });
});

Deno.test("walkContext() compares places as the system writes them", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { "d/x": "1" });
    const { build, realPathSync } = Deno;
    const walk = () => [...walkContext(root)].map(({ path }) => path);
    Deno.realPathSync = (path) => realPathSync(path).replaceAll("/", "\\");
    try {
      assertThrows(walk, ContextError, "became a link");
      Object.defineProperty(Deno, "build", {
        value: { ...build, os: "windows" },
      });
      assertEquals(walk(), ["d", "d/x"]);
      Deno.realPathSync = realPathSync;
      assertThrows(walk, ContextError, "became a link");
    } finally {
      Deno.realPathSync = realPathSync;
      Object.defineProperty(Deno, "build", { value: build });
    }
  });
});

Deno.test("walkContext() says what it can't look at, and leaves out what is gone", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { "a": "", "d/x": "1", "z": "" });
    await Deno.symlink("a", `${root}/l`);
    const { lstatSync, readDirSync, readLinkSync, realPathSync } = Deno;
    /** Walks while one look at one path fails. */
    const failing = (
      name: "lstatSync" | "readDirSync" | "readLinkSync" | "realPathSync",
      at: string,
      error: Error,
      filter?: ContextFilter,
    ) => {
      const real = Deno[name] as (path: string | URL) => unknown;
      Object.assign(Deno, {
        [name]: (path: string) => {
          if (path === `${root}/${at}`) throw error;
          return real(path);
        },
      });
      try {
        return [...walkContext(root, filter)].map(({ path }) => path);
      } finally {
        Object.assign(Deno, {
          lstatSync,
          readDirSync,
          readLinkSync,
          realPathSync,
        });
      }
    };
    const gone = new Deno.errors.NotFound("gone");
    const broken = new Error("broken");
    const closed = new Deno.errors.PermissionDenied("closed");
    assertEquals(failing("lstatSync", "a", gone), ["d", "d/x", "l", "z"]);
    assertEquals(failing("lstatSync", "d", gone), ["a", "l", "z"]);
    assertEquals(failing("readDirSync", "d", gone), ["a", "d", "l", "z"]);
    assertEquals(failing("realPathSync", "d", gone), ["a", "d", "l", "z"]);
    assertEquals(failing("readLinkSync", "l", gone), ["a", "d", "d/x", "z"]);
    for (
      const [name, at] of [
        ["lstatSync", "a"],
        ["lstatSync", "d"],
        ["readDirSync", "d"],
        ["realPathSync", "d"],
        ["readLinkSync", "l"],
      ] as const
    ) {
      for (const error of [broken, closed]) {
        const told = assertThrows(() => failing(name, at, error), ContextError);
        assert(
          told.message.includes(
            `${root}/${at} can't be read (${error.message})`,
          ),
          told.message,
        );
        assert(told.cause === error);
      }
    }
    const notText = new Deno.errors.InvalidData("no text");
    const link = assertThrows(
      () => failing("readLinkSync", "l", notText),
      ContextError,
    );
    assert(link.message.includes(`the target of the link ${root}/l is not`));
    // What is not wanted may be closed, and may not be broken.
    const filter = new ContextFilter({ exclude: ["*", "!d/x", "!a"] });
    assertEquals(failing("readDirSync", "d", closed, filter), ["a"]);
    assertThrows(
      () => failing("readDirSync", "d", broken, filter),
      ContextError,
    );
  });
});

Deno.test("the words of what can't be read name the path, the reason and what helps", () => {
  const cause = new Error("disk is broken");
  const plain = unreadable("/a", cause);
  assertEquals(
    plain.message,
    "Cannot build: /a can't be read (disk is broken): make it readable, or ignore it",
  );
  assert(plain.cause === cause);
  assertEquals(
    unreadable("/a", "odd", "do this").message,
    "Cannot build: /a can't be read (odd): do this",
  );
  const denied = new Deno.errors.NotCapable("no");
  const closed = unreadable("/a", denied, "do this");
  assertEquals(
    closed.message,
    "Cannot build: this program may not read /a: run it with --allow-read=/a",
  );
  assert(closed.cause === denied);
  assert(notUtf8("it").message.includes("it is not UTF-8"));
  assert(swapped("/a").message.includes("while /a was read"));
  for (
    const [error, gone] of [
      [new Deno.errors.NotFound(), true],
      [new Deno.errors.NotADirectory(), true],
      [Object.assign(new Error(), { code: "ENOENT" }), true],
      [Object.assign(new Error(), { code: "ENOTDIR" }), true],
      [Object.assign(new Error(), { code: "EACCES" }), false],
      [new Error(), false],
      [new Deno.errors.PermissionDenied(), false],
    ] as const
  ) assertEquals(isGone(error), gone, String(error));
});

Deno.test("comparePaths() puts a folder before what is in it, and names by their bytes", () => {
  const random = new Random(5);
  const part = () =>
    random.pick(["a", "a-b", "a.b", "b", "é", "\uFF5E", "😀", "\uE000", "aa"]);
  const path = () =>
    Array.from({ length: 1 + random.below(3) }, part).join("/");
  const encoder = new TextEncoder();
  /** By the bytes of the whole path, with the slash as the least of all. */
  const slowly = (a: string, b: string) => {
    const bytes = (text: string) =>
      [...encoder.encode(text)].map((byte) => byte === 0x2f ? -1 : byte);
    const [left, right] = [bytes(a), bytes(b)];
    for (let at = 0; at < left.length && at < right.length; at++) {
      if (left[at] !== right[at]) return left[at]! - right[at]!;
    }
    return left.length - right.length;
  };
  for (let round = 0; round < 3000; round++) {
    const [a, b] = [path(), path()];
    assertEquals(
      [a, b, Math.sign(comparePaths(a, b))],
      [a, b, Math.sign(slowly(a, b))],
    );
  }
  const edges = [
    "\uD7FF",
    "\u{10000}",
    "\u{103FF}",
    "\u{10FC00}",
    "\u{10FFFF}",
    "\uE000",
    "\uFFFF",
  ];
  for (const a of edges) {
    for (const b of edges) {
      assertEquals(
        Math.sign(comparePaths(a, b)),
        Math.sign(slowly(a, b)),
        escape(a + b),
      );
    }
    assertEquals(sortNames(["b", a, "a"]), ["a", "b", a]);
  }
  assertEquals(
    sortNames(["\u{10000}", "\uE000", "\uD7FF", "a"]),
    ["a", "\uD7FF", "\uE000", "\u{10000}"],
  );
});

Deno.test("a name for an export is known as one, and no other name is", () => {
  const names = new Set(Array.from({ length: 50 }, newExportName));
  assertEquals(names.size, 50);
  for (const name of names) {
    assert(/^\.davit-export-[0-9a-f]{16}$/.test(name), name);
    assert(isExportName(name));
    for (
      const other of [
        name.slice(0, -1),
        `${name}0`,
        `x${name}`,
        name.slice(1),
        name.replace(/.$/, "g"),
        name.replace("davit", "tivad"),
        name.toUpperCase(),
      ]
    ) assert(!isExportName(other), other);
  }
});

Deno.test("ContextFilter enters a folder where something may be kept, and no other", () => {
  for (
    const [options, path, keep, enter] of [
      [{}, "a", true, true],
      [{ include: ["a"] }, "a", true, true],
      [{ include: ["a"] }, "b", false, false],
      [{ include: ["a/b"] }, "a", false, true],
      [{ exclude: ["a"] }, "a", false, false],
      [{ exclude: ["b"] }, "a", true, true],
      [{ exclude: ["a", "!a/b"] }, "a", false, true],
      [{ exclude: ["a", "!b/a"] }, "a", false, false],
      [{ include: ["a"], exclude: ["a"] }, "a", false, false],
      [{ include: ["a/b"], exclude: ["a"] }, "a", false, false],
      [{ include: ["a/b"], exclude: ["a", "!a/b"] }, "a", false, true],
      [{ include: ["b"], exclude: ["a", "!a/b"] }, "a", false, false],
      [{ include: ["b"], exclude: ["c"] }, "a", false, false],
      [{ include: [], exclude: [] }, "a", true, true],
    ] as const
  ) {
    const filter = new ContextFilter(options);
    const state = filter.step(path, filter.root);
    const what = JSON.stringify([options, path]);
    assertEquals([what, state.keep, state.enter], [what, keep, enter]);
  }
  const none = new ContextFilter();
  assert(none.step("a", none.root) === none.root);
  const some = new ContextFilter({ include: ["a"], exclude: ["x"] });
  assertEquals([some.root.keep, some.root.enter], [false, true]);
  const below = some.step("a", some.root);
  assert(below !== some.root);
  assert(some.step("a/b", below) === below);
  assert(some.step("a/x", below) === below);
  const closed = new ContextFilter({ exclude: ["a"] });
  const inside = closed.step("a", closed.root);
  assertEquals(closed.step("a/b", inside).keep, false);
});

import { ProtocolError } from "../../lib/errors.ts";
import { ArchiveFile } from "../../lib/exporter/archive_file.ts";
import { receiveArchive } from "../../lib/exporter/archive_receiver.ts";
import { ArchiveStream } from "../../lib/exporter/archive_stream.ts";
import {
  cannotExport,
  ExportError,
  notReceived,
  secondArchive,
} from "../../lib/exporter/export_error.ts";
import { FileWriter } from "../../lib/exporter/file_writer.ts";
import { heldNames, plainWords } from "../../lib/exporter/held_names.ts";
import { setMode } from "../../lib/exporter/mode.ts";
import { StagedTree } from "../../lib/exporter/staged_tree.ts";
import { setTime } from "../../lib/exporter/time.ts";
import type { MessageDuplex } from "../../lib/streams/duplex.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { names, replaced, scratch } from "./scratch.ts";

const LIMITS = { maxEntries: 100, maxBytes: 10 };
const TIME = new Date(1_600_000_000_000);
const encoder = new TextEncoder();

/** An engine's call that sends these pieces. */
function call(...pieces: (string | Error)[]): MessageDuplex {
  return {
    signal: new AbortController().signal,
    read() {
      const piece = pieces.shift();
      return piece instanceof Error
        ? Promise.reject(piece)
        : Promise.resolve(piece === undefined ? null : encoder.encode(piece));
    },
    write: () => undefined,
  };
}

Deno.test("StagedTree counts what it takes, up to each limit", async () => {
  const tree = (maxEntries: number, maxBytes: number) =>
    new StagedTree("/none", "dest", { maxEntries, maxBytes });
  const most = tree(3, 10);
  most.claim(4, 1);
  most.claim(6, 1);
  most.claim(0, 1);
  assertEquals(most.counts, {
    entries: 3,
    bytes: 10,
    skipped: 0,
    skippedPaths: [],
  });
  assertThrows(
    () => most.claim(0, 1),
    ExportError,
    "Cannot export: the result has more than 3 entries (maxEntries)",
  );
  assertThrows(
    () => tree(3, 10).claim(11, 1),
    ExportError,
    "Cannot export: the result has more than 10 bytes (maxBytes)",
  );
  // With as many entries as there may be, it is the bytes.
  assertThrows(() => tree(1, 10).claim(11, 1), ExportError, "(maxBytes)");
  const names = 256 * 1024 * 1024;
  const long = tree(Infinity, Infinity);
  long.claim(0, 1);
  long.claim(0, names - 1);
  assertThrows(
    () => long.claim(0, 1),
    ExportError,
    `the paths in the result have more than ${names} bytes together`,
  );
  for (let count = 0; count < 12; count++) long.skip(`p${count}`);
  assertEquals(long.counts.skipped, 12);
  assertEquals(
    long.counts.skippedPaths,
    Array.from({ length: 10 }, (_, count) => `p${count}`),
  );
  await long.close();
});

Deno.test("StagedTree writes each kind of entry as it was sent", async () => {
  await using place = await scratch();
  const before = Deno.umask(0o077);
  try {
    const tree = new StagedTree(place.path, "dest", LIMITS);
    tree.folder("d", 0o755, TIME);
    tree.folder("d", 0o750, TIME); // another platform's call has it, too
    tree.file("d/f", 0o600, TIME, encoder.encode("content"));
    tree.file("d/set", 0o4711, TIME, encoder.encode("x"));
    tree.symlink("d/l", "nowhere", TIME);
    tree.link("d/z", "d/f");
    const writer = tree.open("d/large");
    assertEquals(
      (await Deno.stat(`${place.path}/d/large`)).mode! & 0o7777,
      0o600,
    );
    await writer.write(encoder.encode("much"));
    await tree.end(writer, "d/large", 0o644, TIME);
    assertEquals(tree.folders.map(({ path, mode }) => [path, mode]), [
      ["d", 0o755],
      ["d", 0o750],
    ]);
    const about = async (name: string) => {
      const info = await Deno.lstat(`${place.path}/${name}`);
      return [
        (info.mode! & 0o7777).toString(8),
        info.mtime!.getTime(),
        info.nlink,
      ];
    };
    assertEquals((await about("d"))[0], "700");
    assertEquals(await about("d/f"), ["600", TIME.getTime(), 2]);
    assertEquals(await about("d/set"), ["4711", TIME.getTime(), 1]);
    assertEquals((await about("d/l"))[1], TIME.getTime());
    assertEquals(await about("d/large"), ["644", TIME.getTime(), 1]);
    assertEquals(await Deno.readTextFile(`${place.path}/d/large`), "much");
    assertEquals(await Deno.readLink(`${place.path}/d/l`), "nowhere");
    // Hard links lead to earlier files, and through folders alone.
    for (
      const [path, target] of [
        ["d/z2", "d/none"],
        ["d/z2", "d"],
        ["d/z2", "d/l"],
        ["d/z2", "d/l/x"],
        ["d/a", "d/f"],
        ["d/f", "d/f"],
        ["d/zz", "d/f/x"],
      ] as const
    ) {
      const error = assertThrows(() => tree.link(path, target), Error);
      assert(
        error instanceof ProtocolError
          ? error.message.includes(
            `"${path}" as a hard link to "${target}", which is no earlier file`,
          )
          : target === "d/f/x",
        error.message,
      );
    }
    await tree.close();
    for (
      const late of [
        () => tree.folder("late", 0o755, TIME),
        () => tree.file("late", 0o644, TIME, encoder.encode("")),
        () => tree.symlink("late", "x", TIME),
        () => tree.open("late"),
      ]
    ) {
      assertThrows(
        late,
        ExportError,
        'Cannot export to "dest": the export was given up',
      );
    }
  } finally {
    Deno.umask(before);
  }
  assertEquals(await names(place.path), ["d"]);
});

Deno.test("StagedTree closes what it has open, and says what can't be written", async () => {
  await using place = await scratch();
  const tree = new StagedTree(place.path, "dest", LIMITS);
  const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = open();
  const [one, two, three] = ["a", "b", "c"].map((name) => tree.open(name));
  assertEquals(open(), before + 3);
  await tree.end(one!, "a", 0o644, TIME);
  assertEquals(open(), before + 2);
  await tree.close();
  assertEquals(open(), before);
  await assertRejects(
    () => tree.end(two!, "b", 0o644, TIME),
    ExportError,
    "the export was given up",
  );
  await three!.close();
  const other = new StagedTree(place.path, "dest", LIMITS);
  const error = assertThrows(
    () => other.file("none/f", 0o644, TIME, encoder.encode("")),
    ExportError,
    'Cannot export to "dest": "none/f" can\'t be written: ',
  );
  assert(error.cause instanceof Deno.errors.NotFound);
  assertThrows(
    () => other.folder("a", 0o755, TIME),
    ExportError,
    '"a" can\'t be written',
  );
  const denied = new Deno.errors.NotCapable("no permission");
  {
    using _symlink = replaced(Deno, "symlinkSync", () => () => {
      throw denied;
    });
    const refused = assertThrows(
      () => other.symlink("l", "x", TIME),
      ExportError,
      '"l" is a symlink, and Deno makes one only with --allow-read',
    );
    assertEquals(refused.cause, undefined);
  }
  {
    using _lstat = replaced(Deno, "lstatSync", () => () => {
      throw new Error("disk is broken");
    });
    assertThrows(
      () => other.link("z", "a"),
      ExportError,
      '"a" can\'t be written: disk is broken',
    );
  }
  const writer = other.open("w");
  await writer.write(encoder.encode("x"));
  {
    using _chmod = replaced(Deno, "chmodSync", () => () => {
      throw new Error("no modes");
    });
    await assertRejects(
      () => other.end(writer, "w", 0o644, TIME),
      ExportError,
      '"w" can\'t be written: no modes',
    );
  }
  assertEquals(
    other.givenUp("words").message,
    "The engine gave the transfer of the result up: words",
  );
  await other.close();
});

Deno.test("FileWriter writes what it is given, in pieces of any length", async () => {
  await using place = await scratch();
  const buffer = 256 * 1024;
  const sizes = [
    [],
    [0],
    [1],
    [buffer - 1],
    [buffer],
    [buffer + 1],
    [buffer - 1, 1, 1],
    [buffer - 1, 2],
    [1, buffer, buffer, 3 * buffer + 7],
    [buffer, buffer],
    [3 * buffer],
  ];
  for (const [index, pieces] of sizes.entries()) {
    const path = `${place.path}/f${index}`;
    const writer = FileWriter.create(path, 0o640);
    let at = 0;
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (const size of pieces) {
      const bytes = new Uint8Array(size).map((_, n) => (at + n) % 251);
      at += size;
      parts.push(bytes.slice());
      const room = writer.write(bytes);
      if (room !== undefined) await room;
      bytes.fill(255); // it was copied
    }
    await writer.end();
    await writer.end();
    await writer.close();
    const expected = await new Blob(parts).bytes();
    const found = await Deno.readFile(path);
    assertEquals(found.length, expected.length);
    assert(found.every((byte, at) => byte === expected[at]), `${index}`);
  }
  const path = `${place.path}/f0`;
  assertThrows(() => FileWriter.create(path, 0o640), Deno.errors.AlreadyExists);
});

Deno.test("FileWriter asks to be waited for when its buffer is full, and not before", async () => {
  await using place = await scratch();
  const buffer = 256 * 1024;
  const writer = FileWriter.create(`${place.path}/f`, 0o600);
  assertEquals(writer.write(new Uint8Array(buffer - 1)), undefined);
  assertEquals(writer.write(new Uint8Array(1)), undefined);
  assertEquals((await Deno.stat(`${place.path}/f`)).size, 0);
  const room = writer.write(new Uint8Array(1));
  assert(room !== undefined);
  await room;
  await writer.close();
  assertEquals((await Deno.stat(`${place.path}/f`)).size, buffer);
  await assertRejects(
    async () => {
      await writer.write(new Uint8Array(2 * buffer));
    },
    Deno.errors.BadResource,
    "The file is closed",
  );
});

Deno.test("FileWriter tells of a disk that takes no more, and writes what it takes in part", async () => {
  const full = new Error("no space");
  const written: number[] = [];
  let isFull = false;
  let closed = 0;
  const file = {
    write(bytes: Uint8Array) {
      if (isFull) return Promise.reject(full);
      const count = Math.min(bytes.length, 100_000);
      written.push(count);
      return Promise.resolve(count);
    },
    close: () => void closed++,
  };
  using _open = replaced(Deno, "openSync", () => () => file as Deno.FsFile);
  const buffer = 256 * 1024;
  const writer = FileWriter.create("x", 0o600);
  await writer.write(new Uint8Array(buffer + 1));
  await writer.end();
  assertEquals(written, [100_000, 100_000, buffer - 200_000, 1]);
  assertEquals(closed, 1);
  isFull = true;
  const failing = FileWriter.create("x", 0o600);
  await failing.write(new Uint8Array(buffer + 1));
  assertEquals(
    await failing.write(new Uint8Array(buffer))!.catch((error) => error),
    full,
  );
  assertEquals(await failing.end().catch((error) => error), full);
  assertEquals(closed, 2);
  const left = FileWriter.create("x", 0o600);
  await left.write(new Uint8Array(buffer + 1));
  await left.close();
  assertEquals(closed, 3);
});

Deno.test("receiveArchive() takes what is allowed to the last byte", async () => {
  const taken: string[] = [];
  const take = (bytes: Uint8Array) => {
    taken.push(new TextDecoder().decode(bytes));
    return undefined;
  };
  await receiveArchive(call("abc", "", "de"), 5, take);
  assertEquals(taken, ["abc", "", "de"]);
  await assertRejects(
    () => receiveArchive(call("abc", "def"), 5, take),
    ExportError,
    "Cannot export: the archive has more than 5 bytes (maxBytes)",
  );
  assertEquals(taken.slice(3), ["abc"]);
  // The next piece is read when the one before was taken.
  let waiting = 0;
  await receiveArchive(call("a", "b", "c"), 5, async () => {
    assertEquals(++waiting, 1);
    await new Promise((done) => setTimeout(done, 0));
    waiting--;
  });
});

Deno.test("ArchiveStream writes copies, closes the stream at the end, and frees it", async () => {
  const got: Uint8Array[] = [];
  let ended = "";
  const make = () =>
    new WritableStream<Uint8Array>({
      write: (bytes) => void got.push(bytes),
      close: () => void (ended = "closed"),
      abort: (reason) => void (ended = `aborted ${reason}`),
    });
  const stream = make();
  const exporter = new ArchiveStream(stream, LIMITS);
  assertEquals([exporter.wire, exporter.canStage], ["bytes", false]);
  await assertRejects(() => exporter.receive(call("x")), ProtocolError);
  await exporter.prepare();
  assert(stream.locked);
  await exporter.receive(call("abc", "de"));
  assertEquals(got, [encoder.encode("abc"), encoder.encode("de")]);
  await assertRejects(
    () => exporter.receive(call("x")),
    ProtocolError,
    "where none",
  );
  await assertRejects(
    () => exporter.staged(),
    TypeError,
    "has its bytes already",
  );
  assertEquals(await exporter.commit(), {
    dest: undefined,
    entries: 0,
    bytes: 5,
    skipped: 0,
    skippedPaths: [],
  });
  assertEquals([ended, stream.locked], ["closed", false]);
  await exporter.discard();
  assertEquals(ended, "closed");
  await assertRejects(() => exporter.commit(), TypeError, "not prepared");
  await assertRejects(() => exporter.receive(call("x")), ProtocolError);
  // What is given up is aborted, with its reason, once.
  for (const prepared of [true, false]) {
    ended = "";
    const given = make();
    const other = new ArchiveStream(given, LIMITS);
    if (prepared) await other.prepare();
    await other.discard("why");
    await other.discard("again");
    assertEquals([ended, given.locked], ["aborted why", false]);
  }
  // A stream that somebody else has taken meanwhile is theirs.
  ended = "";
  const taken = make();
  const late = new ArchiveStream(taken, LIMITS);
  const writer = taken.getWriter();
  await assertRejects(() => late.prepare(), ExportError, "it takes no more: ");
  await late.discard("why");
  assertEquals(ended, "");
  await writer.close();
  // And one that was sent nothing.
  const empty = new ArchiveStream(make(), LIMITS);
  await empty.prepare();
  await assertRejects(() => empty.commit(), ProtocolError, "without sending");
  assert(ended.startsWith("aborted ProtocolError"), ended);
});

Deno.test("ArchiveStream: a stream that breaks while nothing is written is told where something is", async () => {
  const broken = new Error("pipe is gone");
  let fail = () => {};
  const stream = new WritableStream<Uint8Array>({
    start: (controller) => void (fail = () => controller.error(broken)),
  });
  const exporter = new ArchiveStream(stream, LIMITS);
  await exporter.prepare();
  fail();
  // Whatever else would hear of it has its turn.
  await new Promise((resolve) => setTimeout(resolve));
  const error = await assertRejects(
    () => exporter.receive(call("a")),
    ExportError,
    "it takes no more: pipe is gone",
  );
  assert(error.cause === broken);
  await exporter.discard();
  assert(!stream.locked);
});

Deno.test("FileWriter lets go of a file only behind what is being written to it", async () => {
  const events: string[] = [];
  const release = Promise.withResolvers<void>();
  const file = {
    async write(bytes: Uint8Array) {
      await release.promise;
      events.push("written");
      return bytes.length;
    },
    close: () => void events.push("closed"),
  };
  using _open = replaced(Deno, "openSync", () => () => file as Deno.FsFile);
  const writer = FileWriter.create("x", 0o600);
  await writer.write(new Uint8Array(256 * 1024 + 1));
  const closing = writer.close();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(events, []);
  release.resolve();
  await closing;
  assertEquals(events, ["written", "closed"]);
});

Deno.test("FileWriter tells of what fails when somebody waits, and of the last bytes, too", async () => {
  const full = new Error("no space");
  const file: unknown = { write: () => Promise.reject(full), close() {} };
  using _open = replaced(Deno, "openSync", () => () => file as Deno.FsFile);
  const large = FileWriter.create("x", 0o600);
  await large.write(new Uint8Array(256 * 1024 + 1));
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(await large.end().catch((error) => error), full);
  const small = FileWriter.create("x", 0o600);
  small.write(new Uint8Array(1));
  assertEquals(await small.end().catch((error) => error), full);
});

Deno.test("ArchiveStream says what the stream said", async () => {
  const broken = new Error("pipe is gone");
  for (const way of ["write", "close"] as const) {
    const stream = new WritableStream({ [way]: () => Promise.reject(broken) });
    const exporter = new ArchiveStream(stream, LIMITS);
    await exporter.prepare();
    const receiving = exporter.receive(call("a"));
    const error = await assertRejects(
      () =>
        way === "write" ? receiving : receiving.then(() => exporter.commit()),
      ExportError,
      "Cannot export to the stream: it takes no more: pipe is gone",
    );
    assert(error.cause === broken);
    if (way === "close") assert(!stream.locked);
    await exporter.discard();
  }
});

Deno.test("ArchiveFile is written beside its place, and named as it is told", async () => {
  await using place = await scratch();
  const dest = `${place.path}/out.tar`;
  const exporter = new ArchiveFile(dest, LIMITS);
  assertEquals([exporter.wire, exporter.canStage], ["bytes", true]);
  await assertRejects(() => exporter.receive(call("x")), ProtocolError);
  await assertRejects(() => exporter.commit(), TypeError, "not prepared");
  await assertRejects(
    () => exporter.staged(),
    ProtocolError,
    "without sending",
  );
  await exporter.discard();
  await exporter.prepare();
  await assertRejects(
    () => exporter.staged(),
    ProtocolError,
    "without sending",
  );
  await exporter.receive(call("abc", "de"));
  await assertRejects(() => exporter.receive(call("x")), ProtocolError);
  const staged = await exporter.staged();
  assertEquals(await Deno.readTextFile(staged), "abcde");
  assertEquals((await names(place.path)).length, 1);
  assertEquals(await exporter.commit(), {
    dest,
    entries: 0,
    bytes: 5,
    skipped: 0,
    skippedPaths: [],
  });
  assertEquals(await names(place.path), ["out.tar"]);
  assertEquals(
    (await Deno.stat(dest)).mode! & 0o777,
    0o666 & ~Deno.umask(),
  );
  // One that is replaced keeps its permissions, but for the special ones.
  await Deno.chmod(dest, 0o4751);
  const again = new ArchiveFile(dest, LIMITS);
  await again.prepare();
  await again.receive(call("new"));
  await again.commit();
  assertEquals((await Deno.stat(dest)).mode! & 0o7777, 0o751);
  // Nothing but the end of the transfer makes it whole.
  for (const pieces of [["ab", new Error("broken")], ["12345678901"]]) {
    const failing = new ArchiveFile(dest, LIMITS);
    await failing.prepare();
    await assertRejects(() => failing.receive(call(...pieces)));
    await assertRejects(() => failing.commit(), ProtocolError);
    assertEquals(await Deno.readTextFile(dest), "new");
    assertEquals(await names(place.path), ["out.tar"]);
  }
});

Deno.test("an ExportError holds the system's words, with paths that mean something", () => {
  const cause = new Error("no /proc/self/fd/12345/x and /proc/self/fd/7");
  heldNames.set(12_345, "/the/folder");
  try {
    assertEquals(
      plainWords(cause),
      "no /the/folder/x and /proc/self/fd/7",
    );
    assertEquals(plainWords("words"), "words");
    assertEquals(plainWords(7), "7");
    const error = cannotExport('a"b', "why", cause);
    assertEquals(
      error.message,
      'Cannot export to "a\\"b": why: no /the/folder/x and /proc/self/fd/7',
    );
    assert(error.cause === cause);
  } finally {
    heldNames.delete(12_345);
  }
  const plain = cannotExport("a", "why");
  assertEquals(plain.message, 'Cannot export to "a": why');
  assert(!("cause" in plain));
  assertEquals([plain.name, plain.moved], ["ExportError", []]);
  assertEquals(cannotExport("a", "why", "odd").cause, "odd");
  assertEquals(new ExportError("x", { moved: ["a"] }).moved, ["a"]);
  assert(notReceived().message.includes("without sending its result"));
  assert(secondArchive().message.includes("where none is wanted any more"));
});

Deno.test("permissions are set where a system has them, and times as it takes them", () => {
  const { build } = Deno;
  const modes: number[] = [];
  {
    using _chmod = replaced(
      Deno,
      "chmodSync",
      () => (_path, mode) => void modes.push(mode),
    );
    setMode("x", 0o600);
    Object.defineProperty(Deno, "build", {
      value: { ...build, os: "windows" },
    });
    try {
      setMode("x", 0o700);
    } finally {
      Object.defineProperty(Deno, "build", { value: build });
    }
  }
  assertEquals(modes, [0o600]);
  const set: number[] = [];
  const odd = new TypeError("no parts of a second");
  let error: Error | undefined;
  using _utime = replaced(Deno, "utimeSync", () => (_path, atime, mtime) => {
    assertEquals(atime, mtime);
    const time = (mtime as Date).getTime();
    if (error !== undefined && time % 1000 !== 0) throw error;
    set.push(time);
  });
  setTime("x", new Date(1500));
  setTime("x", new Date(-1500));
  error = odd;
  setTime("x", new Date(-1500));
  setTime("x", new Date(-1));
  assertEquals(set, [1500, -1500, -2000, -1000]);
  assertThrows(() => setTime("x", new Date(1500)), TypeError);
  error = new Error("closed");
  assertThrows(() => setTime("x", new Date(-1500)), Error, "closed");
});

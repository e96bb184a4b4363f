import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { FileMode } from "../../lib/fsutil/packets.ts";
import type { ExportLimits } from "../../lib/exporter/exporter.ts";
import { FolderExporter } from "../../lib/exporter/folder_exporter.ts";
import { hostileMemory } from "./hostile_memory.ts";
import { names, scratch } from "./scratch.ts";
import { packets, play, type ScriptedStream } from "./script.ts";

const { data, end, error, file, finish, folder, hardlink, stat, symlink } =
  packets;
const LIMITS: ExportLimits = { maxEntries: 1000, maxBytes: 1_000_000 };

type Script = Parameters<typeof play>[0];

/**
 * Receives a script that must fail: the folder is as it was, nothing is beside
 * it or outside, and the error says what was wrong.
 */
function refused(
  name: string,
  script: (outside: string) => Script,
  words: string,
  limits: Partial<ExportLimits> = {},
  check: (stream: ScriptedStream) => void = () => {},
): void {
  Deno.test(`FolderExporter refuses ${name}`, async () => {
    await using place = await scratch();
    const outside = `${place.path}/outside`;
    const dest = `${place.path}/dest`;
    await Deno.mkdir(outside);
    await Deno.writeTextFile(`${outside}/kept`, "as it was");
    await Deno.mkdir(dest);
    await Deno.writeTextFile(`${dest}/kept`, "as it was");
    const exporter = new FolderExporter(dest, { ...LIMITS, ...limits });
    await exporter.prepare();
    const stream = play(script(outside));
    const thrown = await assertRejects(() => exporter.receive(stream), Error);
    assertStringIncludes(thrown.message, words);
    assert(["ProtocolError", "ExportError"].includes(thrown.name), thrown.name);
    check(stream);
    await assertRejects(() => exporter.commit(), Error, "without sending");
    assertEquals(await names(place.path), ["dest", "outside"]);
    for (const untouched of [outside, dest]) {
      assertEquals(await names(untouched), ["kept"]);
      assertEquals(await Deno.readTextFile(`${untouched}/kept`), "as it was");
    }
  });
}

for (
  const [path, words] of [
    ["../outside/x", "leads out of the folder"],
    ["..", "leads out of the folder"],
    ["a/../../outside/x", "leads out of the folder"],
    ["/etc/davit-hostile", "an absolute path"],
    ["./a", "an unclean path"],
    ["a/./b", "an unclean path"],
    ["a//b", "an unclean path"],
    ["a/", "an unclean path"],
    ["", "an empty path"],
    ["a\0b", "a NUL"],
    ["x".repeat(256), "a name that is too long"],
    ["ü".repeat(128), "a name that is too long"],
    [`${"y/".repeat(3000)}z`, "a path that is too long"],
    ["z".repeat(1_000_000), "a path that is too long"],
  ] as const
) {
  const shown = JSON.stringify(path.slice(0, 20));
  refused(`a file ${shown}`, () => [file(path, 1)], words);
  refused(`a folder ${shown}`, () => [folder(path)], words);
  refused(`a symlink ${shown}`, () => [symlink(path, "kept")], words);
  refused(
    `a hard link to ${shown}`,
    () => [file("a", 0), hardlink("b", path), end(), data(0, "")],
    path === "" ? "ended the transfer" : words,
  );
}

refused("a file through a symlink", (outside) => [
  symlink("a", outside),
  file("a/x", 1),
  end(),
  data(1, "x"),
], "out of order");
refused("a folder in the place of a symlink", (outside) => [
  symlink("a", outside),
  folder("a"),
  file("a/x", 1),
], "out of order");
refused("a symlink in the place of a folder", (outside) => [
  folder("a"),
  symlink("a", outside),
  file("a/x", 1),
], "out of order");
refused(
  "links into links",
  (outside) => [symlink("a", outside), symlink("a/b", "x")],
  "out of order",
);
refused("a file below a file", () => [
  file("a", 1),
  file("a/b", 1),
], "out of order");
refused("a file whose folder was not sent", () => [file("a/b", 1)], "order");
refused("a file that comes twice", () => [file("a", 1), file("a", 1)], "order");
refused(
  "names in the wrong order",
  () => [file("b", 1), file("a", 1)],
  "order",
);
refused(
  "names in the order of UTF-16",
  () => [file("\u{1F600}", 0), file("\uFF5E", 0)],
  "out of order",
);
refused("a folder that is gone back to", () => [
  folder("a"),
  folder("b"),
  file("a/x", 1),
], "out of order");
refused("a symlink without a target", () => [symlink("a", "")], "no system");
refused("a symlink with a NUL", () => [symlink("a", "b\0c")], "no system");
refused(
  "a symlink with an endless target",
  () => [symlink("a", "x".repeat(5000))],
  "no system",
);

refused("a hard link through a symlink", (outside) => [
  symlink("a", outside),
  hardlink("b", "a/kept"),
  end(),
], "no earlier file");
refused("a hard link to a symlink", (outside) => [
  symlink("a", `${outside}/kept`),
  hardlink("b", "a"),
  end(),
], "no earlier file");
refused("a hard link to a folder", () => [
  folder("a"),
  hardlink("b", "a"),
  end(),
], "no earlier file");
refused("a hard link to a later file", () => [
  hardlink("a", "b"),
  file("b", 0),
  end(),
  data(1, ""),
], "no earlier file");
refused("a hard link to itself", () => [hardlink("a", "a"), end()], "earlier");
refused("a hard link to nothing", () => [
  hardlink("b", "a"),
  end(),
], "no earlier file");

refused("content that was never asked for", () => [data(0, "x")], "asked for");
refused("content of a folder", () => [
  folder("a"),
  data(0, "x"),
], "not asked for");
refused("content of a file that is complete", () => [
  file("a", 1),
  end(),
  data(0, "x"),
  file("b", 1),
  data(0, ""),
  data(0, "x"),
], "where none may come");
refused("content twice", () => [
  file("a", 1),
  file("b", 1),
  end(),
  data(0, "x"),
  data(0, ""),
  data(0, ""),
], "was not asked for");
refused("more content than announced", () => [
  file("a", 3),
  end(),
  data(0, "1234"),
], "with 3 bytes and sent more");
refused("less content than announced", () => [
  file("a", 3),
  end(),
  data(0, "12"),
  data(0, ""),
], "with 3 bytes and sent 2");
refused(
  "endless content",
  () => endless(() => data(0, new Uint8Array(65536))),
  "sent more",
  {},
  (stream) => assert(stream.count < 20, `${stream.count}`),
);
refused(
  "a size beyond the limit, before its content",
  () => [file("a", 1_000_001), end(), data(0, "x")],
  "more than 1000000 bytes (maxBytes)",
  {},
  (stream) => assertEquals(stream.count, 1),
);
refused(
  "a negative size",
  () => [file("a", -1)],
  "impossible mode or size",
);
refused(
  "a size that is a sum of many",
  () => [file("a", 600_000), file("b", 600_000)],
  "(maxBytes)",
);
refused(
  "more entries than are allowed, at the first one that is",
  function* () {
    for (let count = 0; count < 10_000_000; count++) {
      yield folder(`d${String(count).padStart(8, "0")}`);
    }
  },
  "more than 1000 entries (maxEntries)",
  {},
  (stream) => assertEquals(stream.count, 1001),
);
refused("entries behind their end", () => [
  file("a", 1),
  end(),
  file("b", 1),
], "where none may come");
refused("an end before the end", () => [
  file("a", 1),
  end(),
  finish(),
], "where none may come");
refused("something else in the place of the end", () => [
  file("a", 0),
  end(),
  data(0, ""),
  data(0, "x"),
], "where none may come");
refused("a transfer that is cut off", () => [file("a", 1)], "before all of it");
refused("a transfer that is given up", () => [
  file("a", 1),
  error("disk on fire"),
], "disk on fire");
refused("bytes that are no packet", () => [
  Uint8Array.of(0xff, 0xff, 0xff),
], "can't be read");
refused("a name that is no UTF-8", () => {
  const packet = file("aa", 1);
  packet.set([0xc3, 0x28], packet.indexOf(0x61));
  return [packet];
}, "no UTF-8");
refused("a kind of packet that is unknown", () => [
  Uint8Array.of(8, 77),
], "type 77");

function* endless(next: () => Uint8Array): Generator<Uint8Array> {
  yield file("a", 500_000);
  yield end();
  while (true) yield next();
}

Deno.test("FolderExporter leaves devices, FIFOs and sockets out, and says so", async () => {
  await using place = await scratch();
  const exporter = new FolderExporter(`${place.path}/dest`, LIMITS);
  await exporter.prepare();
  await exporter.receive(play([
    stat({ path: "block", mode: FileMode.DEVICE + 0o660, devmajor: 8 }),
    stat({
      path: "char",
      mode: FileMode.DEVICE + FileMode.CHAR_DEVICE + 0o666,
      devmajor: 1,
      devminor: 3,
    }),
    stat({ path: "fifo", mode: FileMode.NAMED_PIPE + 0o644 }),
    stat({ path: "odd", mode: FileMode.IRREGULAR + 0o644 }),
    stat({ path: "socket", mode: FileMode.SOCKET + 0o644 }),
    end(),
    finish(),
  ]));
  const { skipped, skippedPaths } = await exporter.commit();
  assertEquals(skipped, 5);
  assertEquals(skippedPaths, ["block", "char", "fifo", "odd", "socket"]);
  assertEquals(await names(`${place.path}/dest`), []);
});

Deno.test("FolderExporter asks for a bounded number of files at a time, and has few of them open", async () => {
  await using place = await scratch();
  const exporter = new FolderExporter(`${place.path}/dest`, {
    maxEntries: 1000,
    maxBytes: 1e12,
  });
  await exporter.prepare();
  const big = 1_000_000;
  const seen: number[] = [];
  const stream = play(function* () {
    for (let id = 0; id < 500; id++) {
      yield file(`f${String(id).padStart(3, "0")}`, big);
    }
    yield end();
    // A piece of everything that was asked for, and the end of nothing.
    for (let id = 0; id < 64; id++) {
      yield (asked: readonly number[]) => {
        seen.push(asked.length);
        return data(id, new Uint8Array(1000));
      };
    }
    yield (asked: readonly number[]) => {
      seen.push(asked.length);
      return data(asked.length, "x");
    };
  }());
  await assertRejects(() => exporter.receive(stream), Error, "not asked for");
  assertEquals([...new Set(seen)], [64]);
  await exporter.discard();
  assertEquals(await names(place.path), []);
});

// Those that take longer are in `tests/stress`.
hostileMemory(
  "links to long paths",
  { script: "targets", megabytes: 600 },
  "ExportError: Cannot export: the paths",
);
hostileMemory(
  "files in single bytes",
  { script: "crumbs", megabytes: 60 },
  "1048582: ProtocolError: The eng",
);

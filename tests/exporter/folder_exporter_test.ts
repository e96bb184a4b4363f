import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { randomBytes } from "../support/digest.ts";
import { FileMode } from "../../lib/fsutil/packets.ts";
import { isDenoBefore } from "../../lib/deno_version.ts";
import { ExportError } from "../../lib/exporter/export_error.ts";
import { FolderExporter } from "../../lib/exporter/folder_exporter.ts";
import { canMount, mount, mountTmpfs } from "./mount.ts";
import { listing, names, openFiles, replaced, scratch } from "./scratch.ts";
import { packets, play, playTree } from "./script.ts";

const { end, file, finish, folder, hardlink, stat, symlink } = packets;
const LIMITS = { maxEntries: 1_000_000, maxBytes: Infinity };
const TIME = "2001-02-03T04:05:06.000Z";
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (path: string, content: string) => ({
  stat: file(path, bytes(content).length),
  content: bytes(content),
});
const entry = (stat: Uint8Array) => ({ stat });

async function received(
  dest: string,
  entries: Parameters<typeof playTree>[0],
  pieceBytes?: number,
): Promise<FolderExporter> {
  const exporter = new FolderExporter(dest, LIMITS);
  await exporter.prepare();
  await exporter.receive(playTree(entries, pieceBytes));
  return exporter;
}

Deno.test("FolderExporter writes files of every size, with permissions and times whatever the umask", async () => {
  await using place = await scratch();
  const sizes = [0, 1, 32768, 32769, 262_144, 262_145, 524_288, 3_000_001];
  const contents = sizes.map((size) => randomBytes(size));
  const before = Deno.umask(0o077);
  try {
    const exporter = await received(`${place.path}/dest`, [
      ...sizes.map((size, index) => ({
        stat: stat({
          path: `f${index}`,
          size,
          mode: 0o666 + (index === 3 ? FileMode.SETUID : 0),
          mtimeMs: 1_700_000_000_123 + index,
          mtimeNs: 999_999,
        }),
        content: contents[index]!,
      })),
      { stat: stat({ path: "old", mtimeMs: -1500 }), content: bytes("") },
      { stat: stat({ path: "shut", mode: 0 }), content: bytes("") },
      entry(
        stat({ path: "sticky", mode: 0o777 + FileMode.DIR + FileMode.STICKY }),
      ),
    ]);
    const report = await exporter.commit();
    assertEquals(report.entries, sizes.length + 3);
    assertEquals(report.bytes, sizes.reduce((a, b) => a + b, 0));
    assertEquals(report.dest, `${place.path}/dest`);
  } finally {
    Deno.umask(before);
  }
  for (const [index, content] of contents.entries()) {
    const path = `${place.path}/dest/f${index}`;
    assertEquals(await Deno.readFile(path), content);
    const { mode, mtime } = await Deno.stat(path);
    assertEquals(mode! & 0o7777, index === 3 ? 0o4666 : 0o666);
    assertEquals(mtime!.getTime(), 1_700_000_000_123 + index);
  }
  const list = await listing(`${place.path}/dest`);
  // Older versions write no parts of a second before 1970, and read it wrong.
  if (!isDenoBefore("2.9.2")) {
    assertStringIncludes(list.old!, "1969-12-31T23:59:58.500Z");
  }
  assertStringIncludes(list.shut!, "file 0 ");
  assertEquals(list.sticky, `folder 1777 ${TIME}`);
  assertEquals(await names(place.path), ["dest"]);
});

Deno.test("FolderExporter keeps links, odd names and the times of folders", async () => {
  await using place = await scratch();
  const exporter = await received(`${place.path}/dest`, [
    text("a", "one"),
    entry(folder("d", 0o500)),
    entry(hardlink("d/hard", "a")),
    text("d/x", "two"),
    entry(symlink("dangling", "/nowhere/at all")),
    entry(folder("e")),
    entry(symlink("up", "../../../etc")),
    text("ünï \u{1F600}\n\\", "three"),
  ]);
  await exporter.commit();
  const { a, ...list } = await listing(`${place.path}/dest`);
  assert(a!.startsWith(`file 644 ${TIME} ×2 3 `), a);
  assertEquals(list["d/hard"], a);
  assertEquals(list.d, `folder 500 ${TIME}`);
  assertEquals(list.e, `folder 755 ${TIME}`);
  assertEquals(list.dangling, `-> /nowhere/at all ${TIME}`);
  assertEquals(list.up, `-> ../../../etc ${TIME}`);
  assertEquals(Object.keys(list).length, 7);
  assertEquals(await names(place.path), ["dest"]);
});

Deno.test("FolderExporter merges as docker does: what is there stays unless its name is taken", async () => {
  await using place = await scratch();
  const [dest, outside] = [`${place.path}/dest`, `${place.path}/outside`];
  for (
    const path of [
      "dest/both/keep",
      "dest/wasfolder/in",
      "dest/other",
      "outside",
    ]
  ) await Deno.mkdir(`${place.path}/${path}`, { recursive: true });
  for (
    const path of [
      "dest/both/keep/k",
      "dest/both/same",
      "dest/wasfile",
      "dest/wasfolder/in/x",
      "dest/stays",
      "outside/kept",
    ]
  ) await Deno.writeTextFile(`${place.path}/${path}`, "old");
  await Deno.chmod(`${dest}/both`, 0o500);
  await Deno.symlink("../outside", `${dest}/folderlink`);
  await Deno.symlink("../outside/kept", `${dest}/filelink`);
  const mode = (await Deno.stat(dest)).mode;
  const exporter = await received(dest, [
    entry(folder("both", 0o755)),
    text("both/new", "new"),
    text("both/same", "new"),
    text("filelink", "new"),
    entry(folder("folderlink", 0o755)),
    text("folderlink/x", "new"),
    entry(folder("fresh", 0o500)),
    text("fresh/x", "new"),
    entry(folder("wasfile", 0o755)),
    text("wasfile/x", "new"),
    text("wasfolder", "new"),
  ]);
  assertEquals((await listing(dest)).both!.slice(0, 10), "folder 500");
  await exporter.commit();
  const list = await listing(dest);
  assertEquals(Object.keys(list).sort(), [
    "both",
    "both/keep",
    "both/keep/k",
    "both/new",
    "both/same",
    "filelink",
    "folderlink",
    "folderlink/x",
    "fresh",
    "fresh/x",
    "other",
    "stays",
    "wasfile",
    "wasfile/x",
    "wasfolder",
  ]);
  for (const path of ["both/new", "both/same", "filelink", "wasfolder"]) {
    assertEquals(await Deno.readTextFile(`${dest}/${path}`), "new");
  }
  assertEquals(list.both, `folder 755 ${TIME}`);
  assertEquals(list.fresh, `folder 500 ${TIME}`);
  assertEquals((await Deno.stat(dest)).mode, mode);
  assertEquals(await names(outside), ["kept"]);
  assertEquals(await Deno.readTextFile(`${outside}/kept`), "old");
  assertEquals(await names(place.path), ["dest", "outside"]);
});

Deno.test("FolderExporter takes a folder behind a link", async () => {
  await using place = await scratch();
  await Deno.mkdir(`${place.path}/real`);
  await Deno.symlink("real", `${place.path}/link`);
  const exporter = await received(`${place.path}/link`, [text("a", "one")]);
  assertEquals((await exporter.commit()).dest, `${place.path}/real`);
  assertEquals(await names(`${place.path}/real`), ["a"]);
  assertEquals(await names(place.path), ["link", "real"]);
});

Deno.test("FolderExporter takes one call for each platform", async () => {
  await using place = await scratch();
  const exporter = await received(`${place.path}/dest`, [
    entry(folder("linux_amd64")),
    text("linux_amd64/a", "one"),
  ]);
  await exporter.receive(playTree([
    entry(folder("linux_amd64")),
    entry(folder("linux_arm64")),
    text("linux_arm64/a", "two"),
  ]));
  await exporter.commit();
  assertEquals(Object.keys(await listing(`${place.path}/dest`)).sort(), [
    "linux_amd64",
    "linux_amd64/a",
    "linux_arm64",
    "linux_arm64/a",
  ]);
});

Deno.test("FolderExporter lets no call write through another's link", async () => {
  await using place = await scratch();
  await Deno.mkdir(`${place.path}/outside`);
  const exporter = await received(`${place.path}/dest`, [
    entry(symlink("a", `${place.path}/outside`)),
  ]);
  await assertRejects(
    () => exporter.receive(playTree([entry(folder("a")), text("a/x", "no")])),
    ExportError,
    "can't be written",
  );
  await exporter.discard();
  assertEquals(await names(`${place.path}/outside`), []);
  assertEquals(await names(place.path), ["outside"]);
});

Deno.test("FolderExporter refuses a place before anything is sent", async () => {
  await using place = await scratch();
  await Deno.writeTextFile(`${place.path}/file`, "");
  await Deno.symlink("nowhere", `${place.path}/link`);
  for (
    const [dest, words] of [
      ["file", "it is not a folder"],
      ["file/below", "can't be looked at"],
      ["link", "a link to nothing"],
      ["link/below/it", "a folder above it is a link to nothing"],
      ["x".repeat(300), "can't be looked at"],
    ] as const
  ) {
    const exporter = new FolderExporter(`${place.path}/${dest}`, LIMITS);
    const error = await assertRejects(() => exporter.prepare(), ExportError);
    assertStringIncludes(error.message, words);
    assertStringIncludes(error.message, dest);
    await exporter.discard();
  }
  // No process may make folders there, not even root's.
  const sealed = new FolderExporter("/proc/davit", LIMITS);
  await assertRejects(() => sealed.prepare(), ExportError, "written there");
  assertEquals(await names(place.path), ["file", "link"]);
});

Deno.test("FolderExporter that is given up in the middle leaves nothing, open or on the disk", async () => {
  await using place = await scratch();
  const before = openFiles();
  for (const how of ["broken", "discarded"]) {
    const exporter = new FolderExporter(`${place.path}/dest`, LIMITS);
    await exporter.prepare();
    const { promise, reject } = Promise.withResolvers<Uint8Array>();
    const script = play([
      folder("d"),
      file("d/large", 5_000_000),
      end(),
      packets.data(1, new Uint8Array(1_000_000)),
    ]);
    const reached = Promise.withResolvers<void>();
    const receiving = exporter.receive({
      ...script,
      async read() {
        const packet = await script.read();
        if (packet !== null) return packet;
        reached.resolve();
        return await promise;
      },
    });
    const rejected = assertRejects(() => receiving, Error);
    await reached.promise;
    if (how === "broken") {
      reject(new Error("connection reset"));
      assertStringIncludes((await rejected).message, "connection reset");
      await assertRejects(() => exporter.commit(), Error, "without sending");
    } else {
      await exporter.discard();
      assertEquals(openFiles(), before);
      assertEquals(await names(place.path), []);
      reject(new Error("too late"));
      await rejected;
    }
    await exporter.discard();
    assertEquals(await names(place.path), []);
  }
});

for (const how of ["ends", "is reset"]) {
  Deno.test(`FolderExporter has everything when a stream ${how} before the engine's FIN is read`, async () => {
    await using place = await scratch();
    const exporter = new FolderExporter(`${place.path}/dest`, LIMITS);
    await exporter.prepare();
    const script = play([entry(folder("d")).stat, end()]);
    const controller = new AbortController();
    const held = Promise.withResolvers<null>();
    const receiving = exporter.receive({
      ...script,
      signal: controller.signal,
      read: async () => await script.read() ?? held.promise,
      write: () => {
        // The build has ended, and nobody reads our FIN any more.
        setTimeout(() => {
          if (how === "ends") return held.resolve(null);
          controller.abort();
          held.reject(new Error("reset"));
        }, 20);
        return undefined;
      },
    });
    await exporter.commit();
    await receiving;
    assertEquals(await names(`${place.path}/dest`), ["d"]);
  });
}

Deno.test("FolderExporter commits nothing that was not sent", async () => {
  await using place = await scratch();
  const exporter = new FolderExporter(`${place.path}/dest`, LIMITS);
  for (
    const early of [
      () => exporter.commit(),
      () => exporter.staged(),
      () => exporter.receive(play([])),
    ]
  ) {
    await assertRejects(early, TypeError, "not prepared");
  }
  await exporter.prepare();
  await assertRejects(() => exporter.staged(), Error, "without sending");
  await assertRejects(() => exporter.commit(), Error, "without sending");
  assertEquals(await names(place.path), []);
  const empty = new FolderExporter(`${place.path}/dest`, LIMITS);
  await empty.prepare();
  await empty.receive(play([end(), finish()]));
  await empty.commit();
  await assertRejects(() => empty.commit(), TypeError, "not prepared");
  await empty.discard();
  assertEquals(await names(`${place.path}/dest`), []);
});

Deno.test("FolderExporter takes nothing more after a call has failed", async () => {
  await using place = await scratch();
  const exporter = await received(`${place.path}/dest`, [text("a", "one")]);
  const broken = {
    ...play([]),
    read: () => Promise.reject(new Error("connection reset")),
  };
  await assertRejects(() => exporter.receive(broken), Error, "reset");
  await assertRejects(() => exporter.receive(playTree([text("b", "two")])));
  await exporter.discard();
  assertEquals(await names(place.path), []);
});

Deno.test("FolderExporter finds its place as others have left it", async () => {
  await using place = await scratch();
  const dest = `${place.path}/dest`;
  // Made meanwhile: what is in it stays.
  const made = await received(dest, [text("a", "one")]);
  await Deno.mkdir(dest);
  await Deno.writeTextFile(`${dest}/theirs`, "");
  await made.commit();
  assertEquals(await names(dest), ["a", "theirs"]);
  // Taken away, or exchanged for a link.
  for (const isExchanged of [false, true]) {
    const exporter = await received(dest, [text("b", "two")]);
    await Deno.rename(dest, `${place.path}/moved`);
    if (isExchanged) await Deno.symlink("moved", dest);
    const { message } = await assertRejects(
      () => exporter.commit(),
      ExportError,
      isExchanged ? "was exchanged" : "it is not there any more",
    );
    assertEquals(message.includes("any more"), !isExchanged);
    if (isExchanged) await Deno.remove(dest);
    await Deno.rename(`${place.path}/moved`, dest);
    assertEquals(await names(place.path), ["dest"]);
    assertEquals(await names(dest), ["a", "theirs"]);
  }
});

Deno.test("FolderExporter takes the current folder", async () => {
  await using place = await scratch();
  await Deno.mkdir(`${place.path}/current`);
  await Deno.writeTextFile(`${place.path}/current/kept`, "as it was");
  const before = Deno.cwd();
  Deno.chdir(`${place.path}/current`);
  try {
    const exporter = await received(".", [text("a", "one")]);
    assertEquals((await exporter.commit()).dest, `${place.path}/current`);
  } finally {
    Deno.chdir(before);
  }
  assertEquals(await names(`${place.path}/current`), ["a", "kept"]);
  assertEquals(await names(place.path), ["current"]);
});

Deno.test("FolderExporter makes the folders above its place, and takes them back with the rest", async () => {
  await using place = await scratch();
  await Deno.mkdir(`${place.path}/there`);
  const dest = `${place.path}/there/x/y/z`;
  const given = await received(dest, [text("a", "one")]);
  assertEquals(await names(place.path), ["there"]);
  await given.discard();
  assertEquals(await names(`${place.path}/there`), []);

  const other = await received(dest, [text("a", "one")]);
  await Deno.writeTextFile(`${place.path}/there/x/theirs`, "");
  await other.discard();
  assertEquals(await names(`${place.path}/there/x`), ["theirs"]);

  const exporter = await received(dest, [text("a", "one")]);
  await exporter.commit();
  await exporter.discard();
  assertEquals(await names(dest), ["a"]);
  assertEquals(await names(`${place.path}/there/x/y`), ["z"]);
  const sealed = new FolderExporter("/proc/davit/x/y", LIMITS);
  await assertRejects(() => sealed.prepare(), ExportError, "can't be made");
});

/** A folder of everything that a merge meets, and what is exported into it. */
async function mergeable(
  dest: string,
): Promise<Parameters<typeof playTree>[0]> {
  for (const path of ["both/deep", "locked", "wasfolder/in"]) {
    await Deno.mkdir(`${dest}/${path}`, { recursive: true });
  }
  for (
    const path of [
      "both/deep/same",
      "both/same",
      "kept",
      "locked/same",
      "same",
      "wasfile",
      "wasfolder/in/x",
    ]
  ) {
    await Deno.writeTextFile(`${dest}/${path}`, `old ${path}`);
    await Deno.utime(`${dest}/${path}`, 1, 1);
  }
  await Deno.symlink("nowhere", `${dest}/link`);
  await Deno.chmod(`${dest}/locked`, 0o500);
  for (const path of ["both/deep", "both", "locked", "wasfolder", ""]) {
    await Deno.utime(`${dest}/${path}`, 2, 2);
  }
  return [
    entry(folder("both")),
    entry(folder("both/deep")),
    text("both/deep/same", "new"),
    text("both/same", "new"),
    text("fresh", "new"),
    entry(folder("link")),
    text("link/x", "new"),
    entry(folder("locked")),
    text("locked/same", "new"),
    text("same", "new"),
    entry(folder("wasfile")),
    text("wasfile/x", "new"),
    text("wasfolder", "new"),
  ];
}

Deno.test("FolderExporter takes everything back when moving fails, wherever that is", async () => {
  for (const links of [true, false]) {
    let failed = 0;
    for (let at = 0;; at++) {
      await using place = await scratch();
      const dest = `${place.path}/dest`;
      const exporter = await received(dest, await mergeable(dest));
      const before = [await listing(dest), (await Deno.stat(dest)).mtime];
      let count = 0;
      let error: unknown;
      {
        using _ = replaced(Deno, "renameSync", (rename) => (from, to) => {
          if (count++ === at) throw new Error("disk on fire");
          rename(from, to);
        });
        // Some file systems have no hard links.
        using __ = replaced(Deno, "linkSync", (link) => (from, to) => {
          if (!links) throw new Error("no links");
          link(from, to);
        });
        error = await exporter.commit().then(() => undefined, (error) => error);
      }
      assertEquals(await names(place.path), ["dest"]);
      if (error === undefined) {
        const list = await listing(dest);
        assertStringIncludes(list.wasfolder!, "file");
        assertStringIncludes(list.locked!, "folder 755");
        break;
      }
      failed++;
      assertInstanceOf(error, ExportError);
      assertStringIncludes(error.message, "nothing was changed there");
      assertStringIncludes(error.message, "disk on fire");
      assertEquals(error.moved, []);
      assertEquals(
        [await listing(dest), (await Deno.stat(dest)).mtime],
        before,
        `${at}`,
      );
    }
    assert(failed >= 8, `${failed}`);
  }
});

Deno.test("FolderExporter says what was moved when it can't be taken back", async () => {
  await using place = await scratch();
  const dest = `${place.path}/dest`;
  await Deno.mkdir(dest);
  const exporter = await received(dest, [text("a", "one"), text("b", "two")]);
  const area = (await names(place.path)).find((name) => name !== "dest")!;
  let first: string | undefined;
  {
    using _ = replaced(Deno, "renameSync", (rename) => (from, to) => {
      if (first !== undefined) throw new Error("disk on fire");
      first = String(from).slice(-1);
      rename(from, to);
    });
    const error = await assertRejects(() => exporter.commit(), ExportError);
    assertStringIncludes(error.message, `1 of 2 entries were moved there`);
    assertStringIncludes(error.message, "disk on fire");
    assertEquals(error.moved, [first!]);
    assertInstanceOf(error.cause, Error);
  }
  assertEquals(await names(dest), [first!]);
  assertEquals((await names(place.path)).includes(area), false);
});

Deno.test("FolderExporter replaces a link to another file system, and nothing behind it", async () => {
  await using place = await scratch();
  const dest = `${place.path}/dest`;
  await Deno.mkdir(dest);
  await Deno.symlink("/proc", `${dest}/proc`);
  const exporter = await received(dest, [
    entry(folder("proc")),
    text("proc/x", "mine"),
  ]);
  await exporter.commit();
  assertEquals(await Deno.readTextFile(`${dest}/proc/x`), "mine");
});

Deno.test({
  name: "FolderExporter fills a bind mount, whose file system is its parent's",
  ignore: !canMount,
  async fn() {
    await using place = await scratch();
    const [dest, source] = [`${place.path}/dest`, `${place.path}/source`];
    await Deno.mkdir(dest);
    await Deno.mkdir(`${source}/both`, { recursive: true });
    await Deno.writeTextFile(`${source}/kept`, "as it was");
    {
      await using _ = await mount("--bind", source, dest);
      const exporter = await received(dest, [
        text("a", "one"),
        entry(folder("both")),
        text("both/b", "two"),
      ]);
      assertEquals(await names(place.path), ["dest", "source"]);
      await exporter.commit();
      assertEquals(await names(dest), ["a", "both", "kept"]);
      assertEquals(await names(`${dest}/both`), ["b"]);
      const given = await received(dest, [text("c", "three")]);
      await given.discard();
      assertEquals(await names(dest), ["a", "both", "kept"]);
    }
    // One inside can't be moved away, and that is only seen when it is tried.
    await Deno.mkdir(`${dest}/inside`);
    await Deno.writeTextFile(`${dest}/a`, "as it was");
    {
      await using _ = await mount("--bind", source, `${dest}/inside`);
      const before = await listing(dest);
      const exporter = await received(dest, [
        text("a", "one"),
        entry(folder("inside")),
        text("inside/x", "two"),
      ]);
      const error = await assertRejects(() => exporter.commit(), ExportError);
      assertStringIncludes(error.message, "nothing was changed there");
      assertStringIncludes(error.message, "a mount point");
      assertEquals(await listing(dest), before);
    }
  },
});

Deno.test({
  name:
    "FolderExporter changes nothing where a lower layer's folder is in the way",
  ignore: !canMount,
  async fn() {
    await using place = await scratch();
    await using _ = await mountTmpfs(place.path, "size=10m");
    for (const path of ["lower/dest/d", "upper", "work", "merged"]) {
      await Deno.mkdir(`${place.path}/${path}`, { recursive: true });
    }
    await Deno.writeTextFile(`${place.path}/lower/dest/a`, "as it was");
    const layers = ["lower", "upper", "work"].map((name) =>
      `${name}dir=${place.path}/${name}`
    ).join(",");
    const merged = `${place.path}/merged`;
    await using __ = await mount(
      "-t",
      "overlay",
      "-o",
      layers,
      "overlay",
      merged,
    );
    const before = await listing(`${merged}/dest`);
    const exporter = await received(`${merged}/dest`, [
      text("a", "one"),
      text("d", "a file now"),
    ]);
    const outcome = await exporter.commit().then(() => "", String);
    if (outcome === "") {
      // The kernel redirects folders.
      assertEquals(await Deno.readTextFile(`${merged}/dest/d`), "a file now");
    } else {
      assertStringIncludes(outcome, "nothing was changed there");
      assertStringIncludes(outcome, "a folder of a lower layer");
      assertEquals(await listing(`${merged}/dest`), before);
    }
    assertEquals(await names(merged), ["dest"]);
  },
});

for (
  const [name, grants, kind, words] of [
    [
      "plain files with grants for the folder alone",
      ["DEST"],
      "plain",
      "ok a h",
    ],
    [
      "a symlink with grants for a folder",
      ["DEST", "PARENT"],
      "symlink",
      "ExportError: without a path",
    ],
    ["a symlink with all grants", [], "symlink", "ok a h s"],
    [
      "nothing without a grant",
      ["PARENT/elsewhere"],
      "plain",
      "ExportError: --allow-read",
    ],
  ] as const
) {
  Deno.test(`FolderExporter exports ${name}`, async () => {
    await using place = await scratch();
    const dest = `${place.path}/dest`;
    await Deno.mkdir(dest);
    const paths = grants.map((grant) =>
      grant.replace("DEST", dest).replace("PARENT", place.path)
    ).join(",");
    const value = paths === "" ? "" : `=${paths}`;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-check", "--no-prompt"],
        ...[`--allow-read${value}`, `--allow-write${value}`],
        new URL("permission_program.ts", import.meta.url).href,
        ...[dest, kind],
      ],
    }).output();
    const said = new TextDecoder().decode(stdout);
    const all = `${said}\n${new TextDecoder().decode(stderr)}`;
    const [first = "", ...rest] = words.split(": ");
    assert(said.startsWith(first), all);
    for (const word of rest) assertStringIncludes(said, word);
    assertEquals(await names(place.path), ["dest"]);
  });
}

/** The longest time that a timer waits while files are received, as a part of the whole. */
async function longestWait(count: number): Promise<number> {
  await using place = await scratch();
  const entries = Array.from(
    { length: count },
    (_, index) => text(`f${String(index).padStart(5, "0")}`, "small"),
  );
  const began = performance.now();
  let longest = 0;
  let last = began;
  const look = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  const watch = setInterval(look, 1);
  const exporter = await received(`${place.path}/dest`, entries);
  await exporter.commit();
  clearInterval(watch);
  look();
  assertEquals((await names(`${place.path}/dest`)).length, count);
  return longest / (last - began);
}

Deno.test("FolderExporter lets timers run while thousands of small files come in one go", async () => {
  // Not in milliseconds: some machines are slow. A busy one holds everything up now and then.
  const parts: number[] = [];
  while (parts.length < 3) {
    const part = await longestWait(3000);
    if (part < 0.5) return;
    parts.push(part);
  }
  throw new Error(`A timer waited for ${parts.join(", ")} of the whole time`);
});

/** How often a timer runs between the first of many hard links and the last. */
async function turnsAtLinks(count: number): Promise<number> {
  await using place = await scratch();
  const entries = [
    text("a", "one"),
    ...Array.from(
      { length: count },
      (_, index) => entry(hardlink(`l${String(index).padStart(5, "0")}`, "a")),
    ),
  ];
  let turns = 0;
  const turnsAtLinks: number[] = [];
  using _ = replaced(Deno, "linkSync", (link) => (from, to) => {
    turnsAtLinks.push(turns);
    link(from, to);
  });
  const watch = setInterval(() => turns++, 0);
  const exporter = await received(`${place.path}/dest`, entries);
  clearInterval(watch);
  await exporter.commit();
  assertEquals((await names(`${place.path}/dest`)).length, count + 1);
  return turnsAtLinks.at(-1)! - turnsAtLinks[0]!;
}

Deno.test("FolderExporter lets other work go on while it makes thousands of hard links", async () => {
  // Where a machine is busy, what gives way to other work may not meet a timer.
  let turns = 0;
  for (let tries = 0; turns === 0 && tries < 5; tries++) {
    turns = await turnsAtLinks(5000);
  }
  assert(turns > 0);
});

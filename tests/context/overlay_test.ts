// What the system is asked is told here: the replaced function is the one that
// the code under test calls.
// deno-lint-ignore-file no-sync-fn-in-async-fn
import type { ContextEntry } from "../../lib/context/entry.ts";
import { ContextFilter } from "../../lib/context/filter.ts";
import { followPaths } from "../../lib/context/follow_paths.ts";
import {
  type MemoryFile,
  MemoryFiles,
} from "../../lib/context/memory_files.ts";
import { overlayEntries } from "../../lib/context/overlay.ts";
import { withoutPauses as atOnce } from "../../lib/context/pauses.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { Random } from "../support/random.ts";
import { walkContext, withoutPauses } from "../support/walk.ts";

const encoder = new TextEncoder();

function file(text: string, mode = 0o644, mtimeMs?: number): MemoryFile {
  return { content: encoder.encode(text), mode, mtimeMs };
}

function link(target: string): MemoryFile {
  return { content: { target }, mode: 0o777, mtimeMs: undefined };
}

/** What an engine compares, but for times and the folders' own modes. */
function told(entry: ContextEntry): string {
  const { path, type, size, target, hardlink } = entry;
  const mode = type === "file" ? entry.mode.toString(8) : "";
  return [path, type, mode, size, target, hardlink].join(" ");
}

/** Writes files from memory over a folder: what is in their way goes. */
async function writeOver(
  root: string,
  files: ReadonlyMap<string, MemoryFile>,
): Promise<void> {
  for (const [path, { content, mode }] of files) {
    const parts = path.split("/");
    for (let count = 1; count < parts.length; count++) {
      const above = `${root}/${parts.slice(0, count).join("/")}`;
      const isFolder = await Deno.lstat(above).then(
        (info) => info.isDirectory,
        () => false,
      );
      if (isFolder) continue;
      await Deno.remove(above).catch(() => {}); // nothing is there
      await Deno.mkdir(above);
    }
    const full = `${root}/${path}`;
    await Deno.remove(full, { recursive: true }).catch(() => {}); // as above
    if (!(content instanceof Uint8Array)) {
      await Deno.symlink(content.target, full);
      continue;
    }
    await Deno.writeFile(full, content);
    await Deno.chmod(full, mode);
  }
}

Deno.test("overlayEntries() gives what a folder would have, were the files from memory written over it", async () => {
  const random = new Random(4);
  const part = () => random.pick(["a", "b", "a.b", "a-b", "c"]);
  const path = () =>
    Array.from({ length: 1 + random.below(3) }, part).join("/");
  for (let round = 0; round < 40; round++) {
    await withTempFolder(async (folder) => {
      const root = `${folder}/root`;
      const plain = `${folder}/plain`;
      for (const at of [root, plain]) await Deno.mkdir(at);
      for (let count = random.below(8); count > 0; count--) {
        const at = path();
        const isLink = random.below(4) === 0;
        for (const below of [root, plain]) {
          const full = `${below}/${at}`;
          try {
            await Deno.mkdir(full.slice(0, full.lastIndexOf("/")), {
              recursive: true,
            });
            if (isLink) await Deno.symlink("../x", full);
            else await Deno.writeTextFile(full, at, { createNew: true });
          } catch {
            // Something is there, or is no folder: in both folders alike.
          }
        }
      }
      const files = new Map<string, MemoryFile>();
      for (let count = 1 + random.below(6); count > 0; count--) {
        const at = path();
        const isInTheWay = [...files.keys()].some((other) =>
          `${other}/`.startsWith(`${at}/`) || `${at}/`.startsWith(`${other}/`)
        );
        if (isInTheWay) continue;
        files.set(
          at,
          random.below(3) === 0
            ? link(`to ${at}`)
            : file(`memory ${at}`, random.pick([0o644, 0o755])),
        );
      }
      await writeOver(plain, files);
      const memory = await MemoryFiles.of(files);
      const exclude = random.pick<string[]>([
        [],
        ["a"],
        ["*", "!a/b"],
        ["**/a.b", "!a/a.b/c"],
        ["*", "!**/c"],
        ["b*", "!b/c"],
        // By fsutil's reckoning, nothing below "a/b" is asked about.
        ["*", "!a/*/**"],
      ]);
      const filter = new ContextFilter({ exclude });
      assertEquals(
        [...withoutPauses(overlayEntries(root, memory, filter, new Set()))]
          .map(told),
        [...walkContext(plain, filter)].map(told),
        `${round}: ${exclude.join()} ${[...files.keys()].join()}`,
      );
      // And without a folder.
      const alone = `${folder}/alone`;
      await Deno.mkdir(alone);
      await writeOver(alone, files);
      const entries = overlayEntries(undefined, memory, filter, new Set());
      assertEquals(
        [...withoutPauses(entries)].map(told),
        [...walkContext(alone, filter)].map(told),
      );
      // Links mean the same, whether they lie in memory or not.
      const given = [path(), path(), "*", "a/*"];
      assertEquals(
        atOnce(followPaths(`${root}/`, given, memory)),
        atOnce(followPaths(`${plain}/`, given)),
      );
      assertEquals(
        atOnce(followPaths(undefined, given, memory)),
        atOnce(followPaths(`${alone}/`, given)),
      );
      for (const entry of walkContext(alone)) {
        assertEquals(told(memory.at(entry.path)!), told(entry));
      }
    });
  }
});

Deno.test("overlayEntries() leaves paths of the folder out, and nothing of memory", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { "a": "1", "b/c": "2", "d": "3" });
    const memory = await MemoryFiles.of(new Map([["d", file("4")]]));
    const paths = (files: MemoryFiles | undefined, at: string | undefined) => {
      const out = new Set(["a", "b"]);
      const entries = overlayEntries(at, files, new ContextFilter(), out);
      return [...withoutPauses(entries)].map(({ path }) => path);
    };
    assertEquals(paths(memory, root), ["d"]);
    assertEquals(paths(undefined, root), ["d"]);
    assertEquals(paths(memory, undefined), ["d"]);
    assertEquals(paths(undefined, undefined), []);
  });
});

Deno.test("a folder that both have is the folder's own, with its mode and time", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { "d/below": "1", "only/x": "" });
    await Deno.chmod(`${root}/d`, 0o700);
    await Deno.utime(`${root}/d`, 1000, 2000);
    const memory = await MemoryFiles.of(
      new Map([["d/above", file("2")], ["new/x", file("3")]]),
    );
    const filters = [
      new ContextFilter(),
      new ContextFilter({
        exclude: ["d", "!d/above"],
      }),
    ];
    for (const filter of filters) {
      const entries = [
        ...withoutPauses(overlayEntries(root, memory, filter, new Set())),
      ];
      const at = (path: string) => entries.find((one) => one.path === path)!;
      assertEquals([at("d").mode, at("d").mtimeMs], [0o700, 2_000_000]);
      assertEquals([at("new").mode, at("new").mtimeMs], [0o755, 0]);
      assertEquals(entries.filter(({ path }) => path === "d").length, 1);
    }
  });
});

Deno.test("overlayEntries() hands on the pauses of both walks", async () => {
  await withTempFolder(async (root) => {
    const names = Array.from({ length: 200 }, (_, index) => `n${index}`);
    await writeTree(root, Object.fromEntries(names.map((name) => [name, ""])));
    const memory = await MemoryFiles.of(new Map([["x", file("")]]));
    const filter = new ContextFilter({ exclude: ["n*"] });
    const given = [...overlayEntries(root, memory, filter, new Set())];
    assertEquals(given.filter((entry) => entry !== undefined).length, 1);
    assert(given.length >= 4, `${given.length - 1} pauses`);
  });
});

Deno.test("MemoryFiles makes no pause where there is little to do, and enters no more folders than docker", async () => {
  const memory = await MemoryFiles.of(
    new Map([["a/b/c", file("")], ["a/x", file("")], ["b/b/c", file("")]]),
  );
  const paths = (exclude: string[]) =>
    [...memory.entries(new ContextFilter({ exclude }))]
      .map((entry) => entry?.path);
  assertEquals(paths([]), ["a", "a/b", "a/b/c", "a/x", "b", "b/b", "b/b/c"]);
  assertEquals(paths(["*", "!a/b/c", "!b/b/c"]), [
    "a",
    "a/b",
    "a/b/c",
    "b",
    "b/b",
    "b/b/c",
  ]);
  assertEquals(paths(["*", "!a/*/**"]), []);
});

Deno.test("MemoryFiles tells each file as an engine would compare it", async () => {
  const content = encoder.encode("some content");
  const digest = await crypto.subtle.digest("SHA-256", content);
  const hex = new Uint8Array(digest).toHex();
  const parts = [0, 8].map((at) => parseInt(hex.slice(at, at + 8), 16));
  const memory = await MemoryFiles.of(
    new Map<string, MemoryFile>([
      ["d/e/f", { content, mode: 0o751, mtimeMs: undefined }],
      ["d/g", { content, mode: 0o600, mtimeMs: 12_345 }],
      ["d/zero", { content, mode: 0o600, mtimeMs: 0 }],
      ["l", link("é/x")],
    ]),
  );
  const rest = { target: undefined, hardlink: undefined, major: 0, minor: 0 };
  const stamp = parts[1]! % 1_000_000;
  const folder = { type: "directory", mode: 0o755, size: 0, mtimeMs: 0 };
  assertEquals([...memory.all()], [
    { path: "d", ...folder, stamp: 0, ...rest },
    { path: "d/e", ...folder, stamp: 0, ...rest },
    {
      path: "d/e/f",
      type: "file",
      mode: 0o751,
      size: 12,
      mtimeMs: parts[0]! % 1000,
      stamp,
      ...rest,
    },
    {
      path: "d/g",
      type: "file",
      mode: 0o600,
      size: 12,
      mtimeMs: 12_345,
      stamp,
      ...rest,
    },
    {
      path: "d/zero",
      type: "file",
      mode: 0o600,
      size: 12,
      mtimeMs: 0,
      stamp,
      ...rest,
    },
    {
      path: "l",
      type: "symlink",
      mode: 0o777,
      size: 4,
      mtimeMs: 0,
      stamp: 0,
      ...rest,
      target: "é/x",
    },
  ] as ContextEntry[]);
  assert(memory.content("d/g") === content);
  assertEquals(["d", "l", "x"].map((path) => memory.content(path)), [
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals(memory.at("x"), undefined);
});

Deno.test("MemoryFiles hides what has its files' places, and what would be below them", async () => {
  const memory = await MemoryFiles.of(
    new Map([["d/f", file("")], ["d/l", link("x")], ["m", link("y")]]),
  );
  for (
    const [path, hidden] of [
      ["d", false],
      ["d/f", true],
      ["d/f/below/it", true],
      ["d/l", true],
      ["d/l/below", true],
      ["d/x", false],
      ["d/x/y", false],
      ["x", false],
      ["m/x", true],
    ] as const
  ) assertEquals([path, memory.hides(path)], [path, hidden]);
  assertEquals(memory.linksIn(""), ["m"]);
  assertEquals(memory.linksIn("d/"), ["l"]);
  assertEquals(memory.linksIn("x/"), []);
});

Deno.test("followPaths() follows 255 links one behind the other, and knows patterns by their letters", async () => {
  const chain = (count: number) =>
    new Map(
      Array.from({ length: count }, (_, index) => [
        `${index}`,
        link(`${index + 1}`),
      ]),
    );
  for (const [links, found] of [[255, 256], [256, 256], [300, 256]] as const) {
    const files = await MemoryFiles.of(chain(links));
    const paths = atOnce(followPaths(undefined, ["0"], files))!;
    assertEquals([links, paths.length], [links, found]);
    assertEquals(paths.includes("255"), true);
  }
  const files = await MemoryFiles.of(
    new Map([
      ["ab", link("t1")],
      ["a*", link("t2")],
      ["a", link("t3")],
      ["d/ab", link("t4")],
      ["d/z", link("/t5")],
      ["abc", link("t6")],
      ["plain", file("")],
    ]),
  );
  const follow = (path: string) =>
    atOnce(followPaths(undefined, [path], files));
  for (
    const [path, found] of [
      ["a?", ["a?", "t1", "t2"]],
      ["a*", ["a*", "t1", "t2", "t3", "t6"]],
      ["a**", ["a**", "t1", "t2", "t3", "t6"]],
      ["[a]b", ["[a]b", "t1"]],
      // What is escaped is no pattern, and no link's name with its backslash.
      ["a\\*", ["a\\*"]],
      ["\\\\*", ["\\\\*"]],
      ["a?/x", ["a?", "t1/x", "t2/x"]],
      ["d/*", ["d/*", "d/t4", "t5"]],
      ["*/ab", ["*", "t1/ab", "t2/ab", "t3/ab", "t6/ab"]],
      ["plain/x", ["plain/x"]],
      ["x*", ["x*"]],
    ] as const
  ) assertEquals([path, follow(path)], [path, [...found]]);
});

Deno.test("followPaths() follows a path once, and asks nothing of what is no link", async () => {
  const files = await MemoryFiles.of(
    new Map([["a", link("?")], ["b", link("?")]]),
  );
  let looks = 0;
  const linksIn = files.linksIn.bind(files);
  files.linksIn = (prefix) => {
    assert(++looks < 10, "each link leads to both again");
    return linksIn(prefix);
  };
  assertEquals(atOnce(followPaths(undefined, ["a"], files)), ["?", "a"]);
  assertEquals(looks, 1);
  await withTempFolder(async (root) => {
    await writeTree(root, { "ab": "", "ac/x": "" });
    await Deno.symlink("t", `${root}/ad`);
    const { readLinkSync } = Deno;
    const asked: string[] = [];
    Deno.readLinkSync = (path) => {
      asked.push(String(path));
      return readLinkSync(path);
    };
    try {
      const found = atOnce(followPaths(`${root}/`, ["a*"]));
      assertEquals(found, ["a*", "t"]);
    } finally {
      Deno.readLinkSync = readLinkSync;
    }
    assertEquals(asked, [`${root}/ad`, `${root}/t`]);
  });
});

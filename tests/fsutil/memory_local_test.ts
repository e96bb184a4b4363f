import { ContextFilter } from "../../lib/context/filter.ts";
import { MemoryLocal } from "../../lib/fsutil/memory_local.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { walkContext, withoutPauses } from "../support/walk.ts";

const FILES = {
  "b/y": "4",
  "a-b": "",
  "a/x": "333",
  "a/b/d": "22",
  "Dockerfile": "FROM scratch",
  "a/b/c": "1",
};

async function local(files: Record<string, string> = FILES) {
  const encoder = new TextEncoder();
  return await MemoryLocal.of(
    new Map(
      Object.entries(files).map(([path, text]) => [path, encoder.encode(text)]),
    ),
  );
}

Deno.test("MemoryLocal offers its texts as a folder of them would be offered", async () => {
  const memory = await local();
  await withTempFolder(async (root) => {
    await writeTree(root, FILES);
    for (
      const [include, exclude, follow] of [
        [[], [], []],
        [["a"], [], []],
        [["a/b/c"], [], []],
        [[], [], ["Dockerfile"]],
        [[], [], ["/Dockerfile"]],
        [[], [], ["//a/x"]],
        [["b"], [], ["a/b"]],
        [["a"], ["a/b"], []],
        [[], ["*", "!a/b/c"], []],
        [["none"], [], []],
      ] as const
    ) {
      const request = { include, exclude, follow };
      const filter = new ContextFilter({
        include: [
          ...include,
          ...follow.map((path) => path.replace(/^\/+/, "")),
        ],
        exclude,
      });
      const given = [...withoutPauses(memory.entries(request))]
        .filter(({ type }) => type === "file").map(({ path, size, mode }) =>
          `${path} ${size} ${mode}`
        );
      const expected = [...walkContext(root, filter)]
        .filter(({ type }) => type === "file").map(({ path, size }) =>
          `${path} ${size} ${0o644}`
        );
      assertEquals(given, expected, JSON.stringify(request));
    }
  });
});

Deno.test("MemoryLocal tells folders before their files, and enters no others", async () => {
  const memory = await local();
  const told = (include: string[], exclude: string[] = []) =>
    [...memory.entries({ include, exclude, follow: [] })].map((entry) =>
      `${entry?.path} ${entry?.type} ${entry?.mode.toString(8)}`
    );
  assertEquals(told([]), [
    "Dockerfile file 644",
    "a directory 755",
    "a/b directory 755",
    "a/b/c file 644",
    "a/b/d file 644",
    "a/x file 644",
    "a-b file 644",
    "b directory 755",
    "b/y file 644",
  ]);
  assertEquals(told(["a/b/c"]), [
    "a directory 755",
    "a/b directory 755",
    "a/b/c file 644",
  ]);
  assertEquals(told([], ["a", "Dockerfile"]), [
    "a-b file 644",
    "b directory 755",
    "b/y file 644",
  ]);
  // By fsutil's reckoning nothing below "a/b" is asked about.
  assertEquals(told([], ["*", "!a/*/**"]), ["a directory 755"]);
});

Deno.test("MemoryLocal makes a file's time of its content", async () => {
  const memory = await local({ f: "some content", g: "other", "d/f": "" });
  for (
    const entry of memory.entries({ include: [], exclude: [], follow: [] })
  ) {
    const { path, type, mtimeMs, stamp } = entry!;
    if (type === "directory") {
      assertEquals([mtimeMs, stamp, entry!.size], [0, 0, 0]);
      continue;
    }
    const bytes = memory.content(path);
    assertEquals(bytes.length, entry!.size);
    const digest = await crypto.subtle.digest("SHA-256", bytes);
    const hex = new Uint8Array(digest).toHex();
    // The first eight bytes: twenty bits, four that count for nothing, forty.
    assertEquals(mtimeMs, parseInt(hex.slice(6, 16), 16), path);
    assertEquals(stamp, parseInt(hex.slice(0, 5), 16) % 1_000_000, path);
    assertEquals([entry!.major, entry!.minor], [0, 0]);
  }
  assertEquals(memory.content("none").length, 0);
  assert(memory.content("f") === memory.content("f"));
});

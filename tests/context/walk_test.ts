import type { ContextEntry } from "../../lib/context/entry.ts";
import { ContextFilter } from "../../lib/context/filter.ts";
import { compareNames, sortNames } from "../../lib/context/order.ts";
import { walkContext } from "../support/walk.ts";
import { ContextError } from "../../lib/errors.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { Random } from "../support/random.ts";

function paths(root: string, filter?: ContextFilter): string[] {
  return [...walkContext(root, filter)].map((entry) => entry.path);
}

Deno.test("sortNames() sorts by UTF-8 bytes", () => {
  const encoder = new TextEncoder();
  const random = new Random(3);
  const letters = ["a", "B", "-", ".", " ", "\n", "é", "\uE000", "\uFF5E"];
  letters.push("😀", "\u{10FFFF}", "\uD7FF", "日", "~");
  const byBytes = (a: string, b: string) => {
    const [left, right] = [encoder.encode(a), encoder.encode(b)];
    const at = left.findIndex((byte, index) => byte !== right[index]);
    if (at === -1) return left.length - right.length;
    return at < right.length ? left[at]! - right[at]! : 1;
  };
  for (let round = 0; round < 300; round++) {
    const names = Array.from(
      { length: random.below(20) },
      () =>
        Array.from({ length: 1 + random.below(4) }, () => random.pick(letters))
          .join(""),
    );
    assertEquals(sortNames([...names]), [...names].sort(byBytes));
    assertEquals([...names].sort(compareNames), [...names].sort(byBytes));
  }
});

Deno.test("walkContext() gives a folder, then what is in it, then the next", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, {
      "a/b": "",
      "a/c/d": "",
      "a-b": "",
      "a.b": "",
      "empty/": "",
      "\uFF5E": "",
      "😀": "",
      "new\nline": "",
      " space ": "",
    });
    assertEquals(paths(root), [
      " space ",
      "a",
      "a/b",
      "a/c",
      "a/c/d",
      "a-b",
      "a.b",
      "empty",
      "new\nline",
      "\uFF5E",
      "😀",
    ]);
  });
});

Deno.test("walkContext() tells types, modes, links and times", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { file: "12345", again: "" });
    await Deno.remove(`${root}/again`);
    await Deno.link(`${root}/file`, `${root}/again`);
    await Deno.symlink("../out", `${root}/link`);
    await Deno.mkdir(`${root}/dir`);
    await Deno.chmod(`${root}/dir`, 0o1777);
    await Deno.chmod(`${root}/file`, 0o4711);
    await Deno.utime(`${root}/file`, 1_000_000, new Date(-1500));
    await new Deno.Command("mkfifo", { args: [`${root}/fifo`] }).output();
    const listener = Deno.listen({ transport: "unix", path: `${root}/sock` });
    const entries = new Map<string, ContextEntry>();
    for (const entry of walkContext(root)) entries.set(entry.path, entry);
    listener.close();
    const about = (name: string) => {
      const { type, mode, size, target, hardlink } = entries.get(name)!;
      return { type, mode, size, target, hardlink };
    };
    const none = { size: 0, target: undefined, hardlink: undefined };
    assertEquals(about("again"), {
      ...none,
      type: "file",
      mode: 0o4711,
      size: 5,
    });
    assertEquals(about("file"), {
      ...none,
      type: "file",
      mode: 0o4711,
      size: 5,
      hardlink: "again",
    });
    assertEquals(about("dir"), { ...none, type: "directory", mode: 0o1777 });
    assertEquals(about("link"), {
      ...none,
      type: "symlink",
      mode: 0o777,
      size: 6,
      target: "../out",
    });
    assertEquals(entries.get("fifo")?.type, "fifo");
    assertEquals(entries.get("sock")?.type, "socket");
    assertEquals(entries.get("file")?.mtimeMs, -1500);
  });
});

Deno.test({
  name: "walkContext() knows device numbers",
  ignore: Deno.uid() !== 0,
  fn: () =>
    withTempFolder(async (root) => {
      const devices = [["c", 1, 3], ["b", 259, 70000], ["c", 4095, 1]] as const;
      for (const [index, [type, major, minor]] of devices.entries()) {
        const args = [`${root}/${index}`, type, `${major}`, `${minor}`];
        const { success } = await new Deno.Command("mknod", { args }).output();
        assert(success, "mknod makes a device");
      }
      assertEquals(
        [...walkContext(root)].map((
          { type, major, minor },
        ) => [type, major, minor]),
        [
          ["char-device", 1, 3],
          ["block-device", 259, 70000],
          ["char-device", 4095, 1],
        ],
      );
    }),
});

Deno.test("walkContext() gives folders above what is kept, and enters no other", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, {
      "a/x/keep": "",
      "a/x/drop": "",
      "a/y/drop": "",
      "b/drop": "",
      "c/keep": "",
    });
    const include = ["a/x/keep", "c"];
    assertEquals(paths(root, new ContextFilter({ include })), [
      "a",
      "a/x",
      "a/x/keep",
      "c",
      "c/keep",
    ]);
    const exclude = ["*", "!a/x/keep"];
    assertEquals(paths(root, new ContextFilter({ exclude })), [
      "a",
      "a/x",
      "a/x/keep",
    ]);
    // A folder that is gone can't be listed: it would be an error to try.
    const closed = new ContextFilter({ exclude: ["b", "!c/keep"] });
    const walk = walkContext(root, closed);
    const seen = [];
    for (const { path } of walk) {
      if (path === "a") await Deno.remove(`${root}/b`, { recursive: true });
      seen.push(path);
    }
    assertEquals(seen.slice(-2), ["c", "c/keep"]);
  });
});

Deno.test("walkContext() leaves out what vanishes, and names a name that is not UTF-8", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { a: "", b: "", "c/d": "", e: "" });
    const seen = [];
    for (const { path } of walkContext(root)) {
      seen.push(path);
      if (path === "a") {
        await Deno.remove(`${root}/b`);
        await Deno.remove(`${root}/c`, { recursive: true });
      }
    }
    assertEquals(seen, ["a", "e"]);
    const make = (name: string) =>
      new Deno.Command("bash", {
        args: ["-c", `touch "$(printf '${root}/${name}')"`],
      }).output();
    await make("caf\\351");
    const error = assertThrows(() => paths(root), ContextError);
    assert(/caf.*not UTF-8/.test(error.message), error.message);
    assertEquals(
      paths(root, new ContextFilter({ exclude: ["caf*"] })),
      ["a", "e"],
    );
    await Deno.remove(root, { recursive: true });
    await Deno.mkdir(root);
    await new Deno.Command("bash", {
      args: ["-c", `ln -s "$(printf 'caf\\351')" ${root}/link`],
    }).output();
    const link = assertThrows(() => paths(root), ContextError);
    assert(/link.*not UTF-8/.test(link.message), link.message);
  });
});

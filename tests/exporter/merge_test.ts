import { ExportError } from "../../lib/exporter/export_error.ts";
import { HeldFolder } from "../../lib/exporter/held_folder.ts";
import { HeldTree } from "../../lib/exporter/held_tree.ts";
import { mergeInto, setFolders } from "../../lib/exporter/merge.ts";
import { planMerge } from "../../lib/exporter/merge_plan.ts";
import type { StagedFolder } from "../../lib/exporter/staged_tree.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { writeTree } from "../support/folder.ts";
import { listing, names, replaced, scratch } from "./scratch.ts";

const TIME = new Date(1_500_000_000_000);
const EARLIER = new Date(1_400_000_000_000);

/** A path as it is named, wherever a held folder leads. */
function plain(path: string | URL, root: string): string {
  const text = String(path);
  const [, fd, rest = ""] = /^\/proc\/self\/fd\/(\d+)(.*)$/.exec(text) ?? [];
  const real = fd === undefined
    ? text
    : Deno.readLinkSync(`/proc/self/fd/${fd}`) + rest;
  return real.startsWith(root) ? real.slice(root.length + 1) : real;
}

/** What is received and what is there, in a folder of their own. */
async function withMerge(
  received: Record<string, string>,
  there: Record<string, string>,
  use: (
    root: string,
    merge: (folders?: readonly StagedFolder[]) => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  await using place = await scratch();
  const root = place.path;
  await writeTree(root, { "area/new/": "", "area/old/": "", "dest/": "" });
  await writeTree(`${root}/area/new`, received);
  await writeTree(`${root}/dest`, there);
  using area = HeldFolder.open(`${root}/area`);
  using dest = HeldFolder.open(`${root}/dest`);
  await use(
    root,
    (folders = []) => mergeInto({ area, dest, folders, name: "the place" }),
  );
}

Deno.test("planMerge() tells what is in the way of each entry, and what is merged", async () => {
  await using place = await scratch();
  const root = place.path;
  await writeTree(`${root}/from`, {
    "file-file": "",
    "file-folder": "",
    "file-nothing": "",
    "folder-file/x": "",
    "folder-folder/both": "",
    "folder-folder/new": "",
    "folder-folder/deep/y": "",
    "folder-nothing/z": "",
  });
  await writeTree(`${root}/dest`, {
    "file-file": "",
    "file-folder/x": "",
    "folder-file": "",
    "folder-folder/both": "",
    "folder-folder/deep/other": "",
    "theirs": "",
  });
  await Deno.chmod(`${root}/dest/folder-folder`, 0o1750);
  await Deno.utime(`${root}/dest/folder-folder`, TIME, TIME);
  using dest = HeldFolder.open(`${root}/dest`);
  using tree = new HeldTree(dest);
  const plan = (checked: string[] = []) => {
    const work = planMerge(
      `${root}/from`,
      tree,
      ({ name }) => void checked.push(name.slice(root.length + 1)),
    );
    for (let step = work.next();; step = work.next()) {
      if (step.done) return step.value;
    }
  };
  const checked: string[] = [];
  const { moves, merged } = plan(checked);
  assertEquals(
    Object.fromEntries(moves.map(({ path, there }) => [path, there])),
    {
      "file-file": "same",
      "file-folder": "other",
      "file-nothing": "nothing",
      "folder-file": "other",
      "folder-folder/both": "same",
      "folder-folder/new": "nothing",
      "folder-folder/deep/y": "nothing",
      "folder-nothing": "nothing",
    },
  );
  assertEquals([...merged.keys()], ["", "folder-folder", "folder-folder/deep"]);
  assertEquals(checked, [
    "dest",
    "dest/folder-folder",
    "dest/folder-folder/deep",
  ]);
  const one = merged.get("folder-folder")!;
  assertEquals([one.path, one.mode, one.mtime], [
    "folder-folder",
    0o1750,
    TIME,
  ]);
  // A folder of another file system is none that can be moved into, or away.
  for (const name of ["folder-folder", "file-folder"]) {
    using _lstat = replaced(Deno, "lstatSync", (lstat) => (path) => {
      const info = lstat(path);
      const isIt = plain(path, root) === `dest/${name}`;
      return isIt ? { ...info, dev: info.dev + 1 } : info;
    });
    assertThrows(
      () => plan(),
      ExportError,
      `Cannot export: "${name}" in the folder is on another file system`,
    );
  }
  {
    using _lstat = replaced(Deno, "lstatSync", (lstat) => (path) => {
      const info = lstat(path);
      const isIt = plain(path, root) === "dest/file-file";
      return isIt ? { ...info, dev: info.dev + 1 } : info;
    });
    plan(); // a file is replaced, wherever it lies
  }
  const broken = new Error("disk is broken");
  using _lstat = replaced(Deno, "lstatSync", (lstat) => (path) => {
    if (plain(path, root) === "dest/file-nothing") throw broken;
    return lstat(path);
  });
  assertThrows(() => plan(), Error, "disk is broken");
});

Deno.test("setFolders() sets folders from within, and leaves some for later", () => {
  const folders = [["a", 0o755], ["a/b", 0o700], ["c", 0o711]].map((
    [path, mode],
  ) => ({ path, mode, mtime: TIME }) as StagedFolder);
  const done: string[] = [];
  using _chmod = replaced(
    Deno,
    "chmodSync",
    () => (path, mode) => void done.push(`${path} ${mode.toString(8)}`),
  );
  using _utime = replaced(
    Deno,
    "utimeSync",
    () => (path, _atime, mtime) =>
      void done.push(`${path} ${(mtime as Date).getTime()}`),
  );
  const late = setFolders(
    (path) => `/at/${path}`,
    folders,
    ({ path }) => path === "a/b",
  );
  assertEquals(late, [folders[1]!]);
  const time = TIME.getTime();
  assertEquals(done, [
    "/at/c 711",
    `/at/c ${time}`,
    "/at/a 755",
    `/at/a ${time}`,
  ]);
});

Deno.test("mergeInto() opens folders that are closed to their owner, and gives all their bits in the end", async () => {
  await withMerge(
    { "d/x": "1", "closed/y": "2", "half/z": "3", "new/w": "4", "shut/v": "5" },
    { "d/a": "", "closed/a": "", "half/a": "" },
    async (root, merge) => {
      await Deno.chmod(`${root}/dest/d`, 0o700);
      await Deno.chmod(`${root}/dest/closed`, 0o500);
      await Deno.chmod(`${root}/dest/half`, 0o100);
      // An ordinary user can't write to a destination that is closed.
      const own = Deno.uid() === 0 ? 0o555 : 0o755;
      await Deno.chmod(`${root}/dest`, own);
      const done: string[] = [];
      {
        using _chmod = replaced(Deno, "chmodSync", (chmod) => (path, mode) => {
          done.push(`${plain(path, root)} ${mode.toString(8)}`);
          chmod(path, mode);
        });
        await merge([
          { path: "d", mode: 0o750, mtime: TIME },
          { path: "closed", mode: 0o555, mtime: TIME },
          { path: "new", mode: 0o711, mtime: TIME },
          { path: "shut", mode: 0o300, mtime: EARLIER },
        ]);
      }
      // A new folder that its owner can read, write and enter has its bits at
      // once; others, and those that were there, behind the moves.
      assertEquals(done.slice(0, 1), ["area/new/new 711"]);
      assertEquals(done.slice(1, 3).sort(), [
        "dest/closed 700",
        "dest/half 700",
      ]);
      assertEquals(done.slice(3), [
        "dest/shut 300",
        "dest/closed 555",
        "dest/d 750",
      ]);
      const mode = async (path: string) =>
        ((await Deno.stat(`${root}/dest/${path}`)).mode! & 0o777).toString(8);
      assertEquals(
        await Promise.all(["", "d", "closed", "new", "shut"].map(mode)),
        [own.toString(8), "750", "555", "711", "300"],
      );
      for (const [path, time] of [["d", TIME], ["shut", EARLIER]] as const) {
        assertEquals((await Deno.stat(`${root}/dest/${path}`)).mtime, time);
      }
      assertEquals(await names(`${root}/dest/d`), ["a", "x"]);
    },
  );
});

Deno.test("mergeInto() replaces without a moment without a file, or by two renames where there are no links", async () => {
  for (const hasLinks of [true, false]) {
    await withMerge(
      { a: "new a", b: "new b", "c/x": "new c" },
      { a: "old a", "b/y": "old b", c: "old c" },
      async (root, merge) => {
        const steps: string[] = [];
        {
          using _rename = replaced(
            Deno,
            "renameSync",
            (rename) => (from, to) => {
              steps.push(`${plain(from, root)} > ${plain(to, root)}`);
              rename(from, to);
            },
          );
          using _link = replaced(Deno, "linkSync", (link) => (from, to) => {
            if (!hasLinks) throw new Deno.errors.NotSupported();
            steps.push(`${plain(from, root)} = ${plain(to, root)}`);
            link(from, to);
          });
          await merge();
        }
        const of = (name: string) =>
          steps.filter((step) => new RegExp(`dest/${name}\\b`).test(step))
            .map((step) => step.replace(/old\/\d/, "old/N"));
        assertEquals(of("a"), [
          hasLinks ? "dest/a = area/old/N" : "dest/a > area/old/N",
          "area/new/a > dest/a",
        ]);
        for (const name of ["b", "c"]) {
          assertEquals(of(name), [
            `dest/${name} > area/old/N`,
            `area/new/${name} > dest/${name}`,
          ]);
        }
        assertEquals(await Deno.readTextFile(`${root}/dest/a`), "new a");
        assertEquals(await Deno.readTextFile(`${root}/dest/b`), "new b");
        assertEquals(await Deno.readTextFile(`${root}/dest/c/x`), "new c");
        assertEquals((await names(`${root}/area/old`)).length, 3);
      },
    );
  }
});

Deno.test("mergeInto() takes everything back, whatever fails and however things are replaced", async () => {
  for (const hasLinks of [true, false]) {
    for (let fails = 1; fails < 8; fails++) {
      await withMerge(
        { a: "new a", b: "new b", "c/x": "new", "d/new": "", "d/f": "new" },
        { a: "old a", "b/y": "old b", "c": "old", "d/f": "old f" },
        async (root, merge) => {
          await Deno.chmod(`${root}/dest/d`, 0o500);
          for (const path of ["d", "."]) {
            await Deno.utime(`${root}/dest/${path}`, EARLIER, EARLIER);
          }
          // What is kept under a second name lies in the area until that goes.
          const list = async () =>
            Object.entries(await listing(`${root}/dest`))
              .map(([path, line]) => `${path} ${line.replace(/×\d/, "")}`);
          const before = await list();
          const times = async () =>
            (await Deno.stat(`${root}/dest`)).mtime!.getTime();
          let count = 0;
          const crossed = Object.assign(new Error("crossed"), {
            code: fails % 2 === 0 ? "EXDEV" : "EIO",
          });
          using _link = replaced(Deno, "linkSync", (link) => (from, to) => {
            if (!hasLinks) throw new Deno.errors.NotSupported();
            link(from, to);
          });
          using _rename = replaced(
            Deno,
            "renameSync",
            (rename) => (from, to) => {
              if (++count === fails) throw crossed;
              rename(from, to);
            },
          );
          const error = await assertRejects(() => merge(), ExportError)
            .catch(() => undefined);
          if (count < fails) return; // there are no more renames
          assert(error !== undefined, `${fails}`);
          assertEquals(
            error.message,
            `Cannot export to "the place": nothing was changed there${
              fails % 2 === 0
                ? ", since something in it can't be moved away: a mount point, or a folder of a lower layer; remove it first, or export elsewhere"
                : ""
            }: crossed`,
          );
          assertEquals([error.moved, error.cause], [[], crossed]);
          assertEquals(await list(), before);
          assertEquals(await times(), EARLIER.getTime());
        },
      );
    }
  }
});

Deno.test("mergeInto() names what is there when it can't be taken back: ten paths at most", async () => {
  for (const count of [2, 11, 12]) {
    const files = Object.fromEntries(
      Array.from({ length: count }, (_, n) => [`f${n}`, ""]),
    );
    await withMerge(files, {}, async (root, merge) => {
      let renames = 0;
      using _rename = replaced(
        Deno,
        "renameSync",
        (rename) => (from, to) => {
          if (++renames >= count) throw new Error(`broken ${renames}`);
          rename(from, to);
        },
      );
      const error = await assertRejects(() => merge(), ExportError);
      const moved = await names(`${root}/dest`);
      assertEquals([...error.moved].sort(), moved);
      assertEquals(moved.length, count - 1);
      const shown = error.moved.slice(0, 10)
        .map((path) => JSON.stringify(path)).join(", ");
      assertEquals(
        error.message,
        `The export to "the place" is incomplete: ${
          count - 1
        } of ${count} entries were moved there (${shown}${
          count - 1 > 10 ? ", …" : ""
        }) and could not be taken back, then this failed: broken ${count}`,
      );
    });
  }
  // Where nothing was moved, and setting the bits back fails.
  await withMerge({ "d/x": "" }, { "d/y": "" }, async (_root, merge) => {
    using _rename = replaced(Deno, "renameSync", () => () => {
      throw new Error("broken");
    });
    using _chmod = replaced(Deno, "chmodSync", () => () => {
      throw new Error("closed");
    });
    const error = await assertRejects(() => merge(), ExportError);
    assertEquals(
      error.message,
      'The export to "the place" is incomplete: 0 of 1 entries were moved there, then this failed: broken',
    );
  });
});

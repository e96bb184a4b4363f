import { isExportName } from "../../lib/context/export_name.ts";
import { ExportError } from "../../lib/exporter/export_error.ts";
import {
  HeldFolder,
  type refuseShared,
} from "../../lib/exporter/held_folder.ts";
import { heldNames } from "../../lib/exporter/held_names.ts";
import { HeldTree } from "../../lib/exporter/held_tree.ts";
import {
  ExportArea,
  findPlace,
  makeArea,
  makeParents,
} from "../../lib/exporter/place.ts";
import { Staging } from "../../lib/exporter/staging.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { names, openFiles, replaced, scratch } from "./scratch.ts";

Deno.test("findPlace() tells what is there, what is missing, and what can't be a place", async () => {
  await using place = await scratch();
  const at = (path: string) => `${place.path}/${path}`;
  await Deno.mkdir(at("d"));
  await Deno.writeTextFile(at("f"), "");
  await Deno.symlink("d", at("to-d"));
  await Deno.symlink("f", at("to-f"));
  await Deno.symlink("none", at("dangling"));
  await new Deno.Command("mkfifo", { args: [at("fifo")] }).output();
  for (
    const [path, kind, real, name, isThere, missing] of [
      ["d", "folder", "d", "d", true, []],
      ["to-d", "folder", "d", "d", true, []],
      ["f", "file", "f", "f", true, []],
      ["to-f", "file", "f", "f", true, []],
      ["new", "folder", "new", "new", false, []],
      ["new", "file", "new", "new", false, []],
      ["d/a/b/c", "folder", "d/a/b/c", "c", false, ["d/a", "d/a/b"]],
      ["to-d/a/b", "file", "d/a/b", "b", false, ["d/a"]],
      ["d/../new/", "folder", "new", "new", false, []],
      ["none/../new", "folder", "new", "new", false, []],
    ] as const
  ) {
    const found = await findPlace(at(path), kind);
    assertEquals(found.path, at(real), path);
    assertEquals(found.name, name);
    assertEquals(found.info !== undefined, isThere);
    assertEquals(found.missing, missing.map(at));
  }
  for (
    const [path, kind, words] of [
      ["f", "folder", "it is not a folder"],
      ["d", "file", "it is not a file"],
      ["fifo", "folder", "it is not a folder"],
      ["dangling", "file", "it is a link to nothing"],
      ["dangling", "folder", "it is a link to nothing"],
      ["dangling/x", "file", "a folder above it is a link to nothing"],
      ["f/x", "file", ""],
    ] as const
  ) {
    const error = await assertRejects(
      () => findPlace(at(path), kind),
      ExportError,
      `Cannot export to ${JSON.stringify(at(path))}: ${words}`,
    );
    assertEquals(error.message.includes("stream"), false);
  }
  // A device or FIFO is written to as a stream, and the advice says so.
  const fifo = await assertRejects(
    () => findPlace(at("fifo"), "file"),
    ExportError,
    "it is not a file",
  );
  const folder = await assertRejects(() => findPlace(at("d"), "file"));
  assert(fifo.message.length > (folder as Error).message.length);
  const closed = new Deno.errors.PermissionDenied("closed");
  using _stat = replaced(
    Deno,
    "stat",
    (stat) => (path) => path === at("d") ? Promise.reject(closed) : stat(path),
  );
  for (const path of ["d", "d/new"]) {
    const error = await assertRejects(
      () => findPlace(at(path), "folder"),
      ExportError,
      "it can't be looked at: closed",
    );
    assert(error.cause === closed);
  }
});

Deno.test("findPlace() looks upwards no further than the root of all folders", async () => {
  const nothing = new Deno.errors.NotFound();
  using _stat = replaced(Deno, "stat", () => () => Promise.reject(nothing));
  using _lstat = replaced(Deno, "lstat", () => () => Promise.reject(nothing));
  await assertRejects(
    () => findPlace("/a/b/c", "file"),
    ExportError,
    "what it would lie in is not a folder",
  );
});

Deno.test("makeParents() makes what is missing, and takes back what is still empty", async () => {
  await using place = await scratch();
  const dest = `${place.path}/a/b/c/out`;
  const before = openFiles();
  for (const kept of [false, true]) {
    const takeBack = await makeParents(dest, await findPlace(dest, "folder"));
    assertEquals((await Deno.stat(`${place.path}/a/b/c`)).isDirectory, true);
    if (kept) await Deno.writeTextFile(`${place.path}/a/theirs`, "");
    await takeBack();
    assertEquals(await names(place.path), kept ? ["a"] : []);
  }
  assertEquals(await names(`${place.path}/a`), ["theirs"]);
  await (await makeParents(dest, await findPlace(`${place.path}/x`, "file")))();
  // Where one can't be made, those before it go again.
  const missing = await findPlace(`${place.path}/p/q/r/out`, "folder");
  const broken = new Error("disk is full");
  {
    let made = 0;
    using _mkdir = replaced(
      Deno,
      "mkdir",
      (mkdir) => (path, options) =>
        ++made === 3 ? Promise.reject(broken) : mkdir(path, options),
    );
    const error = await assertRejects(
      () => makeParents("dest", missing),
      ExportError,
      'Cannot export to "dest": the folder above it can\'t be made: disk is full',
    );
    assert(error.cause === broken);
  }
  assertEquals(await names(place.path), ["a"]);
  assertEquals(openFiles(), before);
});

Deno.test("makeArea() takes the place beside, or the folder itself where that is closed", async () => {
  await using place = await scratch();
  const before = openFiles();
  const dest = `${place.path}/d`;
  await Deno.mkdir(dest);
  const isArea = (list: string[]) => list.filter(isExportName).length;
  for (const kind of ["folder", "file"] as const) {
    const found = await findPlace(
      kind === "folder" ? dest : `${dest}.tar`,
      kind,
    );
    const area = await makeArea("dest", found, kind);
    assertEquals(isArea(await names(place.path)), 1);
    assertEquals(area.above.name, place.path);
    assert(isExportName(area.folder.name.slice(place.path.length + 1)));
    assertEquals(area.folder.info.mode! & 0o777, 0o700);
    await Deno.mkdir(area.folder.at("x"));
    await area.remove();
    assertEquals(isArea(await names(place.path)), 0);
  }
  const found = await findPlace(dest, "folder");
  /** With what becomes of folders that are made beside the place. */
  const areaWith = async (
    mkdir: (path: string) => Error | undefined,
    rename: Error | undefined,
    kind: "folder" | "file" = "folder",
  ) => {
    using _mkdir = replaced(Deno, "mkdir", (real) => (path, options) => {
      const error = mkdir(Deno.realPathSync(
        String(path).slice(0, String(path).lastIndexOf("/")),
      ));
      return error === undefined ? real(path, options) : Promise.reject(error);
    });
    using _rename = replaced(
      Deno,
      "rename",
      (real) => (from, to) =>
        rename === undefined ? real(from, to) : Promise.reject(rename),
    );
    return await makeArea("dest", found, kind);
  };
  const closed = new Deno.errors.PermissionDenied("closed");
  const beside = (error: Error) => (path: string) =>
    path === place.path ? error : undefined;
  const inside = await areaWith(beside(closed), undefined);
  assertEquals(inside.above.name, dest);
  await inside.remove();
  // A mount point: what is beside can't be moved into it, and is gone before
  // another one is made.
  const crossed = Object.assign(new Error("crossed"), { code: "EXDEV" });
  {
    using _remove = replaced(Deno, "remove", (remove) => async (...given) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await remove(...given);
    });
    let isBeside = false;
    const within = await areaWith((path) => {
      isBeside = path === dest &&
        [...Deno.readDirSync(place.path)].some(({ name }) =>
          isExportName(name)
        );
      return undefined;
    }, crossed);
    assertEquals(isBeside, false);
    assertEquals(within.above.name, dest);
    await within.remove();
  }
  const other = Object.assign(new Error("other"), { code: "ENOENT" });
  {
    // Another file system, by its number.
    let dev = 1;
    using _stat = replaced(
      Deno,
      "statSync",
      (stat) => (path) => ({ ...stat(path), dev: dev++ }),
    );
    const within = await areaWith(() => undefined, other);
    assertEquals(within.above.name, dest);
    await within.remove();
  }
  const kept = await areaWith(() => undefined, other);
  assertEquals(kept.above.name, place.path);
  await kept.remove();
  for (const kind of ["folder", "file"] as const) {
    const error = await assertRejects(
      () => areaWith(() => closed, undefined, kind),
      ExportError,
      'Cannot export to "dest": nothing can be written there: closed',
    );
    assert(error.cause === closed);
  }
  // A place that was taken away since it was found.
  await Deno.remove(dest);
  await assertRejects(() => areaWith(() => undefined, undefined), Error);
  assertEquals(await names(place.path), []);
  await Deno.mkdir(dest);
  // For a file there is no inside.
  await assertRejects(
    () => areaWith(beside(closed), undefined, "file"),
    ExportError,
    "nothing can be written there",
  );
  assertEquals(await names(place.path), ["d"]);
  assertEquals(await names(dest), []);
  assertEquals(openFiles(), before);
});

Deno.test("ExportArea removes what is in it, whatever its permissions are", async () => {
  await using place = await scratch();
  const before = openFiles();
  const area = await ExportArea.in(place.path);
  await Deno.mkdir(`${area.folder.path}/a/b/c`, { recursive: true });
  await Deno.writeTextFile(`${area.folder.path}/a/b/c/f`, "");
  let isFirst = true;
  const closed: string[] = [];
  {
    // As for somebody who is not root: closed folders can't be emptied.
    using _remove = replaced(
      Deno,
      "remove",
      (remove) => (path, options) => {
        if (isFirst && String(path).endsWith("/a")) {
          isFirst = false;
          return Promise.reject(new Deno.errors.PermissionDenied("closed"));
        }
        return remove(path, options);
      },
    );
    using _chmod = replaced(Deno, "chmod", (chmod) => async (path, mode) => {
      assertEquals(mode, 0o700);
      await new Promise((resolve) => setTimeout(resolve, 1));
      await chmod(path, mode);
      closed.push(String(path).replace(/^\/proc\/self\/fd\/\d+\//, ""));
    });
    await area.remove();
    assertEquals(closed, ["a", "a/b", "a/b/c"]);
    // Permissions are changed only where they are in the way.
    const open = await ExportArea.in(place.path);
    await Deno.mkdir(`${open.folder.path}/d/e`, { recursive: true });
    await open.remove();
    assertEquals(closed.length, 3);
  }
  assertEquals(await names(place.path), []);
  assertEquals(openFiles(), before);
  // One that can't be made lets go of what is above.
  const broken = new Error("disk is full");
  using _mkdir = replaced(Deno, "mkdir", () => () => Promise.reject(broken));
  await assertRejects(() => ExportArea.in(place.path), Error, "disk is full");
  assertEquals(openFiles(), before);
});

Deno.test("ExportArea takes no folder of somebody else's", async () => {
  await using place = await scratch();
  const before = openFiles();
  using _uid = replaced(Deno, "uid", (uid) => () => uid()! + 1);
  await assertRejects(
    () => ExportArea.in(place.path),
    ExportError,
    "was exchanged for another one",
  );
  assertEquals(openFiles(), before + 1, "the folder that was made is held");
});

Deno.test("Staging leaves nothing of what it made, also where it can't be made; parents stay if they are kept", async () => {
  await using place = await scratch();
  const before = openFiles();
  const dest = `${place.path}/p/q/out`;
  {
    const broken = new Error("disk is full");
    using _mkdir = replaced(
      Deno,
      "mkdir",
      (real) => (path, options) =>
        isExportName(String(path).replace(/^.*\//, ""))
          ? Promise.reject(broken)
          : real(path, options),
    );
    await assertRejects(
      () => Staging.make(dest, "folder"),
      ExportError,
      "nothing can be written there: disk is full",
    );
  }
  assertEquals(await names(place.path), []);
  for (const isKept of [false, true]) {
    const staging = await Staging.make(dest, "folder");
    assertEquals(staging.place.path, dest);
    assertEquals(staging.area!.above.name, `${place.path}/p/q`);
    if (isKept) staging.keepParents();
    await staging.remove();
    assertEquals(staging.area, undefined);
    await staging.remove(); // once more does nothing
    assertEquals(await names(place.path), isKept ? ["p"] : []);
  }
  // What can't be removed is told.
  const staging = await Staging.make(`${place.path}/r/out`, "file");
  {
    using _read = replaced(Deno, "readDirSync", () => () => {
      throw new Error("disk is broken");
    });
    await assertRejects(
      () => staging.remove(),
      ExportError,
      "can't be removed: disk is broken",
    );
  }
  assertEquals(openFiles(), before);
});

Deno.test("HeldFolder leads to the folder that was opened, wherever that goes", async () => {
  await using place = await scratch();
  const before = openFiles();
  const known = heldNames.size;
  await Deno.mkdir(`${place.path}/a/b`, { recursive: true });
  await Deno.symlink("a", `${place.path}/link`);
  await Deno.writeTextFile(`${place.path}/file`, "");
  {
    using held = HeldFolder.open(`${place.path}/a`);
    assert(held.isHeld);
    assertEquals(held.name, `${place.path}/a`);
    assertEquals(heldNames.size, known + 1);
    using child = held.child("b");
    assertEquals(child.name, `${place.path}/a/b`);
    assert(child.isOther(held.id));
    using again = HeldFolder.open(`${place.path}/a`);
    assert(!again.isOther(held.id));
    assert(held.isOther({ dev: held.id.dev + 1, ino: held.id.ino }));
    assert(held.isOther({ dev: held.id.dev, ino: held.id.ino! + 1 }));
    assertEquals(held.info.ino, (await Deno.stat(`${place.path}/a`)).ino);
    await Deno.rename(`${place.path}/a`, `${place.path}/moved`);
    await Deno.writeTextFile(held.at("x"), "");
    assertEquals(await names(`${place.path}/moved`), ["b", "x"]);
    for (const name of ["x", "none"]) {
      assertThrows(() => held.child(name));
    }
    held[Symbol.dispose](); // twice, and no other's descriptor
    assertEquals(openFiles(), before + 2);
  }
  assertEquals([openFiles(), heldNames.size], [before, known]);
  await Deno.remove(`${place.path}/link`);
  await Deno.symlink("moved", `${place.path}/link`);
  for (const path of ["link", "file", "link/b"]) {
    assertThrows(
      () => HeldFolder.open(`${place.path}/${path}`),
      ExportError,
      `the folder "${place.path}/${path}", or one above it, was exchanged`,
    );
  }
  assertThrows(
    () => HeldFolder.open(`${place.path}/none`),
    Error,
    "ENOENT",
  );
  assertEquals([openFiles(), heldNames.size], [before, known]);
  using root = HeldFolder.open("/");
  using below = root.child("proc");
  assertEquals(below.name, "/proc");
});

Deno.test("HeldTree holds 128 folders at most, and finds each again", async () => {
  await using place = await scratch();
  const before = openFiles();
  {
    using root = HeldFolder.open(place.path);
    using tree = new HeldTree(root);
    assert(tree.folder("") === root);
    for (let count = 0; count < 140; count++) {
      await Deno.mkdir(`${place.path}/d${count}/sub`, { recursive: true });
    }
    for (let count = 0; count < 128; count++) tree.folder(`d${count}`);
    assertEquals(openFiles(), before + 1 + 128);
    const first = tree.folder("d0"); // used again: another one is the oldest
    tree.folder("d128");
    assertEquals(openFiles(), before + 1 + 128);
    assert(tree.folder("d0") === first);
    const second = tree.folder("d1"); // was let go, and is opened anew
    assertEquals(second.name, `${place.path}/d1`);
    assertEquals(openFiles(), before + 1 + 128);
    await Deno.writeTextFile(tree.at("d5/sub/x"), "x");
    await Deno.writeTextFile(tree.at("y"), "y");
    assertEquals(await Deno.readTextFile(`${place.path}/d5/sub/x`), "x");
    assertEquals(await Deno.readTextFile(`${place.path}/y`), "y");
    // One that was let go must be the one that it was.
    await Deno.rename(`${place.path}/d139`, `${place.path}/other`);
    for (let count = 6; count < 139; count++) tree.folder(`d${count}`);
    tree.folder("other");
    await Deno.rename(`${place.path}/d2`, `${place.path}/away`);
    await Deno.rename(`${place.path}/other`, `${place.path}/d2`);
    const open = openFiles();
    assertThrows(
      () => tree.folder("d2"),
      ExportError,
      `the folder "${place.path}/d2", or one above it, was exchanged`,
    );
    assertEquals(openFiles(), open);
  }
  assertEquals(openFiles(), before);
});

Deno.test("where no folder can be held, it is looked at before each use", async () => {
  await using place = await scratch();
  await Deno.mkdir(`${place.path}/a/b`, { recursive: true });
  await Deno.mkdir(`${place.path}/other/b`, { recursive: true });
  const { build } = Deno;
  for (const os of ["darwin", "windows"]) {
    const module = new URL(
      "../../lib/exporter/held_folder.ts",
      import.meta.url,
    );
    module.search = os; // with a state of its own
    Object.defineProperty(Deno, "build", { value: { ...build, os } });
    try {
      const loaded = await import(module.href);
      const Held: typeof HeldFolder = loaded.HeldFolder;
      const refuse: typeof refuseShared = loaded.refuseShared;
      const before = openFiles();
      using held = Held.open(`${place.path}/a`);
      assert(!held.isHeld);
      assertEquals(openFiles(), before);
      assertEquals(held.path, `${place.path}/a`);
      assertEquals(held.child("b").name, `${place.path}/a/b`);
      assertEquals(held.info.ino, held.id.ino);
      assertThrows(() => Held.open(`${place.path}/none`));
      await Deno.symlink("a", `${place.path}/link`);
      await Deno.writeTextFile(`${place.path}/file`, "");
      for (const path of ["link", "file"]) {
        assertThrows(
          () => Held.open(`${place.path}/${path}`),
          Error,
          "exchanged",
        );
      }
      // A link above: seen where real paths are what they are.
      if (os === "windows") Held.open(`${place.path}/link/b`);
      else {
        assertThrows(
          () => Held.open(`${place.path}/link/b`),
          Error,
          "exchanged",
        );
      }
      await Deno.remove(`${place.path}/link`);
      await Deno.remove(`${place.path}/file`);
      // Another folder in its place, by its number or its device.
      for (const other of [{ ino: 1 }, { dev: 1 }]) {
        using _lstat = replaced(
          Deno,
          "lstatSync",
          (lstat) => (path) => ({ ...lstat(path), ...other }),
        );
        assertThrows(() => held.at("x"), Error, "exchanged");
      }
      assertEquals(held.at("x"), `${place.path}/a/x`);
      // Root writes to no folder that others may write to.
      const owned = (uid: number, mode: number | null) =>
        ({ isHeld: false, name: "n", info: { uid, mode } }) as HeldFolder;
      for (
        const [folder, ours, refused] of [
          [owned(0, 0o755), owned(0, 0o700), false],
          [owned(0, 0o775), owned(0, 0o700), true],
          [owned(0, 0o757), owned(0, 0o700), true],
          [owned(0, 0o020), owned(0, 0o700), true],
          [owned(0, 0o002), owned(0, 0o700), true],
          [owned(0, null), owned(0, 0o700), false],
          [owned(1, 0o755), owned(0, 0o700), true],
          [owned(1, 0o777), owned(1, 0o700), false],
          [
            { ...owned(1, 0o777), isHeld: true } as HeldFolder,
            owned(0, 0),
            false,
          ],
        ] as const
      ) {
        if (refused && os !== "windows") {
          assertThrows(
            () => refuse(folder, ours),
            Error,
            'Cannot export to "n" as root: others may write there',
          );
        } else refuse(folder, ours);
      }
    } finally {
      Object.defineProperty(Deno, "build", { value: build });
    }
  }
});

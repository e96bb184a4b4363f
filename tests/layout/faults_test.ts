import {
  isMissing,
  LayoutError,
  layoutError,
} from "../../lib/layout/layout_error.ts";
import { LayoutFolder } from "../../lib/layout/layout_folder.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { randomBytes } from "../support/digest.ts";
import { canMount, mount, mountTmpfs } from "../exporter/mount.ts";
import { names, openFiles, scratch } from "../exporter/scratch.ts";
import {
  bytesOf,
  digestOf,
  entryOf,
  load,
  store,
  withLayout,
} from "./layouts.ts";

const MEBIBYTE = 1024 * 1024;

Deno.test({
  name: "a folder that is full keeps what it has, and says so",
  ignore: !canMount,
  async fn() {
    await using place = await scratch();
    await using _disk = await mountTmpfs(place.path, "size=2m");
    const files = openFiles();
    await withLayout(place.path, "write", async (layout) => {
      await store(layout, "small");
      await layout.put(await entryOf("small"), [{ tag: "latest" }]);
      const index = await Deno.readTextFile(`${place.path}/index.json`);
      {
        await using writer = layout.begin({})!;
        const error = await assertRejects(
          () => writer.write(randomBytes(3 * MEBIBYTE)),
          LayoutError,
          `Cannot write the OCI layout ${
            JSON.stringify(place.path)
          }: a blob: no space is left there; free some, or take a folder elsewhere: `,
        );
        assertStringIncludes(error.message, "os error 28");
        assert(!error.message.includes("/proc/self"), error.message);
        // Not even an index can be written now.
        await assertRejects(
          () => layout.put(entry(MEBIBYTE), [{ tag: "other" }]),
          LayoutError,
          "index.json: no space is left there",
        );
        assertEquals(
          await Deno.readTextFile(`${place.path}/index.json`),
          index,
        );
      }
      // What was given up is free again.
      assertEquals(await load(layout, await store(layout, "more")), "more");
    });
    assertEquals(await names(place.path), [
      "blobs",
      "index.json",
      "ingest",
      "oci-layout",
    ]);
    assertEquals(openFiles(), files);
  },
});

/** An entry that makes an index of this size. */
function entry(size: number) {
  const digest = `sha256:${"a".repeat(64)}`;
  return {
    mediaType: "x",
    digest,
    size: 1,
    annotations: { long: "x".repeat(size) },
  };
}

Deno.test({
  name:
    "a folder on a file system that can only be read is read, and not written",
  ignore: !canMount,
  async fn() {
    await using place = await scratch();
    const digest = await withLayout(place.path, "write", async (layout) => {
      await layout.put(await entryOf("content"), [{ tag: "latest" }]);
      return await store(layout, "content");
    });
    await using _bound = await mount("--bind", place.path, place.path);
    await using _bare = await mount(
      ...["-o", "remount,bind,ro", place.path],
    ).then(() => ({ [Symbol.asyncDispose]: () => Promise.resolve() }));
    await withLayout(place.path, "read", async (layout) => {
      assertEquals(await load(layout, digest), "content");
      assertEquals((await layout.index())?.manifests.length, 1);
    });
    for (const path of [place.path, `${place.path}/new`]) {
      await assertRejects(
        () => LayoutFolder.open(path, "write"),
        LayoutError,
        `Cannot write the OCI layout ${
          JSON.stringify(path)
        }: its file system can only be read; take a folder that can be written: `,
      );
    }
  },
});

Deno.test("a path that leads to no folder is refused, whatever is there", async () => {
  await using place = await scratch();
  const file = `${place.path}/file`;
  await Deno.writeTextFile(file, "theirs");
  await Deno.symlink("nowhere", `${place.path}/link`);
  for (
    const [path, use] of [
      [file, "read"],
      [file, "write"],
      [`${file}/below`, "read"],
      [`${file}/below`, "write"],
      [`${place.path}/link`, "read"],
    ] as const
  ) {
    const error = await assertRejects(
      () => LayoutFolder.open(path, use),
      LayoutError,
      `Cannot ${use} the OCI layout ${JSON.stringify(path)}: `,
    );
    assert(!error.message.includes("/proc/self"), error.message);
  }
  assertEquals(await Deno.readTextFile(file), "theirs");
});

Deno.test("an index or a version that is broken is told, and not written over", async () => {
  await using place = await scratch();
  const at = (name: string) => `${place.path}/${name}`;
  for (
    const [name, text, words] of [
      [
        "index.json",
        '{"manifests":[',
        "index.json or oci-layout can't be understood; remove it, or take another folder: it is no JSON",
      ],
      ["index.json", "1", "it is no index of images"],
      ["index.json", '{"manifests":[1]}', "an entry is no descriptor"],
      ["oci-layout", "", "oci-layout names no version 1 of the layout"],
      ["oci-layout", '{"imageLayoutVersion":"2.0.0"}', "names no version 1"],
      ["oci-layout", "null", "names no version 1"],
      ["oci-layout", '{"imageLayoutVersion":1}', "names no version 1"],
    ] as const
  ) {
    await Deno.writeTextFile(at(name), text);
    await withLayout(place.path, "write", async (layout) => {
      await assertRejects(() => layout.index(), LayoutError, words);
      await assertRejects(
        async () => await layout.put(await entryOf("x"), [{ tag: "t" }]),
        LayoutError,
        words,
      );
    });
    assertEquals(await Deno.readTextFile(at(name)), text);
    await Deno.remove(at(name));
  }
  const file = await Deno.create(at("index.json"));
  await file.truncate(16 * MEBIBYTE + 1);
  file.close();
  await withLayout(place.path, "read", async (layout) => {
    await assertRejects(
      () => layout.index(),
      LayoutError,
      "index.json: it has more than 16777216 bytes",
    );
  });
});

Deno.test("what the system says is told with what to do about it", () => {
  const cases: Record<string, string> = {
    ENOENT: "it is not there",
    ENOTDIR: "something is in the place of a folder",
    ELOOP: "a link is in the place of a file",
    ENOSPC: "no space is left there; free some, or take a folder elsewhere",
    EDQUOT:
      "no more space is granted to this user there; free some, or take a folder elsewhere",
    EROFS:
      "its file system can only be read; take a folder that can be written",
    EACCES:
      "this user has not the permissions for it; change them, or take another folder",
    EPERM:
      "this user has not the permissions for it; change them, or take another folder",
  };
  for (const [code, words] of Object.entries(cases)) {
    const said = Object.assign(new Error("what it says"), { code });
    // As it is, and in an error of davit's own.
    for (const cause of [said, new Error("what it says", { cause: said })]) {
      const error = layoutError("dir", "write", "part", cause);
      assertEquals(
        error.message,
        `Cannot write the OCI layout "dir": part: ${words}: what it says`,
      );
      assertEquals([error.path, error.cause], ["dir", cause]);
      assertEquals(isMissing(cause), code === "ENOENT");
    }
  }
  assertEquals(
    layoutError("dir", "read", "", new Error("odd")).message,
    'Cannot read the OCI layout "dir": odd',
  );
  assertEquals(
    layoutError("dir", "read", "part").message,
    'Cannot read the OCI layout "dir": part',
  );
  const own = new LayoutError("other", "words of its own");
  assertEquals(layoutError("dir", "read", "part", own), own);
});

Deno.test({
  name:
    "as root, a folder where others may write is refused where it can't be held",
  ignore: Deno.build.os === "windows" || Deno.uid() !== 0,
  async fn() {
    await using place = await scratch();
    const path = `${place.path}/shared`;
    await Deno.mkdir(path);
    await Deno.chmod(path, 0o777);
    const program = new URL("shared_program.ts", import.meta.url).href;
    // With fewer permissions than all, folders can't be held.
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-check", "--no-prompt"],
        ...[`--allow-read=${place.path}`, `--allow-write=${place.path}`],
        ...[program, path, "tags", "x", "1"],
      ],
    }).output();
    const said = new TextDecoder().decode(stderr);
    assertStringIncludes(
      said,
      `LayoutError: Cannot write the OCI layout ${JSON.stringify(path)}: `,
    );
    assertStringIncludes(said, "as root: others may write there");
    assertEquals(await names(path), []);
  },
});

Deno.test("a content that can't be put in its place is told, and dropped", async () => {
  await using place = await scratch();
  await Deno.writeTextFile(`${place.path}/blobs`, "a file");
  const files = openFiles();
  await withLayout(place.path, "write", async (layout) => {
    await using writer = layout.begin({})!;
    await writer.write(bytesOf("content"));
    await assertRejects(() => writer.commit({}), LayoutError, "a blob: ");
    await assertRejects(() => writer.write(bytesOf("x")), LayoutError);
    await assertRejects(() => writer.restart(), LayoutError);
    await Deno.remove(`${place.path}/blobs`);
    const next = await store(layout, "content");
    assertEquals(next, await digestOf("content"));
  });
  assertEquals(openFiles(), files);
  assertEquals(await names(place.path), ["blobs", "ingest"]);
});

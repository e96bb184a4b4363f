import { KnownFile } from "../../lib/context/known_file.ts";
import { readKnown } from "../../lib/context/read_inside.ts";
import { openContexts } from "../../lib/imagebuild/context/named_contexts.ts";
import { openOffer } from "../../lib/imagebuild/context/open_offer.ts";
import { replaced } from "../exporter/scratch.ts";
import { assertEquals } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

const text = (bytes: unknown) =>
  bytes instanceof Uint8Array ? new TextDecoder().decode(bytes) : bytes;

/** A clock by which all files of a test were left alone for long. */
const later = () =>
  replaced(Date, "now", (now: typeof Date.now) => () => now() + 5000);

/** Reads the file `rules` of a folder as if it had been left alone. */
async function known(root: string): Promise<KnownFile> {
  using _now = later();
  return (await readKnown(root, "rules", ""))!;
}

Deno.test("KnownFile has the content of a file that is still the same", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { rules: "one" });
    const file = await known(root);
    assertEquals(text(file.contentIn(root)), "one");
    assertEquals(text(file.contentIn(`${root}/`)), "one");
    assertEquals(file.contentIn(`${root}/none`), undefined);
  });
});

Deno.test("KnownFile has no content of a file that changed, in whatever way", async () => {
  const changes: Record<string, (path: string) => Promise<void>> = {
    "another length": (path) => Deno.writeTextFile(path, "three"),
    "another time": (path) => Deno.utime(path, 1, 1),
    "another file": async (path) => {
      const { mtime, atime } = await Deno.stat(path);
      await Deno.writeTextFile(`${path}2`, "two");
      await Deno.utime(`${path}2`, atime!, mtime!);
      await Deno.rename(`${path}2`, path);
    },
    "a link": async (path) => {
      await Deno.rename(path, `${path}2`);
      await Deno.symlink(`${path}2`, path);
    },
    "no file": (path) => Deno.remove(path),
  };
  for (const [name, change] of Object.entries(changes)) {
    await withTempFolder(async (root) => {
      await writeTree(root, { rules: "one" });
      const file = await known(root);
      await change(`${root}/rules`);
      assertEquals(file.contentIn(root), undefined, name);
    });
  }
});

Deno.test("KnownFile has no content of a file that was written just before it was read, or in memory, or that had more bytes", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { rules: "one" });
    const file = (await readKnown(root, "rules", ""))!;
    assertEquals([text(file.bytes), file.contentIn(root)], ["one", undefined]);
    const seen = await Deno.lstat(`${root}/rules`);
    const changed = seen.ctime!.getTime();
    const at = (ms: number, bytes = file.bytes, info?: Deno.FileInfo) =>
      text(new KnownFile("rules", bytes, info, changed + ms).contentIn(root));
    assertEquals(at(2000, file.bytes, seen), undefined);
    assertEquals(at(2001, file.bytes, seen), "one");
    assertEquals(at(2001), undefined);
    assertEquals(at(2001, file.bytes.slice(1), seen), undefined);
    // Written in its place with as many bytes, and its time put back.
    const before = new Date(changed - 1000);
    assertEquals(at(2001, file.bytes, { ...seen, ctime: before }), undefined);
    const elsewhere = { ...seen, dev: seen.dev + 1 };
    assertEquals(at(2001, file.bytes, elsewhere), undefined);
    assertEquals(
      at(2001, file.bytes, { ...seen, ctime: null }),
      undefined,
      "the system tells no time of the inode",
    );
  });
});

Deno.test("an engine gets the ignore file that was read, of each context, and any other file from the folder", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      Dockerfile: "FROM scratch\n",
      "rules/ignore": "a\n",
      b: "",
    });
    await Deno.symlink("rules/ignore", `${folder}/.dockerignore`);
    const root = `${await Deno.realPath(folder)}/`;
    using _now = later();
    const source = {
      kind: "folder",
      path: folder,
      dockerfile: undefined,
      ignore: undefined,
    } as const;
    const offer = await openOffer(source);
    const named = await openContexts(new Map([["deps", source]]));
    for (
      const local of [
        offer.locals!.get("context")!,
        named.folders.get("deps")!.local,
      ]
    ) {
      assertEquals(text(local.content("rules/ignore")), "a\n");
      assertEquals(local.content("b"), { root, path: "b" });
      assertEquals(local.content("Dockerfile"), { root, path: "Dockerfile" });
    }
    await writeTree(folder, { "rules/ignore": "b and c\n" });
    assertEquals(offer.locals!.get("context")!.content("rules/ignore"), {
      root,
      path: "rules/ignore",
    });
  });
});

import { LayoutError } from "../../lib/layout/layout_error.ts";
import { LayoutFolder } from "../../lib/layout/layout_folder.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { makeFifo } from "../support/fifo.ts";
import { exchangedAt } from "../exporter/exchange.ts";
import { listing, openFiles, scratch } from "../exporter/scratch.ts";
import {
  bytesOf,
  digestOf,
  entryOf,
  load,
  store,
  withLayout,
} from "./layouts.ts";

const hexOf = async (content: string) => (await digestOf(content)).slice(7);

/** A name of what a crash has left. */
const LEFT = ".davit-export-0123456789abcdef";

/** Puts something outside of a layout, and checks at the end that it is as it was. */
async function beside(
  run: (place: { layout: string; outside: string }) => Promise<void>,
): Promise<void> {
  await using place = await scratch();
  const outside = `${place.path}/outside`;
  const layout = `${place.path}/layout`;
  await Deno.mkdir(`${outside}/sha256`, { recursive: true });
  await Deno.writeTextFile(`${outside}/sha256/${await hexOf("out")}`, "out");
  await Deno.writeTextFile(`${outside}/kept`, "as it was");
  await Deno.writeTextFile(`${outside}/index.json`, '{"manifests":[]}');
  await Deno.mkdir(`${outside}/${LEFT}`);
  await Deno.mkdir(layout);
  const before = await listing(outside);
  const files = openFiles();
  await run({ layout, outside });
  assertEquals(await listing(outside), before);
  assertEquals(openFiles(), files);
}

Deno.test("a blob that is a link, a FIFO or a folder is not read", () =>
  beside(async ({ layout, outside }) => {
    const blobs = `${layout}/blobs/sha256`;
    await Deno.mkdir(blobs, { recursive: true });
    const [link, fifo, folder] = ["a", "b", "c"].map((letter) =>
      letter.repeat(64)
    );
    await Deno.symlink(`${outside}/kept`, `${blobs}/${link}`);
    await makeFifo(`${blobs}/${fifo}`);
    await Deno.mkdir(`${blobs}/${folder}`);
    await withLayout(layout, "read", async (opened) => {
      for (
        const [hex, words] of [
          [link, "a link is in the place of a file"],
          [fifo, "it is no regular file"],
          [folder, "it is no regular file"],
        ]
      ) {
        for (const ask of ["open", "info"] as const) {
          const error = assertThrows(
            () => void opened[ask](`sha256:${hex}`),
            LayoutError,
            words,
          );
          assertStringIncludes(error.message, `"${layout}": sha256:${hex}: `);
          assert(!error.message.includes("/proc/self"), error.message);
        }
      }
      await Promise.resolve();
    });
  }));

Deno.test("a blob that is a link or a FIFO is replaced by what is written, and its target stays", () =>
  beside(async ({ layout, outside }) => {
    const blobs = `${layout}/blobs/sha256`;
    await Deno.mkdir(blobs, { recursive: true });
    const [one, two] = [await hexOf("one"), await hexOf("two")];
    await Deno.symlink(`${outside}/kept`, `${blobs}/${one}`);
    await makeFifo(`${blobs}/${two}`);
    await Deno.mkdir(`${blobs}/${await hexOf("three")}/x`, { recursive: true });
    await withLayout(layout, "write", async (opened) => {
      assertEquals(await load(opened, await store(opened, "one")), "one");
      assertEquals(await load(opened, await store(opened, "two")), "two");
      await assertRejects(() => store(opened, "three"), LayoutError, "a blob");
    });
  }));

for (const folder of ["blobs", "blobs/sha256"]) {
  Deno.test(`nothing is read or written through a link in the place of ${folder}`, () =>
    beside(async ({ layout, outside }) => {
      const target = folder === "blobs" ? outside : `${outside}/sha256`;
      if (folder !== "blobs") await Deno.mkdir(`${layout}/blobs`);
      await Deno.symlink(target, `${layout}/${folder}`);
      const out = await digestOf("out");
      await withLayout(layout, "read", async (opened) => {
        assertThrows(
          () => opened.info(out),
          LayoutError,
          "it, or a folder of it or above it, is a link",
        );
        await Promise.resolve();
      });
      await withLayout(layout, "write", async (opened) => {
        await assertRejects(
          () => store(opened, "new"),
          LayoutError,
          "is a link",
        );
        await opened.put(await entryOf("x"), [{ tag: "latest" }]);
        await assertRejects(() => opened.collect(), LayoutError, "is a link");
      });
    }));
}

Deno.test("nothing is removed or written through a link in the place of ingest, or in it", () =>
  beside(async ({ layout, outside }) => {
    await Deno.symlink(outside, `${layout}/ingest`);
    await assertRejects(
      () => LayoutFolder.open(layout, "write"),
      LayoutError,
      "is a link",
    );
    assert((await Deno.lstat(`${layout}/ingest`)).isSymlink);
    await Deno.remove(`${layout}/ingest`);
    await Deno.mkdir(`${layout}/ingest`);
    await Deno.symlink(outside, `${layout}/ingest/${LEFT}`);
    await withLayout(layout, "write", async (opened) => {
      assertEquals(await load(opened, await store(opened, "one")), "one");
    });
  }));

for (const name of ["index.json", "oci-layout", "index.json.lock"]) {
  Deno.test(`a link or a FIFO in the place of ${name} is not followed`, () =>
    beside(async ({ layout, outside }) => {
      const entry = await entryOf("x");
      const refused = async (words: string) => {
        const error = await assertRejects(
          () =>
            withLayout(
              layout,
              "write",
              (opened) => opened.put(entry, [{ tag: "latest" }]),
            ),
          LayoutError,
          words,
        );
        assert(!error.message.includes("/proc/self"), error.message);
      };
      const isLock = name.endsWith(".lock");
      await Deno.symlink(`${outside}/index.json`, `${layout}/${name}`);
      await refused(isLock ? "no regular file" : "a link is in the place");
      await Deno.remove(`${layout}/${name}`);
      await Deno.symlink(`${outside}/none`, `${layout}/${name}`);
      await refused(isLock ? "no regular file" : "a link is in the place");
      await Deno.remove(`${layout}/${name}`);
      await makeFifo(`${layout}/${name}`);
      await refused("no regular file");
    }));
}

Deno.test("a layout that is exchanged for a link while it is used is not followed", () =>
  beside(async ({ layout, outside }) => {
    const moved = `${layout}-moved`;
    await withLayout(layout, "write", async (opened) => {
      const one = await store(opened, "one");
      await using open = opened.begin({})!;
      await open.write(bytesOf("two"));
      await Deno.rename(layout, moved);
      await Deno.symlink(outside, layout);
      // All goes to the folder that was opened, wherever it is now.
      assertEquals(await load(opened, one), "one");
      const two = await open.commit({});
      await opened.put(await entryOf("one"), [{ tag: "latest" }]);
      assertEquals(await load(opened, two), "two");
      assertEquals(opened.info(await digestOf("out")), undefined);
    });
    await withLayout(moved, "read", async (opened) => {
      assertEquals((await opened.index())?.manifests.length, 1);
    });
  }));

Deno.test("digests that are none lead nowhere", () =>
  beside(async ({ layout }) => {
    await Deno.mkdir(`${layout}/blobs/sha256`, { recursive: true });
    await withLayout(layout, "write", async (opened) => {
      for (
        const digest of [
          "",
          "sha256:",
          "sha256:../../../outside/kept",
          "sha256:../../index.json",
          "../../outside:kept",
          "..:outside",
          `sha256:${"A".repeat(64)}`,
          `sha256:${"a".repeat(63)}/`,
        ]
      ) {
        assertEquals(opened.info(digest), undefined);
        assertEquals(opened.open(digest), undefined);
        assertThrows(
          () => void opened.begin({ digest }),
          TypeError,
          `${JSON.stringify(digest)} is no digest`,
        );
      }
      await Promise.resolve();
    });
  }));

Deno.test("an index that names what leads elsewhere removes and reads nothing there", () =>
  beside(async ({ layout, outside }) => {
    const type = "application/vnd.oci.image.manifest.v1+json";
    await withLayout(layout, "write", async (opened) => {
      await store(opened, "garbage");
      await opened.put(
        { mediaType: type, digest: "sha256:../../../outside/kept", size: 1 },
        [{ tag: "latest" }],
      );
      await Deno.symlink(
        `${outside}/kept`,
        `${layout}/blobs/sha256/${"d".repeat(64)}`,
      );
      // The link is nothing that is named: the link itself goes.
      assertEquals((await opened.collect())?.blobs, 2);
    });
  }));

for (
  const [what, swapped] of [
    ["the layout", "top/layout"],
    ["the folder above it", "top"],
    ["blobs", "top/layout/blobs"],
    ["the folder of the blobs", "top/layout/blobs/sha256"],
    ["ingest", "top/layout/ingest"],
  ] as const
) {
  Deno.test(`a layout that is written changes nothing outside when ${what} is exchanged for a link, whenever that is`, async () => {
    let number = 0;
    for (let isLess = true; isLess; number++) {
      await using place = await scratch();
      const at = (path: string) => `${place.path}/${path}`;
      const outside = [
        "outside/sha256",
        "outside/blobs/sha256",
        "outside/layout/blobs/sha256",
        `outside/${LEFT}`,
        `outside/ingest/${LEFT}`,
        `outside/layout/ingest/${LEFT}`,
      ];
      for (
        const folder of [
          "top/layout/blobs/sha256",
          "top/layout/ingest",
          ...outside,
        ]
      ) await Deno.mkdir(at(folder), { recursive: true });
      const garbage = await hexOf("garbage");
      for (const folder of outside) {
        await Deno.writeTextFile(at(`${folder}/${garbage}`), "garbage");
        await Deno.writeTextFile(at(`${folder}/index.json`), "theirs");
      }
      await Deno.writeTextFile(at(`top/layout/blobs/sha256/${garbage}`), "x");
      const before = await listing(at("outside"));
      const files = openFiles();
      isLess = await exchangedAt(
        number,
        () => {
          Deno.renameSync(at(swapped), at("moved"));
          Deno.symlinkSync(at("outside"), at(swapped));
        },
        async () => {
          try {
            await withLayout(at("top/layout"), "write", async (layout) => {
              await store(layout, "one");
              await layout.put(await entryOf("one"), [{ tag: "latest" }]);
              await layout.collect();
            });
          } catch (error) {
            // It may fail, or go to where the folder is now: both are right.
            if (!(error instanceof LayoutError)) throw error;
            assert(!error.message.includes("/proc/self"), error.message);
          }
        },
      );
      assertEquals(await listing(at("outside")), before, `call ${number}`);
      assertEquals(openFiles(), files, `call ${number}`);
    }
    assert(number > 15, `only ${number} calls`);
  });
}

import { LayoutError } from "../../lib/layout/layout_error.ts";
import type { LayoutFolder } from "../../lib/layout/layout_folder.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { names, scratch } from "../exporter/scratch.ts";
import { digestOf, load, store, withLayout } from "./layouts.ts";

const OCI = "application/vnd.oci.image";
const DOCKER = "application/vnd.docker.distribution";

/** Stores a document, and gives its descriptor. */
async function document(
  layout: LayoutFolder,
  mediaType: string,
  content: unknown,
) {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  return { mediaType, digest: await store(layout, text), size: text.length };
}

const blob = (layout: LayoutFolder, text: string) =>
  document(layout, "application/octet-stream", text);

Deno.test("what a tag leads to stays, and all else is removed", async () => {
  await using place = await scratch();
  await withLayout(place.path, "write", async (layout) => {
    // An index of a manifest and of layers themselves, as BuildKit's cache is.
    const manifest = await document(layout, `${OCI}.manifest.v1+json`, {
      config: await blob(layout, "config"),
      layers: [await blob(layout, "layer 1"), await blob(layout, "layer 2")],
      subject: await blob(layout, "subject"),
    });
    const docker = await document(layout, `${DOCKER}.manifest.v2+json`, {
      config: await blob(layout, "docker config"),
      layers: [],
      subject: null,
    });
    const list = await document(layout, `${DOCKER}.manifest.list.v2+json`, {
      manifests: [docker],
    });
    const index = await document(layout, `${OCI}.index.v1+json`, {
      manifests: [
        manifest,
        await blob(layout, "cache layer"),
        // Of another platform, and not here.
        { ...manifest, digest: `sha256:${"0".repeat(64)}` },
      ],
    });
    await layout.put(index, [{ tag: "new" }]);
    await layout.put(list, [{ tag: "docker" }]);
    const kept = await names(`${place.path}/blobs/sha256`);
    // What is no document names nothing, whatever is in it.
    const old = await document(layout, `${OCI}.manifest.v1+json`, {
      config: await blob(layout, "old config"),
      layers: [await blob(layout, "layer 1"), await blob(layout, "old layer")],
    });
    await layout.put(await blob(layout, JSON.stringify({ layers: [old] })), [
      { tag: "other" },
    ]);
    await Deno.writeTextFile(`${place.path}/blobs/sha256/README`, "theirs");
    const bytes = old.size + "old config".length + "old layer".length;
    assertEquals(await layout.collect(), { blobs: 3, bytes });
    assertEquals(
      await names(`${place.path}/blobs/sha256`),
      [
        ...kept,
        "README",
        (await digestOf(JSON.stringify({ layers: [old] }))).slice(7),
      ].sort(),
    );
    assertEquals(await load(layout, await digestOf("layer 1")), "layer 1");
    assertEquals(await layout.collect(), { blobs: 0, bytes: 0 });
  });
});

Deno.test("nothing is removed where nobody knows what is named", async () => {
  await using place = await scratch();
  await withLayout(place.path, "write", async (layout) => {
    const garbage = await store(layout, "garbage");
    for (
      const [content, words] of [
        ['{"layers":[', "is no JSON"],
        ['{"layers":[{}]}', "has an entry that is no descriptor"],
        ['{"config":"x"}', "has an entry that is no descriptor"],
      ] as const
    ) {
      const broken = await document(
        layout,
        `${OCI}.manifest.v1+json`,
        content,
      );
      await layout.put(broken, [{ tag: "latest" }]);
      const error = await assertRejects(
        () => layout.collect(),
        LayoutError,
        `what its index names: ${broken.digest} ${words}`,
      );
      assertEquals(error.path, place.path);
    }
    assertEquals(await load(layout, garbage), "garbage");
    await Deno.writeTextFile(`${place.path}/index.json`, '{"manifests":');
    await assertRejects(() => layout.collect(), LayoutError, "index.json");
    assertEquals(await load(layout, garbage), "garbage");
  });
});

Deno.test("nothing is removed while others use the folder, to read or to write", async () => {
  await using place = await scratch();
  await withLayout(place.path, "write", async (layout) => {
    const garbage = await store(layout, "garbage");
    for (const use of ["read", "write"] as const) {
      await withLayout(place.path, use, async () => {
        assertEquals(await layout.collect(), undefined);
        assertEquals(await load(layout, garbage), "garbage");
      });
    }
    assertEquals(await layout.collect(), { blobs: 1, bytes: 7 });
  });
});

Deno.test("a layout without an index names nothing, and without blobs has nothing to remove", async () => {
  await using place = await scratch();
  await withLayout(place.path, "write", async (layout) => {
    assertEquals(await layout.collect(), { blobs: 0, bytes: 0 });
    await store(layout, "");
    assertEquals(await layout.collect(), { blobs: 1, bytes: 0 });
  });
});

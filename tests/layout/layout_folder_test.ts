import { ContentMismatchError } from "../../lib/layout/content_store.ts";
import { LayoutError } from "../../lib/layout/layout_error.ts";
import { LayoutFolder } from "../../lib/layout/layout_folder.ts";
import { LayoutStores } from "../../lib/layout/layout_stores.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { names, openFiles, scratch } from "../exporter/scratch.ts";
import {
  bytesOf,
  digestOf,
  entryOf,
  load,
  store,
  withLayout,
} from "./layouts.ts";

const NOTHING = `sha256:${"0".repeat(64)}`;

Deno.test("what is written is there under its digest, and read from any place", async () => {
  await using place = await scratch();
  const path = `${place.path}/a/b/layout`;
  const before = openFiles();
  const digest = await withLayout(path, "write", async (layout) => {
    assert(layout.canWrite);
    assertEquals(layout.path, path);
    const digest = await store(layout, "content");
    assertEquals(await load(layout, digest), "content");
    return digest;
  });
  assertEquals(digest, await digestOf("content"));
  assertEquals(await names(path), ["blobs", "ingest"]);
  const file = `${path}/blobs/sha256/${digest.slice(7)}`;
  assertEquals((await Deno.stat(file)).mode! & 0o222, 0);
  await withLayout(path, "read", async (layout) => {
    assert(!layout.canWrite);
    assertEquals(layout.info(digest)?.size, 7);
    assertEquals(
      layout.info(digest)?.modified,
      (await Deno.stat(file)).mtime,
    );
    using reader = layout.open(digest)!;
    const buffer = new Uint8Array(3);
    assertEquals(await reader.read(buffer, 5), 2);
    assertEquals(buffer.subarray(0, 2), bytesOf("nt"));
    assertEquals(await reader.read(buffer, 0), 3);
    assertEquals(buffer, bytesOf("con"));
    assertEquals(await reader.read(buffer, 7), 0);
    const closed = layout.open(digest)!;
    closed[Symbol.dispose]();
    await assertRejects(
      () => closed.read(buffer, 0),
      LayoutError,
      `Cannot read the OCI layout ${JSON.stringify(path)}: ${digest}: `,
    );
    assertEquals(layout.info(NOTHING), undefined);
    assertEquals(layout.open(NOTHING), undefined);
  });
  assertEquals(openFiles(), before);
});

Deno.test("nothing is there before it is whole, and nothing stays of what is given up", async () => {
  await using place = await scratch();
  const path = `${place.path}/layout`;
  const digest = await digestOf("whole");
  await withLayout(path, "write", async (layout) => {
    {
      await using writer = layout.begin({ digest, size: 5 })!;
      await writer.write(bytesOf("who"));
      assertEquals(writer.offset, 3);
      assertEquals(layout.info(digest), undefined);
    }
    // Given up with the folder.
    await layout.begin({ digest })!.write(bytesOf("whole"));
  });
  assertEquals(await names(place.path), []);
});

Deno.test("a folder that was there stays, also if nothing is put in it", async () => {
  await using place = await scratch();
  await withLayout(place.path, "write", () => Promise.resolve());
  assertEquals(await names(place.path), []);
});

Deno.test("what is not what was announced is refused, and may be written anew", async () => {
  await using place = await scratch();
  await withLayout(place.path, "write", async (layout) => {
    const digest = await digestOf("right");
    await using writer = layout.begin({ digest })!;
    await writer.write(bytesOf("wrong"));
    const other = await assertRejects(
      () => writer.commit({ digest }),
      ContentMismatchError,
    );
    assertEquals(
      other.message,
      `${digest} was announced, and what came is ${await digestOf("wrong")}`,
    );
    await assertRejects(
      () => writer.commit({ size: 6 }),
      ContentMismatchError,
      "6 bytes were announced, and 5 came",
    );
    assertEquals(layout.info(await digestOf("wrong")), undefined);
    await writer.restart();
    assertEquals(writer.offset, 0);
    await writer.write(bytesOf("ri"));
    await writer.write(bytesOf("ght"));
    assertEquals(await writer.commit({ digest, size: 5 }), digest);
    assertEquals(await load(layout, digest), "right");
  });
});

Deno.test("a restart drops what was longer", async () => {
  await using place = await scratch();
  await withLayout(place.path, "write", async (layout) => {
    await using writer = layout.begin({})!;
    await writer.write(bytesOf("much longer"));
    await writer.restart();
    await writer.write(bytesOf("short"));
    const digest = await writer.commit({});
    assertEquals(digest, await digestOf("short"));
    assertEquals(await load(layout, digest), "short");
  });
});

Deno.test("a content with a digest of SHA-512 is one, too", async () => {
  await using place = await scratch();
  const hash = await crypto.subtle.digest("SHA-512", bytesOf("long"));
  const digest = `sha512:${new Uint8Array(hash).toHex()}`;
  await withLayout(place.path, "write", async (layout) => {
    await using writer = layout.begin({ digest })!;
    await writer.write(bytesOf("long"));
    assertEquals(await writer.commit({ digest }), digest);
    assertEquals(await load(layout, digest), "long");
  });
});

Deno.test("what is there is not written again, unless it has another size", async () => {
  await using place = await scratch();
  await withLayout(place.path, "write", async (layout) => {
    const digest = await store(layout, "content");
    assertEquals(layout.begin({ digest, size: 7 }), undefined);
    assertEquals(layout.begin({ digest }), undefined);
    // A crash of the machine has left a part of it.
    const file = `${place.path}/blobs/sha256/${digest.slice(7)}`;
    await Deno.remove(file);
    await Deno.writeTextFile(file, "cont");
    assertEquals(await store(layout, "content"), digest);
    assertEquals(await load(layout, digest), "content");
  });
});

Deno.test("a folder that is read is not written, and is left as it is", async () => {
  await using place = await scratch();
  await withLayout(place.path, "read", async (layout) => {
    assertEquals(layout.info(NOTHING), undefined);
    assertEquals(await layout.index(), undefined);
    await assertRejects(
      () => Promise.resolve().then(() => layout.begin({})),
      LayoutError,
      `Cannot write the OCI layout ${
        JSON.stringify(place.path)
      }: it was opened for reading alone`,
    );
  });
  assertEquals(await names(place.path), []);
  const error = await assertRejects(
    () => LayoutFolder.open(`${place.path}/none`, "read"),
    LayoutError,
    `Cannot read the OCI layout ${
      JSON.stringify(`${place.path}/none`)
    }: it is not there`,
  );
  assertEquals(error.path, `${place.path}/none`);
});

Deno.test("tags are put in index.json, each once, and oci-layout beside it", async () => {
  await using place = await scratch();
  const path = place.path;
  const [one, two] = [await entryOf("one"), await entryOf("two")];
  const tag = (tag: string) => ({ "org.opencontainers.image.ref.name": tag });
  await withLayout(path, "write", async (layout) => {
    await store(layout, "one");
    await store(layout, "two");
    await layout.put(one, [{ tag: "latest" }, { tag: "old" }]);
    await layout.put(two, [{ tag: "latest" }]);
  });
  assertEquals(await names(path), [
    "blobs",
    "index.json",
    "ingest",
    "oci-layout",
  ]);
  assertEquals(
    await Deno.readTextFile(`${path}/oci-layout`),
    '{"imageLayoutVersion":"1.0.0"}',
  );
  assertEquals(JSON.parse(await Deno.readTextFile(`${path}/index.json`)), {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      { ...one, annotations: tag("old") },
      { ...two, annotations: tag("latest") },
    ],
  });
  await withLayout(path, "read", async (layout) => {
    assertEquals((await layout.index())?.manifests.length, 2);
  });
});

Deno.test("what others have in a layout stays there", async () => {
  await using place = await scratch();
  const path = place.path;
  const layoutFile = '{"imageLayoutVersion":"1.1.0","own":1}';
  const other = { ...await entryOf("x"), platform: { os: "linux" } };
  await Deno.writeTextFile(`${path}/oci-layout`, layoutFile);
  await Deno.writeTextFile(
    `${path}/index.json`,
    JSON.stringify({ schemaVersion: 2, own: 2, manifests: [other] }),
  );
  await Deno.mkdir(`${path}/ingest/theirs`, { recursive: true });
  const entry = await entryOf("one");
  await withLayout(path, "write", async (layout) => {
    await layout.put(entry, [{ tag: "a", image: "docker.io/library/x:a" }]);
  });
  assertEquals(await Deno.readTextFile(`${path}/oci-layout`), layoutFile);
  assertEquals(await names(`${path}/ingest`), ["theirs"]);
  const { own, manifests } = JSON.parse(
    await Deno.readTextFile(`${path}/index.json`),
  );
  assertEquals([own, manifests], [2, [other, {
    ...entry,
    annotations: {
      "org.opencontainers.image.ref.name": "a",
      "io.containerd.image.name": "docker.io/library/x:a",
    },
  }]]);
});

Deno.test("stores of a build: one folder is opened once, whatever it is called", async () => {
  await using place = await scratch();
  const stores = new LayoutStores();
  const path = `${place.path}/a`;
  const written = await stores.open("local:a", path, "write");
  const read = await stores.open("local:./a", `${place.path}/./a`, "read");
  assertEquals(read, written);
  assertEquals([...stores.byId.keys()], ["local:a", "local:./a"]);
  assertEquals(stores.byId.get("local:a"), written);
  await store(written, "x");
  // Nobody else: so it can be alone.
  assertEquals(await written.collect(), { blobs: 1, bytes: 1 });
  // Read, and then written: both are there.
  await Deno.mkdir(`${place.path}/b`);
  const first = await stores.open("oci:b", `${place.path}/b`, "read");
  assertEquals(await stores.open("y", `${place.path}/b`, "read"), first);
  const second = await stores.open("local:b", `${place.path}/b`, "write");
  assertEquals([first.canWrite, second.canWrite], [false, true]);
  assertEquals(stores.byId.get("oci:b"), first);
  assertEquals(stores.byId.get("local:b"), second);
  assertEquals(await stores.open("x", `${place.path}/b`, "read"), second);
  await stores[Symbol.asyncDispose]();
  assertEquals(stores.byId.size, 0);
  await stores[Symbol.asyncDispose](); // once more changes nothing
  // What is opened behind the end is closed at once.
  const files = openFiles();
  const late = await stores.open("late", path, "read").catch((error) => error);
  assertEquals([late.name, stores.byId.size], ["AbortError", 0]);
  assertEquals(openFiles(), files);
  assertEquals(await names(path), ["blobs", "ingest"]);
});

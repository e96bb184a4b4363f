import { openCaches } from "../../lib/imagebuild/caches.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { checkRequest } from "./request.ts";
import type { BuildRequest } from "../../lib/imagebuild/request.ts";
import { LayoutFolder } from "../../lib/layout/layout_folder.ts";
import { LayoutStores } from "../../lib/layout/layout_stores.ts";
import {
  BuildError,
  type BuildResult,
  LayoutError,
  ProtocolError,
  SecretError,
} from "../../mod.ts";
import { entryOf, store, withLayout } from "../layout/layouts.ts";
import { names, openFiles, scratch } from "../exporter/scratch.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { sha256 } from "../support/digest.ts";
import {
  descriptorOf,
  engineAsks,
  engineReads,
  engineWrites,
} from "./engine_writes.ts";
import { IMAGE_ID } from "./ready_build.ts";
import {
  type BuildKitScript,
  refusal,
  scriptedBuildKit,
  type Solving,
  step,
} from "./scripted_buildkit.ts";

const NEVER = new AbortController().signal;
const DIGEST = `sha256:${"0".repeat(64)}`;
const FILES = { files: { Dockerfile: "FROM scratch\nCOPY a /\n", a: "1" } };
const INDEX = "application/vnd.oci.image.index.v1+json";
/** A cache that is an index of nothing. */
const cacheOf = (name: string) =>
  JSON.stringify({ mediaType: INDEX, name, manifests: [] });

function requestOf(options: ImageBuildOptions): BuildRequest {
  return checkRequest(options, { kind: "tar", stream: new ReadableStream() });
}

Deno.test("caches in folders are given in buildx's words, or as objects", () => {
  const attrs = {
    dest: "dir",
    tag: "v1",
    prune: "true",
    mode: "max",
    compression: "zstd",
    "compression-level": "3",
    "force-compression": "true",
    "image-manifest": "true",
    "oci-mediatypes": "true",
    "ignore-error": "true",
  };
  const words = Object.entries(attrs).map((entry) => entry.join("="));
  for (
    const cacheto of [
      `type=local,${words.join(",")}`,
      {
        type: "local",
        dest: "dir",
        tag: "v1",
        prune: true,
        mode: "max",
        compression: "zstd",
        compressionLevel: 3,
        forceCompression: true,
        imageManifest: true,
        ociMediatypes: true,
        ignoreError: true,
      },
    ] as const
  ) {
    const { cacheExports, needs } = requestOf({ cacheto });
    assertEquals(cacheExports, [
      { type: "local", attrs, secrets: {}, fromEnvironment: false },
    ]);
    assertEquals(needs, ["cacheto"]);
  }
  const from = (cachefrom: ImageBuildOptions["cachefrom"]) => {
    const { cacheImports, needs } = requestOf({ cachefrom });
    assertEquals(needs, ["cachefrom"]);
    return cacheImports.map(({ attrs }) => attrs);
  };
  const long = `sha512:${"f".repeat(128)}`;
  assertEquals(
    from([
      "type=local,src=a dir,tag=t",
      { type: "local", src: new URL("file:///a%20b"), digest: DIGEST },
      { type: "local", src: "file:///c", digest: long },
    ]),
    [
      { src: "a dir", tag: "t" },
      { src: "/a b", digest: DIGEST },
      { src: "/c", digest: long },
    ],
  );
  const path = "the path of a folder, or its file: URL";
  const digest = "a digest such as sha256:…";
  for (
    const [cachefrom, word, expected] of [
      [{ type: "local", src: "" }, "src", path],
      [{ type: "local", src: "a\nb" }, "src", path],
      [{ type: "local", src: 5 }, "src", path],
      [{ type: "local", src: new URL("https://a/b") }, "src", path],
      [{ type: "local", src: "file://host/b" }, "src", path],
      ["type=local,src=a,digest=latest", "digest", digest],
      [`type=local,src=a,digest=${DIGEST}0`, "digest", digest],
      [`type=local,src=a,digest=x${DIGEST}`, "digest", digest],
      ["type=local,src=a,tag=", "tag", "one line of text"],
    ] as [ImageBuildOptions["cachefrom"], string, string][]
  ) {
    assertThrows(
      () => requestOf({ cachefrom }),
      TypeError,
      `Cannot use cachefrom of type local: "${word}" has no usable value: expected ${expected}`,
    );
  }
  assertThrows(
    () => requestOf({ cachefrom: "type=local,tag=a" }),
    TypeError,
    'Cannot use cachefrom of type local: "src" is missing',
  );
  assertThrows(
    () => requestOf({ cacheto: ["type=local,dest=a", "type=local,dest=a"] }),
    TypeError,
    "Cannot use cacheto: local a is named twice",
  );
});

Deno.test("folders of caches are opened: those that are written first, and one folder once", async () => {
  await using place = await scratch();
  const dir = `${place.path}/cache`;
  const entry = await entryOf("cache");
  await withLayout(dir, "write", async (layout) => {
    await store(layout, "cache");
    await layout.put(entry, [{ tag: "latest" }, { tag: "v1" }]);
  });
  await using stores = new LayoutStores();
  const opened = await openCaches(
    requestOf({
      cachefrom: [
        { type: "local", src: dir },
        { type: "local", src: dir, tag: "v1" },
        { type: "local", src: dir, digest: entry.digest, tag: "none" },
        { type: "local", src: dir, digest: DIGEST },
        { type: "local", src: dir, tag: "none" },
        { type: "local", src: `${place.path}/none` },
        { type: "local", src: `${place.path}/plain` },
        "a",
      ],
      cacheto: [
        { type: "local", dest: dir, tag: "v2", prune: true, mode: "max" },
        { type: "local", dest: `${place.path}/plain` },
        {
          type: "local",
          dest: "/proc/none",
          ignoreError: true,
        },
      ],
    }),
    NEVER,
    stores,
  );
  const { imports, exports, local, unopened } = opened;
  assertEquals(imports, [
    { type: "local", attrs: { src: dir, digest: entry.digest } },
    { type: "local", attrs: { src: dir, digest: entry.digest } },
    { type: "local", attrs: { src: dir, digest: entry.digest } },
    { type: "registry", attrs: { ref: "a" } },
  ]);
  // What is for davit alone is not sent.
  const plain = `${place.path}/plain`;
  assertEquals(exports, [
    { type: "local", attrs: { dest: dir, mode: "max" } },
    { type: "local", attrs: { dest: plain } },
  ]);
  assertEquals(
    local.map((
      { folder, tag, prune, ignoreError },
    ) => [folder.path, folder.canWrite, tag, prune, ignoreError]),
    [[dir, true, "v2", true, false], [plain, true, "latest", false, false]],
  );
  assertEquals([...stores.byId.keys()].slice(0, 2), [
    `local:${dir}`,
    `local:${plain}`,
  ]);
  assertEquals(
    unopened.map(({ action, kind, place }) => [action, kind, place]),
    [
      ["export", "local", "/proc/none"],
      ["import", "local", dir],
      ["import", "local", dir],
      ["import", "local", `${place.path}/none`],
      ["import", "local", plain],
    ],
  );
  assertEquals(unopened[4]!.error, 'its index.json has no tag "latest"');
  assertEquals(unopened[1]!.error, `it is not whole: ${DIGEST} is missing`);
  assertEquals(
    unopened[2]!.error,
    'its index.json has no tag "none", but "latest", "v1"',
  );
  await assertRejects(
    () =>
      openCaches(
        requestOf({ cacheto: "type=local,dest=/proc/none" }),
        NEVER,
        stores,
      ),
    LayoutError,
    'Cannot write the OCI layout "/proc/none"',
  );
});

/** A build whose engine writes what it is told to into the session's stores. */
async function built(
  options: ImageBuildOptions,
  solve: (
    solving: Solving,
  ) => Promise<Readonly<Record<string, string>>>,
  script: BuildKitScript = {},
): Promise<BuildResult> {
  const { docker } = scriptedBuildKit({
    containerdStore: true,
    solve: async (solving) => ({
      "containerimage.digest": IMAGE_ID,
      ...await solve(solving),
    }),
    ...script,
  });
  try {
    return await docker.imageBuild(FILES, options).result();
  } finally {
    await docker.close();
  }
}

/** The tags in a folder, with the digests that they lead to. */
async function tagged(path: string): Promise<[tag: string, digest: string][]> {
  return await withLayout(path, "read", async (layout) => {
    const { manifests } = (await layout.index())!;
    return manifests.map((
      { annotations, digest },
    ) => [annotations!["org.opencontainers.image.ref.name"]!, digest]);
  });
}

Deno.test("a cache gets its tag when the build has succeeded, and nothing before that", async () => {
  await using place = await scratch();
  const dest = `${place.path}/cache`;
  const files = openFiles();
  const { caches } = await built(
    { cacheto: { type: "local", dest, tag: "v1" } },
    async ({ session }) => {
      const content = cacheOf("one");
      const digest = await engineWrites(session!, `local:${dest}`, content);
      assertEquals(digest, (await descriptorOf(content)).digest);
      assertEquals(await names(dest), ["blobs", "ingest"]);
      return { "cache.manifest": JSON.stringify(await descriptorOf(content)) };
    },
  );
  assertEquals(caches, []); // the log says nothing here
  assertEquals(await tagged(dest), [
    ["v1", (await descriptorOf(cacheOf("one"))).digest],
  ]);
  assertEquals(await names(dest), [
    "blobs",
    "index.json",
    "ingest",
    "oci-layout",
  ]);
  assertEquals(openFiles(), files);
});

Deno.test("a build that fails leaves no tag, and no folder that it has made for nothing", async () => {
  await using place = await scratch();
  const [used, unused] = [`${place.path}/used`, `${place.path}/unused`];
  const cacheto = [used, unused].map((dest) =>
    ({ type: "local", dest }) as const
  );
  await assertRejects(() =>
    built({ cacheto }, async ({ session }) => {
      await engineWrites(session!, `local:${used}`, "layer");
      throw new Error("failed");
    })
  );
  assertEquals(await names(place.path), ["used"]);
  assertEquals(await names(used), ["blobs", "ingest"]);
});

Deno.test("several caches of one build are told apart by the engine's log", async () => {
  await using place = await scratch();
  const dests = ["a", "b"].map((name) => `${place.path}/${name}`);
  const [one, two] = await Promise.all(
    ["one", "two"].map((name) => descriptorOf(cacheOf(name))),
  );
  let session = "";
  await built(
    { cacheto: dests.map((dest) => ({ type: "local", dest }) as const) },
    async ({ session: client, request }) => {
      session = request.session;
      await engineWrites(client!, `local:${dests[0]}`, cacheOf("one"));
      await engineWrites(client!, `local:${dests[1]}`, cacheOf("two"));
      // The last one wins.
      return { "cache.manifest": JSON.stringify(two) };
    },
    {
      log: async function* () {
        for (const [index, { digest }] of [one!, two!].entries()) {
          const id = new TextEncoder().encode(`${session}-cache-${index}`);
          const vertex = `sha256:${await sha256(id)}`;
          const part = step("exporting cache to client directory", "", {
            digest: vertex,
          });
          const time = { seconds: 2, nanos: 0 };
          yield {
            ...part,
            statuses: [{
              id: `writing cache manifest ${digest}`,
              vertex,
              name: "",
              current: 0,
              total: 0,
              timestamp: time,
              started: time,
              completed: time,
            }],
          };
          yield {
            ...part,
            vertexes: part.vertexes.map((one) => ({ ...one, completed: time })),
          };
        }
      },
    },
  );
  assertEquals(await tagged(dests[0]!), [["latest", one!.digest]]);
  assertEquals(await tagged(dests[1]!), [["latest", two!.digest]]);
  await withLayout(dests[0]!, "read", async (layout) => {
    const [entry] = (await layout.index())!.manifests;
    assertEquals([entry!.mediaType, entry!.size], [INDEX, one!.size]);
  });
});

Deno.test("an engine that writes no cache fails the build, unless that is to be ignored", async () => {
  await using place = await scratch();
  const dest = `${place.path}/cache`;
  const answers: Record<string, string>[] = [
    {},
    { "cache.manifest": "no JSON" },
    { "cache.manifest": "{}" },
    // Of what it has not written here.
    { "cache.manifest": JSON.stringify(await descriptorOf("elsewhere")) },
  ];
  for (const answer of answers) {
    const cacheto = { type: "local", dest } as const;
    await assertRejects(
      () => built({ cacheto }, () => Promise.resolve(answer)),
      ProtocolError,
      `The engine ended the build without writing its cache to ${
        JSON.stringify(dest)
      }: look into its log`,
    );
    const { warnings } = await built(
      { cacheto: { ...cacheto, ignoreError: true } },
      () => Promise.resolve(answer),
    );
    assertEquals(warnings.map(({ code }) => code), ["cache-export-failed"]);
    assert(
      warnings[0]!.short.startsWith(
        `the cache local ${dest} could not be written: The engine ended`,
      ),
      warnings[0]!.short,
    );
    assertEquals(await names(place.path), []);
  }
});

Deno.test("what davit could not take is the error, also where the engine goes on", async () => {
  await using place = await scratch();
  const dest = `${place.path}/cache`;
  await Deno.mkdir(dest);
  await Deno.writeTextFile(`${dest}/blobs`, "a file");
  await assertRejects(
    () =>
      built({ cacheto: { type: "local", dest } }, async ({ session }) => {
        await assertRejects(() =>
          engineWrites(session!, `local:${dest}`, "layer")
        );
        return {};
      }),
    LayoutError,
    `Cannot write the OCI layout ${JSON.stringify(dest)}: a blob: `,
  );
});

Deno.test("a cache of which something is missing is not used", async () => {
  await using place = await scratch();
  const src = `${place.path}/cache`;
  const layers = await Promise.all(["one", "two"].map(entryOf));
  for (const [index, mediaType] of [INDEX, INDEX, undefined].entries()) {
    const text = JSON.stringify({ mediaType, manifests: layers });
    const digest = await withLayout(src, "write", async (layout) => {
      if (index === 1) await store(layout, "one");
      const digest = await store(layout, text);
      await layout.put({ ...await entryOf(text), mediaType: INDEX }, [
        { tag: "latest" },
      ]);
      return digest;
    });
    await using stores = new LayoutStores();
    const { imports, unopened } = await openCaches(
      requestOf({ cachefrom: { type: "local", src } }),
      NEVER,
      stores,
    );
    const two = layers[1]!.digest;
    if (mediaType === undefined) {
      // What it names is not known: BuildKit has the last word.
      assertEquals(imports.map(({ attrs }) => attrs.digest), [digest]);
    } else {
      assertEquals([imports, unopened.map(({ error }) => error)], [[], [
        index === 0
          ? `it is not whole: ${two} and 1 more are missing`
          : `it is not whole: ${two} is missing`,
      ]]);
    }
  }
});

Deno.test("a damaged folder is not blamed for what has failed for another reason", async () => {
  await using place = await scratch();
  const src = `${place.path}/cache`;
  const digest = await withLayout(src, "write", async (layout) => {
    await layout.put(await entryOf("cache"), [{ tag: "latest" }]);
    return await store(layout, "cache");
  });
  const file = `${src}/blobs/sha256/${digest.slice(7)}`;
  await Deno.remove(file);
  await Deno.symlink("/etc/passwd", file);
  const asked = async (session: Solving["session"]) => {
    const error = await assertRejects(
      () => engineReads(session!, `local:${src}`, digest),
      Error,
    );
    return error.message;
  };
  const cachefrom = { type: "local", src } as const;
  await assertRejects(
    () =>
      built({ cachefrom }, async ({ session }) => {
        await asked(session);
        throw refusal("a step failed");
      }),
    BuildError,
    "a step failed",
  );
  await assertRejects(
    () =>
      built({ cachefrom }, async ({ session }) => {
        throw refusal(`failed to load: ${await asked(session)}`);
      }),
    LayoutError,
    "a link is in the place of a file",
  );
  // What comes later and is of another kind explains more.
  await assertRejects(
    () =>
      built({
        cachefrom,
        secrets: { token: () => Promise.reject(new Error("no token")) },
      }, async ({ session }) => {
        await asked(session);
        await assertRejects(() => engineAsks(session!, "token"));
        throw refusal("secret token: not found");
      }),
    SecretError,
    'The function for secret "token" failed',
  );
});

Deno.test("a cache is pruned where that is asked for and nobody else uses the folder", async () => {
  await using place = await scratch();
  const dest = `${place.path}/cache`;
  await withLayout(dest, "write", (layout) => store(layout, "garbage"));
  const build = (prune: boolean) =>
    built({ cacheto: { type: "local", dest, prune } }, async ({ session }) => {
      await engineWrites(session!, `local:${dest}`, cacheOf("one"));
      return {
        "cache.manifest": JSON.stringify(await descriptorOf(cacheOf("one"))),
      };
    });
  const blobs = async () => (await names(`${dest}/blobs/sha256`)).length;
  assertEquals((await build(false)).warnings, []);
  assertEquals(await blobs(), 2);
  {
    await using _other = await LayoutFolder.open(dest, "read");
    // It is there: the engine does not write it again.
    const { warnings } = await built(
      { cacheto: { type: "local", dest, prune: true } },
      async () => ({
        "cache.manifest": JSON.stringify(await descriptorOf(cacheOf("one"))),
      }),
    );
    assertEquals(warnings.map(({ code, short }) => [code, short]), [[
      "cache-not-pruned",
      `nothing was removed from the cache in ${
        JSON.stringify(dest)
      }: another build uses the folder, or this system can't tell`,
    ]]);
    assertEquals(await blobs(), 2);
  }
  const { warnings } = await built(
    { cacheto: { type: "local", dest, prune: true } },
    async () => ({
      "cache.manifest": JSON.stringify(await descriptorOf(cacheOf("one"))),
    }),
  );
  assertEquals([warnings, await blobs()], [[], 1]);
});

Deno.test("the name of a folder's store is ASCII, whatever the folder is called, and no other folder's", async () => {
  await using place = await scratch();
  const names = [" ü\u{1f4e6} ", "%C3%BC", "a b", "!$&~"];
  const dirs = names.map((name) => `${place.path}/${name}`);
  await using stores = new LayoutStores();
  const { exports, unopened } = await openCaches(
    requestOf({ cacheto: dirs.map((dest) => ({ type: "local", dest })) }),
    NEVER,
    stores,
  );
  const written = ["%20%C3%BC%F0%9F%93%A6%20", "%25C3%25BC", "a%20b", "!$&~"];
  assertEquals(
    exports.map(({ attrs, place }) => [attrs.dest, place]),
    written.map((name, i) => [
      `${place.path}/${name}`,
      i < 3 ? dirs[i] : undefined,
    ]),
  );
  assertEquals(
    [...stores.byId.keys()],
    written.map((name) => `local:${place.path}/${name}`),
  );
  assertEquals(unopened, []);
});

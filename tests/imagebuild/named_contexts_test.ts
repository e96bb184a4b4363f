import {
  type NamedFolder,
  openContexts,
} from "../../lib/imagebuild/context/named_contexts.ts";
import { namedSources } from "../../lib/imagebuild/context/named_source.ts";
import {
  localName,
  servedFolders,
} from "../../lib/imagebuild/context/served_folders.ts";
import { openOffer } from "../../lib/imagebuild/context/open_offer.ts";
import { sourceOf } from "../../lib/imagebuild/context/source.ts";
import { unusedContexts } from "../../lib/imagebuild/unused_contexts.ts";
import { frontendInputs } from "../../lib/imagebuild/ways/frontend_inputs.ts";
import {
  frontendError,
  namedContextAttrs,
  sessionAttrs,
} from "../../lib/imagebuild/ways/named_context_attrs.ts";
import { LayoutStores } from "../../lib/layout/layout_stores.ts";
import { Upload } from "../../lib/session/upload.ts";
import {
  ContextError,
  type ImageBuildOptions,
  LayoutError,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
} from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

async function opened(
  contexts: ImageBuildOptions["contexts"],
  stores?: LayoutStores,
) {
  return await openContexts(namedSources(contexts), stores);
}

/** What a folder sends for a request, by the paths. */
function paths(
  { local }: NamedFolder,
  request: Partial<Record<"include" | "exclude" | "follow", string[]>> = {},
): string[] {
  const whole = { include: [], exclude: [], follow: [], ...request };
  const answering = local.answering?.(whole) ?? local;
  const found: string[] = [];
  const entries = answering.entries(whole);
  for (let next = entries.next(); !next.done; next = entries.next()) {
    if (next.value !== undefined) found.push(next.value.path);
  }
  return found;
}

Deno.test("contexts by name become the frontend's attributes, each in its words", async () => {
  await withTempFolder(async (folder) => {
    const stream = new ReadableStream<Uint8Array>();
    const contexts = await opened({
      deps: folder,
      context: folder,
      "docker.io/library/dockerfile": { files: { a: "a" } },
      tar: stream,
      page: "https://me:secret@a.example/b",
      busybox: "docker-image://a:1",
      "r.example/a:2": "https://a.example/b.git",
    });
    const attrs = {
      "context:deps": "local:deps",
      "context:context": "local:_context",
      "context:dockerfile": "local:_dockerfile",
      "context:tar": "input:tar",
      "context:page": "input:page",
      "context:busybox": "docker-image://a:1",
      "context:r.example/a:2": "https://a.example/b.git",
    };
    const capability = "moby.buildkit.frontend.contexts";
    assertEquals(namedContextAttrs(contexts, { forward: false }), {
      "frontend.caps": capability,
      ...attrs,
    });
    assertEquals(namedContextAttrs(contexts, { forward: true }), {
      "frontend.caps": `${capability}+forward`,
      ...attrs,
    });
    assertEquals(sessionAttrs(contexts, "s"), {
      "local-sessionid:context": "s",
      "local-sessionid:dockerfile": "s",
      "local-sessionid:deps": "s",
      "local-sessionid:_context": "s",
      "local-sessionid:_dockerfile": "s",
    });
    assertEquals(sessionAttrs(contexts, undefined), {});
    assertEquals(contexts.tars.get("tar"), stream);
    const upload = new Upload();
    const inputs = await frontendInputs(contexts, new Map([["tar", upload]]));
    assertEquals([...inputs!.keys()], ["tar", "page"]);
    const names = [...inputs!.values()].flatMap(({ metadata }) =>
      [...metadata.values()].map(({ description }) =>
        description.get("llb.customname")
      )
    );
    // A login is not shown in the log.
    assertEquals(names, [
      "[context tar] load from client",
      "[context tar] extract",
      undefined,
      "[context page] https://a.example/b",
      undefined,
    ]);
  });
});

Deno.test("without contexts by name nothing is said of them", async () => {
  const none = await opened({});
  assertEquals(namedContextAttrs(none, { forward: true }), {});
  assertEquals(await frontendInputs(none), undefined);
  assertEquals(sessionAttrs(none, "s"), {
    "local-sessionid:context": "s",
    "local-sessionid:dockerfile": "s",
  });
});

Deno.test("frontendError() is about contexts alone", () => {
  const words =
    "failed to solve with frontend dockerfile.v0: unsupported frontend capability moby.buildkit.frontend.contexts";
  assertEquals(frontendError(words)?.feature, "contexts");
  assertMatch(frontendError(words)!.message, /# syntax=docker\/dockerfile:1$/);
  for (const other of [`${words}2`, "unsupported frontend capability x", ""]) {
    assertEquals(frontendError(other), undefined);
  }
});

Deno.test("folders are served by their own names, with a key of all of them", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, { "a/f": "", "b/f": "" });
    const served = async (
      contexts: ImageBuildOptions["contexts"],
      sharedKey: string | undefined = "main",
    ) => {
      const { folders } = await opened(contexts);
      return await servedFolders({ locals: undefined, sharedKey }, { folders });
    };
    const [a, b] = [`${folder}/a`, `${folder}/b`];
    const { locals, names, sharedKey } = await served({ context: a, deps: b });
    assertEquals([...locals!.keys()], ["_context", "deps"]);
    assertEquals([...names], [
      ["context", undefined],
      ["_context", "context"],
      ["deps", "deps"],
    ]);
    assertMatch(sharedKey!, /^[0-9a-f]{64}$/);
    const keys = [
      await served({ deps: a }),
      await served({ deps: b }),
      await served({ deps: a, other: b }),
      await served({ deps: b, other: a }),
      await served({ deps: a }, "other"),
      await served({ deps: a }, ""),
      await served({ dep: a, s: b }),
    ].map(({ sharedKey }) => sharedKey);
    assertEquals(new Set(keys).size, keys.length);
    const again = await served({ other: b, deps: a });
    assertEquals(again.sharedKey, keys[2]);
    // Files in memory have marks of their own.
    const memory = { deps: { files: { a: "a" } } };
    assertEquals((await served(memory)).sharedKey, "main");
    assertEquals((await served(memory, "")).sharedKey, undefined);
    assertEquals(localName("context"), "_context");
    assertEquals(localName("dockerfile"), "_dockerfile");
    assertEquals(localName("deps"), "deps");
  });
});

Deno.test("a folder by name obeys its own ignore file, or the patterns that are given", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      ".dockerignore": "ignored\n",
      "Dockerfile.dockerignore": "a\n",
      a: "",
      ignored: "",
      own: "",
    });
    const rules = { follow: [".dockerignore"] };
    const all = [
      ".dockerignore",
      "Dockerfile.dockerignore",
      "a",
      "ignored",
      "own",
    ];
    const plain = (await opened({ deps: folder })).folders.get("deps")!;
    const real = await Deno.realPath(folder);
    assertEquals(plain.root, real);
    assertEquals(paths(plain, rules), [".dockerignore"]);
    assertEquals(paths(plain), all);
    assertEquals(await plain.find(`${folder}/a`), "a");
    assertEquals(await plain.find(`${folder}/ignored`), undefined);
    const given = (await opened({
      deps: { context: folder, ignore: ["own"], files: { a: "memory" } },
    })).folders.get("deps")!;
    const answering = given.local.answering!({
      include: [],
      exclude: [],
      ...rules,
    });
    assertEquals(
      new TextDecoder().decode(
        answering.content(".dockerignore") as Uint8Array,
      ),
      "/\nown\n",
    );
    assertEquals(paths(given, rules), [".dockerignore"]);
    // With the patterns, the engine asks for the folder itself.
    const excluded = { ...rules, exclude: ["/", "own"] };
    assertEquals(paths(given, excluded), [".dockerignore"]);
    const other = given.local.answering!({ include: [], ...excluded });
    assertEquals(other.content(".dockerignore"), {
      root: `${real}/`,
      path: ".dockerignore",
    });
    assertEquals(
      given.local.content("a"),
      new TextEncoder().encode("memory"),
    );
    assertEquals(paths(given), all);
    assertEquals(await given.find(`${folder}/own`), undefined);
    assertEquals(await given.find(`${folder}/ignored`), "ignored");
    // Another file is in its place.
    assertEquals(await given.find(`${folder}/a`), undefined);
    const memory = (await opened({ deps: { files: { a: "" } } })).folders;
    assertEquals(memory.get("deps")!.root, undefined);
    assertEquals(memory.get("deps")!.sharedKey, undefined);
    assertEquals(await memory.get("deps")!.find(`${folder}/a`), undefined);
  });
});

Deno.test("what is not there is named with its context", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, { file: "" });
    const error = await assertRejects(
      () => opened({ a: folder, deps: `${folder}/nope` }),
      ContextError,
    );
    assertEquals(
      error.message,
      `Cannot build with contexts "deps": there is no folder ${folder}/nope`,
    );
    assert(error.cause instanceof ContextError);
    await assertRejects(
      () => opened({ deps: `${folder}/file` }),
      ContextError,
      `contexts "deps": ${folder}/file is no folder`,
    );
    await assertRejects(
      () => opened({ deps: `${folder}/file/x` }),
      ContextError,
      `Cannot build with contexts "deps": ${folder}/file/x can't be read`,
    );
  });
});

/** A layout with these entries in its index, and a blob for each. */
async function layout(
  folder: string,
  entries: readonly (string | undefined)[],
): Promise<string[]> {
  const digests = entries.map((_, at) => `sha256:${`${at}`.repeat(64)}`);
  await writeTree(folder, {
    "index.json": JSON.stringify({
      manifests: entries.map((tag, at) => ({
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: digests[at],
        size: 2,
        ...(tag === undefined ? {} : {
          annotations: { "org.opencontainers.image.ref.name": tag },
        }),
      })),
    }),
    ...Object.fromEntries(
      digests.map((digest) => [`blobs/${digest.replace(":", "/")}`, "{}"]),
    ),
  });
  return digests;
}

Deno.test("an image in OCI layout is found by its tag or its digest, and served by a store", async () => {
  await withTempFolder(async (folder) => {
    await using stores = new LayoutStores();
    const word = async (value: string) =>
      (await opened({ base: `oci-layout://${folder}/${value}` }, stores))
        .remotes.get("base")!;
    const [one, latest] = await layout(`${folder}/two`, ["1", "latest"]);
    const [alone] = await layout(`${folder}/alone`, [undefined]);
    const [tagged] = await layout(`${folder}/tagged`, ["x"]);
    await layout(`${folder}/several`, [undefined, undefined]);
    await writeTree(folder, { "none/file": "" });
    for (
      const [value, tag, digest] of [
        ["two:1", "1", one],
        ["two", "latest", latest],
        [`two@${one}`, "latest", one],
        [`two:x@${one}`, "x", one],
        ["alone", "latest", alone],
        ["alone:2", "2", alone],
        ["tagged:x", "x", tagged],
      ] as const
    ) {
      const found = await word(value);
      const [, id, rest] = /^oci-layout:\/\/([0-9a-f]{32}):(.*)$/.exec(found)!;
      assertEquals(rest, `${tag}@${digest}`, value);
      const store = stores.byId.get(`oci:${id}`)!;
      assertEquals([store.canWrite, store.info(digest!)?.size], [false, 2]);
    }
    for (
      const [value, words] of [
        ["two:2", `/two": its index.json has no tag "2", but "1", "latest"`],
        ["tagged", 'has no tag "latest", but "x"'],
        ["several", 'has no tag "latest"'],
        ["none", '/none": it has no index.json'],
        ["nope", '/nope": it is not there'],
        [`two@sha256:${"f".repeat(64)}`, '/two": it has no blob sha256:ffff'],
      ] as const
    ) {
      const error = await assertRejects(() => word(value), LayoutError, words);
      assertMatch(error.message, /^Cannot build with contexts "base": /);
      assertEquals(error.path, `${folder}/${value.split(/[:@]/)[0]}`);
      assert(error.cause instanceof LayoutError);
    }
  });
});

Deno.test("unusedContexts() tells only of names that nothing can have used", () => {
  const unused = (
    names: string[],
    steps: string[],
    text: string | undefined,
    buildArgs?: Record<string, string | null>,
  ) =>
    unusedContexts(
      {
        contexts: namedSources(
          Object.fromEntries(names.map((name) => [name, "."])),
        ),
        buildArgs,
      },
      steps,
      text === undefined ? undefined : { name: "Dockerfile", text },
    );
  const steps = ["[internal] load build definition", "[1/1] FROM scratch"];
  assertEquals(unused(["a1", "b1"], steps, "FROM scratch"), ["a1", "b1"]);
  assertEquals(unused(["a1"], steps, "FROM A1 AS x\nFROM scratch"), []);
  assertEquals(unused(["a1"], steps, "FROM $X", { X: "r/A1", Y: null }), []);
  assertEquals(unused(["a1"], steps, "FROM $X", { X: "b" }), ["a1"]);
  for (
    const step of [
      "[context a1] load .dockerignore",
      "[context a1::linux/arm64] load from client",
      "[linux/arm64 context a1] load from client",
    ]
  ) {
    assertEquals(unused(["a1", "a"], [...steps, step], "FROM $X"), ["a"]);
  }
  // Where nothing was told, or the Dockerfile was not seen, it is not known.
  assertEquals(unused(["a1"], [], "FROM scratch"), []);
  assertEquals(unused(["a1"], steps, undefined), []);
  assertNotEquals(unused(["a1"], steps, ""), []);
});

Deno.test("a folder whose ignore file can't be read is refused, and not sent", async () => {
  await withTempFolder(async (folder) => {
    const mkfifo = new Deno.Command("mkfifo", {
      args: [`${folder}/.dockerignore`],
    });
    assert((await mkfifo.output()).success);
    const error = await assertRejects(
      () => opened({ deps: folder }),
      ContextError,
      'Cannot build with contexts "deps": ',
    );
    assertMatch(
      error.message,
      /\.dockerignore can't be read \(it is no regular file\)/,
    );
    await Deno.writeTextFile(`${folder}/Dockerfile`, "FROM scratch");
    const offered = await assertRejects(
      () => openOffer(sourceOf(folder)),
      ContextError,
    );
    assertMatch(offered.message, /\.dockerignore can't be read/);
    await openOffer(sourceOf({ context: folder, ignore: [] }));
    const { folders } = await opened({ deps: { context: folder, ignore: [] } });
    assertEquals([...folders.keys()], ["deps"]);
  });
});

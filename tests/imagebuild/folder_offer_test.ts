import { openOffer } from "../../lib/imagebuild/context/open_offer.ts";
import type { Offer } from "../../lib/imagebuild/context/offer.ts";
import {
  type BuildContext,
  giveBackSource,
  sourceOf,
} from "../../lib/imagebuild/context/source.ts";
import { pathOf } from "../../lib/imagebuild/context/given_path.ts";
import { ContextError } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { replaced } from "../exporter/scratch.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

async function offerOf(
  given: BuildContext,
  dockerfile?: string,
): Promise<Offer> {
  return await openOffer(sourceOf(given), dockerfile);
}

/** The files of a tar, by name; folders and links are left out. */
async function filesOf(offer: Offer): Promise<Record<string, string>> {
  const { body } = await offer.tar();
  const bytes = await new Response(
    body as ReadableStream<Uint8Array<ArrayBuffer>>,
  ).bytes();
  const decoder = new TextDecoder();
  const files: Record<string, string> = {};
  for (let at = 0; bytes[at] !== 0; at += 512) {
    const text = (from: number, to: number) =>
      decoder.decode(bytes.subarray(at + from, at + to)).split("\0")[0]!;
    const name = text(0, 100);
    const size = Number.parseInt(text(124, 136), 8);
    const kind = text(156, 157);
    if (kind === "0") {
      files[name] = decoder.decode(bytes.subarray(at + 512, at + 512 + size));
    }
    at += Math.ceil(size / 512) * 512;
  }
  return files;
}

/** The files that the session serves beside the folder: the Dockerfile and its ignore file. */
function servedNames(offer: Offer): string[] {
  const local = offer.locals!.get("dockerfile")!;
  const entries = local.entries({
    include: [],
    exclude: [],
    follow: [],
  } as never);
  const paths: string[] = [];
  for (let next = entries.next(); !next.done; next = entries.next()) {
    if (next.value !== undefined) paths.push(next.value.path);
  }
  return paths;
}

Deno.test("a folder's Dockerfile is found by its name, in either letter, with its own ignore file", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, {
      "Dockerfile": "FROM upper\n",
      "sub/dockerfile": "FROM lower\n",
      "sub/Dockerfile.dockerignore": "a\n",
      "sub/Other": "FROM other\n",
      "sub/Other.dockerignore": "b\n",
      "a": "a",
      "b": "b",
    });
    for (
      const [name, found, text, served] of [
        [undefined, "Dockerfile", "FROM upper\n", ["Dockerfile"]],
        ["./Dockerfile", "Dockerfile", "FROM upper\n", ["Dockerfile"]],
        ["/sub/../Dockerfile", "Dockerfile", "FROM upper\n", ["Dockerfile"]],
        ["sub/Dockerfile", "sub/dockerfile", "FROM lower\n", [
          "sub",
          "sub/Dockerfile.dockerignore",
          "sub/dockerfile",
        ]],
        ["sub//./Other", "sub/Other", "FROM other\n", [
          "sub",
          "sub/Other",
          "sub/Other.dockerignore",
        ]],
      ] as const
    ) {
      const offer = await offerOf(root, name);
      assertEquals(offer.dockerfile, { name: found, text });
      assertEquals(servedNames(offer), served as unknown as string[]);
      assertEquals(offer.root, await Deno.realPath(root));
      assertEquals(offer.sharedKey?.length, 64);
      assertEquals([...offer.locals!.keys()], ["context", "dockerfile"]);
    }
    const missing = async (name: string | undefined, given: BuildContext) => {
      const error = await assertRejects(
        () => offerOf(given, name),
        ContextError,
      );
      return error.message.split(";")[0]!;
    };
    const none = "Cannot build: there is no Dockerfile";
    const real = await Deno.realPath(root);
    assertEquals(await missing("gone", root), `${none} ${real}/gone`);
    assertEquals(await missing("sub/OTHER", root), `${none} ${real}/sub/OTHER`);
    assertEquals(
      await missing(undefined, { files: { a: "" } }),
      `${none} "Dockerfile" in files`,
    );
    await Deno.symlink("nowhere", `${root}/link`);
    assertEquals(
      await missing("link", root),
      `${none} at the end of the link ${real}/link`,
    );
    assertEquals(
      await missing(undefined, { context: root, dockerfile: `${root}/gone` }),
      `${none} ${root}/gone`,
    );
    for (
      const [name, words] of [
        [
          "../Dockerfile",
          'the Dockerfile "../Dockerfile" is outside of the context; give { context, dockerfile }',
        ],
        [
          "sub/../../x",
          'the Dockerfile "sub/../../x" is outside of the context; give { context, dockerfile }',
        ],
        ["a\0b", "the Dockerfile's name holds a NUL"],
      ] as const
    ) {
      const error = await assertRejects(() => offerOf(root, name), TypeError);
      assertEquals(error.message, `Cannot build: ${words}`);
    }
    await assertRejects(
      () => offerOf({ context: root, dockerfile: { text: "FROM x" } }, "Other"),
      TypeError,
      "the Dockerfile is named twice",
    );
  });
});

Deno.test("a Dockerfile from elsewhere comes with its ignore file, or with the given patterns", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, {
      "in/a": "a",
      "in/Dockerfile": "FROM inside\n",
      "out/My.dockerfile": "FROM outside\n",
      "out/My.dockerfile.dockerignore": "a\n",
      "out/plain": "FROM plain\n",
    });
    const context = `${root}/in`;
    const own = await offerOf({
      context,
      dockerfile: `${root}/out/My.dockerfile`,
    });
    assertEquals(own.dockerfile, {
      name: "My.dockerfile",
      text: "FROM outside\n",
    });
    assertEquals(servedNames(own), [
      "My.dockerfile",
      "My.dockerfile.dockerignore",
    ]);
    assertEquals((await own.filter()).keeps("a"), false);
    const plain = await offerOf({ context, dockerfile: `${root}/out/plain` });
    assertEquals(servedNames(plain), ["plain"]);
    assertEquals((await plain.filter()).keeps("a"), true);
    for (
      const dockerfile of [
        { text: "FROM text\n" },
        new TextEncoder().encode("FROM text\n"),
        new Blob(["FROM ", "text\n"]),
      ]
    ) {
      const text = await offerOf({ context, dockerfile });
      assertEquals(text.dockerfile, {
        name: "Dockerfile",
        text: "FROM text\n",
      });
      assertEquals(servedNames(text), ["Dockerfile"]);
    }
    const ignoring = await offerOf({
      context,
      dockerfile: `${root}/out/My.dockerfile`,
      ignore: ["Dockerfile"],
    });
    const filter = await ignoring.filter();
    assertEquals([filter.keeps("a"), filter.keeps("Dockerfile")], [
      true,
      false,
    ]);
  });
});

Deno.test("given patterns stand in the ignore file that the builder looks for", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, {
      "dockerfile": "FROM lower\n",
      ".dockerignore": "b\n",
      a: "a",
      b: "b",
    });
    const offer = await offerOf({ context: root, ignore: ["a", "!c"] });
    assertEquals(servedNames(offer), [
      "Dockerfile.dockerignore",
      "dockerfile",
    ]);
    assertEquals(await filesOf(offer), { dockerfile: "FROM lower\n", b: "b" });
    const all = await offerOf({ context: root, ignore: [] });
    assertEquals(Object.keys(await filesOf(all)).sort(), [
      "a",
      "b",
      "dockerfile",
    ]);
    const own = await offerOf({ context: root });
    assertEquals(Object.keys(await filesOf(own)).sort(), [
      ".dockerignore",
      "a",
      "dockerfile",
    ]);
    assertEquals((await own.tar()).dockerfile, "dockerfile");
  });
});

Deno.test("the tar of a folder has the Dockerfile and the ignore file first, also where they are ignored", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, {
      "Dockerfile": "FROM a\n",
      "Dockerfile.dockerignore": "*\n!b\n",
      ".dockerignore": "b\n",
      a: "a",
      b: "b",
    });
    const offer = await offerOf(root);
    assertEquals(Object.keys(await filesOf(offer)), [
      "Dockerfile",
      "Dockerfile.dockerignore",
      "b",
    ]);
    const tar = await offer.tar();
    assertEquals([tar.dockerfile, tar.files!()], ["Dockerfile", 0]);
    await new Response(tar.body as ReadableStream<Uint8Array<ArrayBuffer>>)
      .bytes();
    assertEquals(tar.files!(), 3);
  });
});

Deno.test("a Dockerfile from elsewhere gets a name in the tar that its content makes, and that is ignored", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { a: "a", "Dockerfile.dockerignore": "x\n" });
    const name = async (text: string) => {
      const offer = await offerOf({ context: root, dockerfile: { text } });
      return (await offer.tar()).dockerfile!;
    };
    const own = await name("FROM a\n");
    assert(/^\.dockerfile\.[0-9a-f]{16}$/.test(own), own);
    assertEquals(await name("FROM a\n"), own);
    assert(await name("FROM b\n") !== own);
    const text = { text: "FROM a\n" };
    const rules = async (context: BuildContext) =>
      (await filesOf(await offerOf(context)))[".dockerignore"];
    assertEquals(
      await filesOf(await offerOf({ context: root, dockerfile: text })),
      {
        [own]: "FROM a\n",
        ".dockerignore": `x\n\n${own}\n`,
        "Dockerfile.dockerignore": "x\n",
        a: "a",
      },
    );
    await Deno.remove(`${root}/Dockerfile.dockerignore`);
    assertEquals(
      await rules({ context: root, dockerfile: text }),
      `.dockerignore\n${own}\n`,
    );
    await writeTree(root, { ".dockerignore": "y\n" });
    assertEquals(
      await rules({ context: root, dockerfile: text }),
      `y\n\n${own}\n`,
    );
    // Without a folder, and without files, it stands alone.
    assertEquals(await filesOf(await offerOf({ dockerfile: text })), {
      Dockerfile: "FROM a\n",
    });
    const memory = await offerOf({ files: { b: "b" }, dockerfile: text });
    assertEquals(
      Object.keys(await filesOf(memory)).sort(),
      [
        own,
        ".dockerignore",
        "b",
      ].sort(),
    );
    assertEquals([memory.root, memory.sharedKey], [undefined, undefined]);
  });
});

Deno.test("find() knows a file that is in the context, and none that is outside, ignored or hidden", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "in/Dockerfile": "FROM a\n",
      "in/.dockerignore": "ignored\n",
      "in/sub/a": "a",
      "in/ignored": "a",
      "in/hidden": "a",
      "in-other/a": "a",
      "out": "a",
    });
    await Deno.symlink("in/sub/a", `${folder}/link`);
    const offer = await offerOf({
      context: `${folder}/in`,
      files: { hidden: "other" },
    });
    assertEquals(await offer.find(`${folder}/in/sub/a`), "sub/a");
    assertEquals(await offer.find(`${folder}/link`), "sub/a");
    assertEquals(
      await offer.find(new URL(`file://${folder}/in/sub/a`)),
      "sub/a",
    );
    for (const path of ["in/ignored", "in/hidden", "in-other/a", "out"]) {
      assertEquals(await offer.find(`${folder}/${path}`), undefined, path);
    }
    const plain = await offerOf(`${folder}/in`);
    assertEquals(await plain.find(`${folder}/in/hidden`), "hidden");
    const memory = await offerOf({ files: { Dockerfile: "FROM a\n" } });
    assertEquals(await memory.find(`${folder}/out`), undefined);
  });
});

Deno.test("files in memory may be blobs, with their own modes, over the folder's", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { Dockerfile: "FROM folder\n", a: "folder", b: "b" });
    const offer = await offerOf({
      context: root,
      files: {
        Dockerfile: new Blob(["FROM memory\n"]),
        a: new TextEncoder().encode("memory"),
      },
    });
    assertEquals(offer.dockerfile!.text, "FROM memory\n");
    assertEquals(await filesOf(offer), {
      Dockerfile: "FROM memory\n",
      a: "memory",
      b: "b",
    });
  });
});

Deno.test("sourceOf() takes each form, and copies what may be changed behind it", () => {
  const stream = new ReadableStream<Uint8Array>();
  assertEquals(sourceOf(stream), { kind: "tar", stream });
  const folder = {
    kind: "folder",
    path: undefined,
    dockerfile: undefined,
    ignore: undefined,
    files: undefined,
  };
  assertEquals<unknown>(sourceOf("app"), { ...folder, path: "app" });
  assertEquals<unknown>(sourceOf(new URL("file:///a/b%20c")), {
    ...folder,
    path: "/a/b c",
  });
  assertEquals<unknown>(sourceOf({ context: "app" }), {
    ...folder,
    path: "app",
  });
  assertEquals<unknown>(
    sourceOf(Object.assign(Object.create(null), { context: "app" })),
    { ...folder, path: "app" },
  );
  const ignore = ["a"];
  const source = sourceOf({ context: "app", ignore });
  ignore.push("b");
  assertEquals<unknown>(source, { ...folder, path: "app", ignore: ["a"] });
  const text = { text: "FROM a", more: 5 };
  assertEquals<unknown>(sourceOf({ dockerfile: text }), {
    ...folder,
    dockerfile: { text: "FROM a" },
  });
  assertEquals<unknown>(sourceOf({ dockerfile: stream }), {
    ...folder,
    dockerfile: stream,
  });
  const memory = sourceOf({ files: {} });
  assertEquals(memory.kind === "folder" && memory.files?.size, 0);
  const url = new URL("https://example.com/x.git");
  assertEquals(sourceOf(url), { kind: "remote", url: url.href });
});

Deno.test("sourceOf() refuses what can't be read, and gives back what it was given", async () => {
  const locked = new ReadableStream<Uint8Array>();
  const reader = locked.getReader();
  const patterns = "Cannot build: ignore is a list of patterns, one line each";
  for (
    const [given, words] of [
      [locked, "Cannot build: the context stream is in use by another reader"],
      [
        { dockerfile: locked },
        "Cannot build: the Dockerfile's stream is in use by another reader",
      ],
      [
        {},
        "Cannot build: neither a folder, nor files, nor a Dockerfile is given",
      ],
      [
        { ignore: [] },
        "Cannot build: neither a folder, nor files, nor a Dockerfile is given",
      ],
      [
        { context: "https://example.com/x.git", dockerfile: "x" },
        "Cannot build: an engine that fetches the context takes the Dockerfile and all files from there, too; give the URL alone",
      ],
      [{ context: ".", ignore: "a" }, patterns],
      [{ context: ".", ignore: ["a", 5] }, patterns],
      [{ context: ".", ignore: ["a\nb"] }, patterns],
      [{ context: ".", ignore: ["a\r"] }, patterns],
      [
        { context: ".", dockerfile: {} },
        "Cannot build: a Dockerfile is its path, a file: URL, { text } or its bytes, as a stream, a Uint8Array or a Blob",
      ],
      [
        { context: {} },
        "Cannot build: context is the path of a folder, or a file: URL; it is an object",
      ],
    ] as [BuildContext, string][]
  ) {
    const error = assertThrows(() => sourceOf(given), TypeError);
    assertEquals(error.message, words);
  }
  reader.releaseLock();
  const cancelled = Promise.withResolvers<unknown>();
  const dockerfile = new ReadableStream<Uint8Array>({
    cancel: cancelled.resolve,
  });
  const error = assertThrows(() =>
    sourceOf({ dockerfile, ignore: "a" } as never)
  );
  assertEquals(await cancelled.promise, error);
  for (const kind of ["tar", "folder"]) {
    const given = Promise.withResolvers<unknown>();
    const stream = new ReadableStream<Uint8Array>({ cancel: given.resolve });
    const reason = new Error("enough");
    giveBackSource(
      sourceOf(kind === "tar" ? stream : { dockerfile: stream }),
      reason,
    );
    assertEquals(await given.promise, reason);
  }
  giveBackSource(sourceOf("https://example.com/x.git"));
  giveBackSource(sourceOf("app"));
  // One that somebody reads is left to them.
  const own = new ReadableStream<Uint8Array>({
    cancel() {
      throw new Error("it is not ours");
    },
  });
  const source = sourceOf(own);
  const theirs = own.getReader();
  giveBackSource(source);
  theirs.releaseLock();
});

Deno.test("pathOf() takes what is a path, with all that looks like something else", () => {
  for (const path of ["a", "./-", "a:b", "a/file:b", "1a://b"]) {
    assertEquals(pathOf("context", path), path);
  }
  assertEquals(pathOf("context", "FILE:///a/b"), "/a/b");
  assertEquals(pathOf("context", "c:a"), "c:a");
});

Deno.test("openOffer() begins to read nothing more when the build was stopped", async () => {
  await withTempFolder(async (root) => {
    // In each folder, what is read after the first file that is looked for.
    const trees = [{}, { dockerfile: "FROM x" }, { Dockerfile: "FROM x" }, {
      Dockerfile: "FROM x",
      "Dockerfile.dockerignore": "a",
    }];
    for (const [index, tree] of trees.entries()) {
      const folder = `${root}/${index}`;
      await Deno.mkdir(folder);
      await writeTree(folder, tree);
      const looked = async (stopAt: number) => {
        const stop = new AbortController();
        const paths: string[] = [];
        using _ = replaced(Deno, "lstat", (lstat) => (path) => {
          paths.push(String(path).slice(folder.length));
          if (paths.length === stopAt) stop.abort(new Error("stopped"));
          return lstat(path);
        });
        const error = await openOffer(
          sourceOf(folder),
          undefined,
          stop.signal,
        ).then(() => undefined, (error) => error);
        assertEquals(stop.signal.aborted, error?.message === "stopped");
        return paths;
      };
      const all = await looked(Infinity);
      assert(all.length > 1, `${all}`);
      for (let stopAt = 1; stopAt < all.length; stopAt++) {
        assertEquals(await looked(stopAt), all.slice(0, stopAt));
      }
    }
  });
});

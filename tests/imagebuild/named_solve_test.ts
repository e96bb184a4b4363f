/** Contexts by name on their way to BuildKit, which is played within the test. */

import type { Build } from "../../lib/imagebuild/build_way.ts";
import { sortContexts } from "../../lib/imagebuild/context/all_contexts.ts";
import type { ContentStore } from "../../lib/layout/content_store.ts";
import { solveWay } from "../../lib/imagebuild/ways/solve.ts";
import { openBuildSession } from "../../lib/imagebuild/session.ts";
import { op } from "../../lib/proto/llb.ts";
import {
  type BuildContext,
  ContextError,
  type ImageBuildOptions,
  UnsupportedError,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { dockerfileTar, tarBytes } from "../support/tar.ts";
import { until, untilQuiet } from "../support/until.ts";
import { readyBuild, type Readying } from "./ready_build.ts";
import { fetched, refusal, withBuildKit } from "./scripted_buildkit.ts";

const FILES = { files: { Dockerfile: "FROM scratch\nCOPY --from=deps / /\n" } };
const CAPABILITY = "moby.buildkit.frontend.contexts";

/** A stream with what it was cancelled for. */
function stream(bytes?: Uint8Array) {
  const cancelled: unknown[] = [];
  let pulls = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulls++;
      if (bytes === undefined) return new Promise(() => {});
      controller.enqueue(bytes);
      controller.close();
    },
    cancel: (reason) => void cancelled.push(reason),
  }, { highWaterMark: 0 });
  return { body, cancelled, pulls: () => pulls };
}

Deno.test("each tar has a URL of its own, beside that of the main context, and is told by its name", async () => {
  const [one, two] = [await tarBytes({ a: "1" }), await tarBytes({ b: "22" })];
  const main = await tarBytes(FILES.files);
  let got: Uint8Array[] = [];
  await withBuildKit({
    async solve({ request, session }) {
      const urls = [...request.frontendInputs.values()].map(({ operations }) =>
        op.decode(operations[0]!).source!.identifier
      );
      urls.push(request.frontendAttrs.get("context")!);
      got = await Promise.all(urls.map((url) => fetched(session, url)));
      // A second time there is nothing.
      await assertRejects(() => fetched(session, urls[0]!), Error, "nothing");
      return { "containerimage.digest": `sha256:${"a".repeat(64)}` };
    },
  }, async ({ docker, buildkit }) => {
    const { contexts, context } = await docker.imageBuild(
      new Blob([main]),
      { contexts: { deps: new Blob([one]), other: new Blob([two]) } },
    ).result();
    assertEquals(got, [one, two, main]);
    assertEquals(contexts.deps, {
      files: undefined,
      filesReused: 0,
      bytesOffered: one.length,
      bytesSent: one.length,
    });
    assertEquals(contexts.other?.bytesSent, two.length);
    assertEquals(context.bytesSent, main.length);
    const [{ frontendAttrs, frontendInputs }] = buildkit.solved as [
      typeof buildkit.solved[0],
    ];
    assertEquals([...frontendInputs.keys()], ["deps", "other"]);
    assertEquals(frontendAttrs.get("context:deps"), "input:deps");
    // A tar is not sent to a frontend that might pass the build on.
    assertEquals(frontendAttrs.get("frontend.caps"), CAPABILITY);
  });
});

Deno.test("a Dockerfile with a frontend of its own may be passed on", async () => {
  await withBuildKit({}, async ({ docker, buildkit }) => {
    const contexts = { deps: "docker-image://a" };
    const build = async (
      context: BuildContext,
      options: ImageBuildOptions = {},
    ) => {
      await docker.imageBuild(context, { contexts, ...options }).wait();
      return buildkit.solved.at(-1)!.frontendAttrs.get("frontend.caps");
    };
    const forward = `${CAPABILITY}+forward`;
    const text = "FROM scratch\n";
    const other = `# syntax=a/b:1\n${text}`;
    assertEquals(await build({ dockerfile: { text } }), CAPABILITY);
    assertEquals(await build({ dockerfile: { text: other } }), forward);
    const BUILDKIT_SYNTAX = "a/b:1";
    assertEquals(
      await build({ dockerfile: { text } }, { buildargs: { BUILDKIT_SYNTAX } }),
      forward,
    );
    assertEquals(await build("https://a.example/b.git"), forward);
    assertEquals(await build(dockerfileTar(other)), CAPABILITY);
    await docker.imageBuild({ dockerfile: { text } }, { api: "buildkit" })
      .wait();
    const plain = buildkit.solved.at(-1)!;
    assertEquals(plain.frontendAttrs.has("frontend.caps"), false);
    assertEquals(plain.frontendInputs.size, 0);
  });
});

Deno.test("a frontend that knows no contexts by name is told in words, and the tars are given back", async () => {
  const { body, cancelled, pulls } = stream();
  await withBuildKit({
    async solve() {
      await untilQuiet(pulls, () => {});
      throw refusal(`unsupported frontend capability ${CAPABILITY}`);
    },
  }, async ({ docker }) => {
    const error = await assertRejects(
      () => docker.imageBuild(FILES, { contexts: { deps: body } }).wait(),
      UnsupportedError,
      "# syntax=docker/dockerfile:1",
    );
    assertEquals(error.feature, "contexts");
    // Nothing of it was read.
    assertEquals([pulls(), cancelled.length], [0, 1]);
  });
});

Deno.test("a tar that fails stops the build, also behind BuildKit's answer, and the others are given back", async () => {
  for (const isLate of [false, true]) {
    const other = stream();
    let isAborted = false;
    await withBuildKit({
      async solve({ request, session, signal }) {
        const [first] = request.frontendInputs.values();
        const url = op.decode(first!.operations[0]!).source!.identifier;
        await fetched(session, url).catch(() => {});
        if (!isLate) {
          await until(() => signal.aborted, "the build is given up");
          isAborted = true;
        }
        return { "containerimage.digest": `sha256:${"a".repeat(64)}` };
      },
    }, async ({ docker }) => {
      await assertRejects(
        () =>
          docker.imageBuild(FILES, {
            contexts: {
              deps: new Blob(["FROM scratch\n"]),
              other: other.body,
            },
          }).wait(),
        ContextError,
        'Cannot build: the context "deps" is no tar',
      );
      assertEquals(other.cancelled.length, 1);
      await until(() => isAborted === !isLate, "the build is given up");
    });
  }
});

Deno.test("a tar whose chunks are no bytes, or that breaks off, is named", async () => {
  const builds = async (deps: ReadableStream<Uint8Array>) => {
    let error: Error | undefined;
    await withBuildKit({
      async solve({ request, session }) {
        const [first] = request.frontendInputs.values();
        const url = op.decode(first!.operations[0]!).source!.identifier;
        await fetched(session, url).catch(() => {});
        return {};
      },
    }, async ({ docker }) => {
      error = await assertRejects(
        () => docker.imageBuild(FILES, { contexts: { deps } }).wait(),
        ContextError,
      );
    });
    return error!.message;
  };
  assertEquals(
    (await builds(
      ReadableStream.from(["text"]) as unknown as ReadableStream<Uint8Array>,
    )).split(":")[0],
    "The build was stopped",
  );
  assertEquals(
    await builds(
      new ReadableStream({ pull: (c) => c.error(new Error("gone")) }),
    ),
    'The build was stopped: the context "deps" could not be read: gone',
  );
});

Deno.test("the streams of all contexts are given back, whatever ends a build before it begins", async () => {
  await withTempFolder(async (folder) => {
    await withBuildKit({}, async ({ docker, buildkit }) => {
      for (
        const [context, options, words] of [
          [5, {}, "the context is the path"],
          [FILES, { contexts: { bad: 5 } }, 'contexts "bad"'],
          [FILES, { shmsize: -1 }, "shmsize"],
          [FILES, { contexts: { nope: `${folder}/nope` } }, "no folder"],
          [{ context: folder }, {}, "no Dockerfile"],
          [FILES, { squash: true }, "squash"],
        ] as unknown as [BuildContext, ImageBuildOptions, string][]
      ) {
        const { body, cancelled } = stream();
        const error = await assertRejects(
          () =>
            docker.imageBuild(context, {
              ...options,
              contexts: { deps: body, ...options.contexts },
            }).wait(),
          Error,
          words,
        );
        assertEquals(cancelled, [error], words);
      }
      const main = stream();
      await assertRejects(
        () =>
          docker.imageBuild(main.body, {
            contexts: { Bad: "." },
          }).wait(),
        TypeError,
      );
      assertEquals(main.cancelled.length, 1);
      assertEquals(buildkit.solved, []);
    });
  });
});

/** What the way needs for a build. */
async function needsOf(options: ImageBuildOptions, readying: Readying) {
  const { build } = await readyBuild(options, readying);
  return { build, ...solveWay.needs(build) };
}

const REMOTE = { kind: "remote", url: "https://a.example/b.git" } as const;
const FOLDER = {
  kind: "folder",
  path: undefined,
  dockerfile: { text: "FROM scratch" },
  ignore: undefined,
} as const;

Deno.test("folders and tars by name need the session, also beside a context that the engine fetches", async () => {
  const deps = { files: { a: "a" } };
  for (
    const [contexts, isNeeded] of [
      [{ deps }, true],
      [{ deps: new Blob(["a"]) }, true],
      [{ deps: "docker-image://a" }, false],
    ] as const
  ) {
    const { sessionRequired, uploads } = await needsOf(
      { contexts },
      { source: REMOTE },
    );
    assertEquals(sessionRequired, isNeeded);
    assertEquals(uploads?.own, undefined);
    assertEquals(
      [...uploads!.named.keys()],
      contexts.deps instanceof Blob ? ["deps"] : [],
    );
  }
  // Beside a session of the caller's own folders alone can come.
  const beside = { session: "x" } as const;
  for (const source of [REMOTE, FOLDER]) {
    const { session } = await needsOf({ ...beside, contexts: { deps } }, {
      source,
    });
    assertEquals(typeof session, "function");
  }
  const { session } = await needsOf(
    { ...beside, contexts: { deps: "docker-image://a" } },
    { source: REMOTE },
  );
  assertEquals(session, undefined);
  for (
    const [options, source, words] of [
      [{ contexts: { deps: new Blob(["a"]) } }, REMOTE, "a tar comes over"],
      [{ contexts: { deps: new Blob(["a"]) } }, FOLDER, "a tar comes over"],
      [
        { session: false, contexts: { deps } },
        REMOTE,
        "the context comes over a session",
      ],
    ] as const
  ) {
    const { build } = await readyBuild({ ...beside, ...options }, { source });
    const error = assertThrows(() => solveWay.needs(build), UnsupportedError);
    assertEquals(error.feature, "contexts");
    assert(error.message.includes(words), error.message);
  }
});

Deno.test("a session offers the folders by name, and its key is that of all of them", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, { "deps/a": "", "app/Dockerfile": "FROM scratch" });
    const headersOf = async (
      contexts: ImageBuildOptions["contexts"],
      source: Readying["source"],
    ) => {
      const { build } = await readyBuild(
        { contexts },
        source === undefined ? {} : { source },
      );
      const { uploads } = solveWay.needs(build);
      let told: (readonly [string, string])[] = [];
      const session = await openBuildSession(
        {
          session: (headers) => {
            told = [...headers];
            const [ours, theirs] = duplexPair();
            theirs.readable.cancel();
            theirs.writable.abort();
            return Promise.resolve(ours);
          },
          warnings: [],
          unread: [],
          uploads,
        },
        build,
        () => {},
      );
      await session!.close();
      const all = JSON.stringify(told);
      return {
        key: told.find(([name]) => name.endsWith("Sharedkey"))![1],
        folders: all.includes("FileSync"),
        tars: all.includes("Upload"),
      };
    };
    const app = {
      ...FOLDER,
      path: `${folder}/app`,
      dockerfile: undefined,
    } as const;
    const alone = await headersOf(undefined, app);
    assertEquals([alone.folders, alone.tars], [true, false]);
    const deps = await headersOf({ deps: `${folder}/deps` }, app);
    assert(deps.key !== alone.key && deps.key !== "");
    const remote = await headersOf({ deps: `${folder}/deps` }, REMOTE);
    assertEquals([remote.folders, remote.tars], [true, false]);
    assert(remote.key !== deps.key && remote.key !== "");
    const tar = await headersOf({ deps: new Blob(["a"]) }, REMOTE);
    assertEquals([tar.folders, tar.tars, tar.key], [false, true, ""]);
  });
});

Deno.test("a store of content needs a session, also where nothing else does", async () => {
  const { build } = await readyBuild({}, { source: REMOTE });
  const none = new UnsupportedError("sessions", "there are none");
  const opening = (stores: Build["inputs"]["stores"]) =>
    openBuildSession(
      { session: () => Promise.reject(none), warnings: [], unread: [] },
      { ...build, inputs: { ...build.inputs, stores } },
      () => {},
    );
  assertEquals(await opening(new Map()), undefined);
  const store = {} as ContentStore;
  const error = await assertRejects(() => opening(new Map([["oci:a", store]])));
  assertEquals(error, none);
});

Deno.test("sortContexts() leaves it to the options' check to say that there are none", async () => {
  for (const options of [null, undefined, {}, { contexts: undefined }]) {
    const [source, sources] = await sortContexts(
      FILES,
      options as ImageBuildOptions,
    );
    assertEquals([source.kind, sources.size], ["folder", 0]);
  }
});

import type { DockerClient, ImageBuildOptions } from "../../mod.ts";
import {
  BuildError,
  ContextError,
  SecretError,
  UnsupportedError,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { SALT } from "../support/builds.ts";
import { engineTest, isRecent } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { tarBytes } from "../support/tar.ts";
import { buildkitTest } from "../support/ways.ts";

type Contexts = NonNullable<ImageBuildOptions["contexts"]>;

/** Builds these lines, with a salt of their own, and what its steps printed. */
async function built(
  docker: DockerClient,
  lines: readonly string[],
  contexts: Contexts,
  options: ImageBuildOptions = {},
) {
  const [from, ...others] = lines;
  const Dockerfile = [from, `ENV SALT=${crypto.randomUUID()}`, ...others];
  const build = docker.imageBuild(
    { files: { Dockerfile: Dockerfile.join("\n") } },
    { networkmode: "none", contexts, ...options },
  );
  const [log, result] = await Promise.all([
    new Response(build.logs()).text(),
    build.result(),
  ]);
  return { log, result };
}

const BASE = "FROM davit-test/base";

/** Prints what is in a context. */
const SHOW = "RUN --mount=from=deps,target=/in cd /in && find . | sort && " +
  'for f in $(find . -type f | sort); do echo "$f = $(cat $f)"; done';

buildkitTest(
  "different folders behind one name do not mix, one after the other or at once, with files of equal lengths and times",
  async ({ docker }) => {
    await withTempFolder(async (folder) => {
      const time = new Date("2024-05-06T07:08:09Z");
      const texts = ["one", "two", "six"];
      for (const text of texts) {
        await writeTree(folder, { [`${text}/f`]: text });
        await Deno.utime(`${folder}/${text}/f`, time, time);
      }
      await writeTree(folder, { "main/": "" });
      const shown = async (text: string) => {
        const salt = `ENV SALT=${crypto.randomUUID()}`;
        const build = docker.imageBuild({
          context: `${folder}/main`,
          dockerfile: { text: [BASE, salt, SHOW].join("\n") },
        }, {
          contexts: { deps: `${folder}/${text}` },
          networkmode: "none",
          outputs: { type: "cacheonly" },
        });
        const [log] = await Promise.all([
          new Response(build.logs()).text(),
          build.wait(),
        ]);
        return log;
      };
      for (const text of texts) {
        assertEquals(await shown(text), `.\n./f\n./f = ${text}\n`);
      }
      const all = await Promise.all([...texts, ...texts].map(shown));
      assertEquals(
        all,
        [...texts, ...texts].map((text) => `.\n./f\n./f = ${text}\n`),
      );
    });
  },
  isRecent,
);

buildkitTest(
  "a folder by name is sent as the main one: links, its ignore file, files in memory, only what changed",
  async ({ docker }) => {
    await withTempFolder(async (folder) => {
      const many = Object.fromEntries(
        Array.from({ length: 200 }, (_, n) => [`many/${n}`, `${n}`]),
      );
      await writeTree(folder, {
        "deps/.dockerignore": "# a comment\n*.log\n",
        "deps/a": "a",
        "deps/a.log": "ignored",
        "all/.dockerignore": "*",
        "all/a": "ignored",
        "empty/": "",
        ...many,
      });
      await Deno.symlink("../../etc/passwd", `${folder}/deps/out`);
      await Deno.symlink("a", `${folder}/deps/in`);
      const shown = async (deps: Contexts[string], lines = [BASE, SHOW]) =>
        (await built(docker, lines, { deps })).log;
      const plain = ".\n./.dockerignore\n./a\n./in\n./out\n";
      assertEquals(
        await shown(`${folder}/deps`),
        `${plain}./.dockerignore = # a comment\n*.log\n./a = a\n`,
      );
      // With patterns of the caller's, the ignore file is a file as others are.
      assertEquals(
        await shown({ context: `${folder}/deps`, ignore: ["a", "in", "out"] }),
        ".\n./.dockerignore\n./a.log\n./.dockerignore = # a comment\n*.log\n./a.log = ignored\n",
      );
      assertEquals(
        await shown(
          { context: `${folder}/deps`, ignore: [] },
          [
            BASE,
            "COPY --from=deps .dockerignore a.log /in/",
            "RUN cd /in && find . -type f | sort && cat .dockerignore",
          ],
        ),
        "./.dockerignore\n./a.log\n# a comment\n*.log\n",
      );
      assertEquals(
        await shown({
          context: `${folder}/deps`,
          files: { ".dockerignore": "*\n!b\n", b: "in memory" },
        }),
        ".\n./b\n./b = in memory\n",
      );
      for (const nothing of ["all", "empty"]) {
        assertEquals(await shown(`${folder}/${nothing}`), ".\n");
      }
      const counts = async () => {
        const { result } = await built(
          docker,
          [BASE, "COPY --from=many / /in"],
          { many: `${folder}/many` },
        );
        return result.contexts.many;
      };
      const bytes = Object.values(many).join("").length;
      assertEquals(await counts(), {
        files: 200,
        filesReused: 0,
        bytesOffered: bytes,
        bytesSent: bytes,
      });
      await Deno.writeTextFile(`${folder}/many/7`, "seven");
      assertEquals(await counts(), {
        files: 200,
        filesReused: 199,
        bytesOffered: bytes + 4,
        bytesSent: 5,
      });
    });
  },
  isRecent,
);

/** A stream of a tar, and why it was cancelled. */
function watched(
  chunks: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
) {
  const cancelled: unknown[] = [];
  let pulls = 0;
  let iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      pulls++;
      const source = chunks();
      iterator ??= Symbol.asyncIterator in source
        ? source[Symbol.asyncIterator]()
        : source[Symbol.iterator]();
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => void cancelled.push(reason),
  }, { highWaterMark: 0 });
  return { stream, cancelled, pulls: () => pulls };
}

buildkitTest(
  "several tars are contexts at once, unpacked; one that nothing takes is given back",
  async ({ docker }) => {
    const [one, two] = [
      await tarBytes({ f: "of the first", "sub/x": "x" }),
      await tarBytes({ g: "of the second" }),
    ];
    const packed = new Blob([two]).stream()
      .pipeThrough(new CompressionStream("gzip"));
    const unused = watched(() => [one]);
    const { log, result } = await built(docker, [
      BASE,
      "COPY --from=one / /one",
      "RUN --mount=from=two,target=/two cat /one/f /one/sub/x /two/g",
    ], { one: new Blob([one]), two: packed, unused: unused.stream });
    assertEquals(log, "of the firstxof the second");
    assertEquals(Object.keys(result.contexts).toSorted(), ["one", "two"]);
    assertEquals(result.contexts.one?.bytesSent, one.length);
    assertEquals([unused.pulls(), unused.cancelled.length], [0, 1]);
    assertEquals(result.warnings.map(({ short }) => short), [
      'contexts "unused" has no effect: nothing in the Dockerfile names it (FROM, COPY --from, RUN --mount=from)',
    ]);
    // The same bytes are the same folder to the engine's cache.
    const again = async () =>
      (await docker.imageBuild({
        files: { Dockerfile: `FROM scratch\n${SALT}\nCOPY --from=one / /\n` },
      }, { contexts: { one: new Blob([one]) } }).result()).imageId;
    assertEquals(await again(), await again());
  },
  isRecent,
);

buildkitTest(
  "a tar that fails, is none, or is not wanted any more ends with the build",
  async ({ docker }) => {
    const copy = [BASE, "COPY --from=deps / /in"];
    const refused = async (deps: Contexts[string], lines = copy) =>
      await assertRejects(() => built(docker, lines, { deps }), Error);
    const broken = await refused(
      ReadableStream.from((async function* () {
        yield (await tarBytes({ f: "x" })).subarray(0, 512);
        throw new Error("the disk is gone");
      })()),
    );
    assert(broken instanceof ContextError, `${broken}`);
    assertEquals(
      broken.message,
      'The build was stopped: the context "deps" could not be read: the disk is gone',
    );
    const none = await refused(new Blob(["FROM scratch\n"]));
    assert(none instanceof ContextError, `${none}`);
    assertEquals(none.message, 'Cannot build: the context "deps" is no tar');
    // A tar without an end, until the caller wants no more.
    const abort = new AbortController();
    const endless = watched(async function* () {
      yield (await tarBytes({ f: "x".repeat(10_000) })).subarray(0, 1024);
      for (;;) {
        abort.abort(new Error("no more"));
        yield new Uint8Array(1024);
      }
    });
    await assertRejects(
      () =>
        built(docker, copy, { deps: endless.stream }, { signal: abort.signal }),
      Error,
      "no more",
    );
    assertEquals(endless.cancelled.length, 1);
    // Nothing is built: not even opened.
    const early = watched(() => []);
    await refused(early.stream, ["RUNN x"]);
    assertEquals([early.pulls(), early.cancelled.length], [0, 1]);
  },
  isRecent,
);

engineTest(
  "a context by name is refused before anything of it is read by an engine whose frontend knows none",
  async ({ docker }) => {
    await withTempFolder(async (folder) => {
      await writeTree(folder, { "deps/a": "a" });
      const tar = watched(() => []);
      const error = await assertRejects(
        () =>
          built(docker, [BASE, "COPY --from=deps a /"], {
            deps: `${folder}/deps`,
            tar: tar.stream,
            image: "docker-image://davit-test/base",
          }),
        UnsupportedError,
      );
      assertEquals(error.feature, "contexts");
      assertStringIncludes(error.message, "knows no contexts by name");
      assertEquals([tar.pulls(), tar.cancelled.length], [0, 1]);
    });
  },
  ({ generation }) => generation === "20",
);

buildkitTest(
  "what is no context is refused before an engine hears of it, and a secret is kept out of them",
  async ({ docker }) => {
    await withTempFolder(async (folder) => {
      await writeTree(folder, {
        "deps/token": "hunter2-hunter2",
        "deps/.dockerignore": "ignored\n",
        "deps/ignored/token": "other",
      });
      const build = (contexts: Contexts, options: ImageBuildOptions = {}) =>
        built(docker, [BASE, "COPY --from=deps / /in"], contexts, options);
      const missing = await assertRejects(
        () => build({ deps: `${folder}/nope` }),
        ContextError,
      );
      assertEquals(
        missing.message,
        `Cannot build with contexts "deps": there is no folder ${folder}/nope`,
      );
      const leak = await assertRejects(
        () =>
          build({ deps: "https://a.example/?token=hunter2-hunter2" }, {
            secrets: { token: "hunter2-hunter2" },
          }),
        SecretError,
      );
      assertStringIncludes(leak.message, 'the context "deps" holds the value');
      const { result } = await build({ deps: `${folder}/deps` }, {
        secrets: {
          token: { file: `${folder}/deps/token` },
          other: { file: `${folder}/deps/ignored/token` },
        },
      });
      assertEquals(
        result.warnings.filter(({ code }) => code === "secret-in-context")
          .map(({ short }) => short),
        [
          'the file of secret "token" lies in the context "deps" as "token", and COPY can take it into the image: name it in .dockerignore',
        ],
      );
    });
  },
  isRecent,
);

engineTest(
  "an image in OCI layout is refused by an engine that keeps images in graph drivers",
  async ({ docker }) => {
    await withTempFolder(async (folder) => {
      await writeTree(folder, {
        "index.json": JSON.stringify({
          manifests: [{
            mediaType: "application/vnd.oci.image.manifest.v1+json",
            digest: `sha256:${"0".repeat(64)}`,
            size: 2,
          }],
        }),
        [`blobs/sha256/${"0".repeat(64)}`]: "{}",
      });
      const error = await assertRejects(
        () => built(docker, [BASE], { base: `oci-layout://${folder}` }),
        UnsupportedError,
      );
      assertEquals(error.feature, 'contexts "base"');
    });
  },
  (engine) => isRecent(engine) && !engine.containerdStore,
);

buildkitTest(
  "a step that fails with a context by name has its place, and what a replaced stage mounts is unused",
  async ({ docker }) => {
    await withTempFolder(async (folder) => {
      await writeTree(folder, { "deps/a": "a" });
      const contexts = { deps: `${folder}/deps` };
      const failed = await assertRejects(
        () => built(docker, [BASE, "COPY --from=deps /nope /in"], contexts),
        BuildError,
      );
      assertStringIncludes(failed.detail, '"/nope": not found');
      assertEquals(failed.source?.startLine, 3);
      const { result } = await built(
        docker,
        [
          `${BASE} AS deps`,
          "RUN --mount=type=secret,id=token false",
          BASE,
          "COPY --from=deps /a /in",
        ],
        contexts,
        { secrets: { token: "hunter2-hunter2" } },
      );
      assertEquals(result.secrets.unused, ["token"]);
      assertEquals(result.contexts.deps?.files, 1);
    });
  },
  isRecent,
);

buildkitTest(
  "a password in the address of a context is masked in all that is told",
  async ({ docker }) => {
    const build = docker.imageBuild({
      files: { Dockerfile: "FROM scratch\nCOPY --from=deps / /\n" },
    }, {
      contexts: { deps: "https://me:hunter2-secret@127.0.0.1:1/deps.git" },
    });
    const told = Array.fromAsync(build.events()).then(JSON.stringify);
    const error = await assertRejects(
      () => build.wait(),
      BuildError,
      "deps.git",
    );
    const all = `${await told.catch(String)}${error.message}`;
    assertStringIncludes(all, "load git source https://");
    assert(!all.includes("hunter2"), all);
  },
  isRecent,
);

buildkitTest(
  "a file in memory is sent that is longer than a message may be",
  async ({ docker }) => {
    const large = new Uint8Array(17 * 1024 * 1024);
    crypto.getRandomValues(large.subarray(0, 16)); // no engine has it
    const { context } = await docker.imageBuild({
      files: { Dockerfile: `FROM scratch\nCOPY large /\n`, large },
    }, { labels: { mark: crypto.randomUUID() }, nocache: true }).result();
    assert(context!.bytesSent >= large.length);
  },
);

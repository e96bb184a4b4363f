import {
  type BuildContext,
  type BuildResult,
  EngineError,
  type ImageBuildOptions,
  Secret,
  SecretLeakError,
  VerifyError,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { collect, SALT } from "../support/builds.ts";
import type { EngineContext } from "../support/engines.ts";
import type { Way } from "../support/way.ts";
import { bothWaysTest } from "../support/ways.ts";
import { withTempFolder } from "../support/folder.ts";
import { tarOf } from "../support/tar.ts";
import { runDavit } from "../cli/command.ts";
import { newToken } from "./keys.ts";

const MOUNT = "RUN --mount=type=secret,id=t,required=true ";
const LEAK = `${MOUNT}cat /run/secrets/t > /etc/app.conf`;
const CLEAN = `${MOUNT}sha256sum /run/secrets/t > /etc/app.conf`;

function build(
  { docker }: EngineContext,
  line: string,
  options: ImageBuildOptions,
) {
  return docker.imageBuild(contextOf(line), { ...OPTIONS, ...options });
}

/** Builds an image that can be looked through, wherever it is built. */
function builtImage(
  { built }: Way,
  line: string,
  options: ImageBuildOptions,
): Promise<BuildResult> {
  return built(contextOf(line), { ...OPTIONS, ...options });
}

function contextOf(line: string): BuildContext {
  const Dockerfile = `FROM davit-test/base\n${SALT}\n${line}\n`;
  return tarOf({ Dockerfile });
}

const OPTIONS: ImageBuildOptions = {
  networkmode: "none",
  // A cached step holds another value than the one of this build.
  nocache: true,
};

async function hasImage(
  { docker }: EngineContext,
  name: string,
): Promise<boolean> {
  try {
    await docker.imageInspect(name);
    return true;
  } catch {
    return false; // whatever it answers, it has no such image
  }
}

const NAMES =
  "its names are those of the engine's images; that nothing of a daemon's archive is there is another test of this file";

bothWaysTest(
  "verify: a clean build says what was looked through, a leaking one fails and loses its names",
  async (engine) => {
    const t = newToken();
    const tag = [1, 2].map((n) => `davit-verify:${crypto.randomUUID()}-${n}`);
    const options = { tag, secrets: { t }, verify: true };
    const clean = await build(engine, CLEAN, options).result();
    assert(clean.verification!.bytes > 1_000_000);
    assertEquals(clean.verification!.finds, []);
    assert(await hasImage(engine, tag[0]!));

    const leaking = build(engine, LEAK, options);
    const error = await assertRejects(() => leaking.wait(), SecretLeakError);
    assertEquals(error.removed, tag);
    assertEquals(
      error.finds.map(({ id, path, layerNumber }) => [id, path, layerNumber]),
      [["t", "etc/app.conf", 2]],
    );
    assertMatch(error.imageId, /^sha256:/);
    for (
      const words of ['secret "t"', "layer 2", tag[0]!, "change the secret"]
    ) assertStringIncludes(error.message, words);
    assertFalse(Deno.inspect(error, { depth: 9 }).includes(t));
    for (const name of tag) assertFalse(await hasImage(engine, name), name);

    // Unless told otherwise, and where the find is none.
    const kept = await assertRejects(
      () =>
        build(engine, LEAK, { ...options, verify: { keepTags: true } }).wait(),
      SecretLeakError,
      "still name it",
    );
    assertEquals(kept.removed, []);
    assert(await hasImage(engine, tag[1]!));
    await build(engine, LEAK, {
      ...options,
      verify: { ignore: ({ path }) => path === "etc/app.conf" },
    }).wait();
    for (const name of tag) await engine.docker.imageRemove(name);
  },
  { engineOnly: NAMES },
);

bothWaysTest(
  "verify: what a function gave is looked for, too, and what is too short is said",
  async (way) => {
    const t = newToken();
    const secrets = { t: () => new Secret(t), short: "abc" };
    const options = { secrets, verify: true };
    await assertRejects(
      () => builtImage(way, LEAK, options),
      SecretLeakError,
      '"t" in layer 2',
    );
    const { warnings, verification } = await builtImage(way, CLEAN, options);
    assertEquals(verification!.skipped, ["short"]);
    assert(warnings.some(({ code }) => code === "secret-unverified"));
  },
);

bothWaysTest(
  "verify: a function is called for a cached step's secret, too, and that of a step that mounts none",
  async (way) => {
    const t = newToken();
    // The step's own name, so that nothing else fills the cache.
    const line = `${LEAK} # ${crypto.randomUUID()}`;
    await builtImage(way, line, { secrets: { t }, nocache: false });
    let calls = 0;
    const secrets = { t: () => (calls++, t) };
    const options = { secrets, verify: true };
    const error = await assertRejects(
      () => builtImage(way, line, { ...options, nocache: false }),
      SecretLeakError,
    );
    assertEquals([error.finds[0]!.path, calls], ["etc/app.conf", 1]);

    await assertRejects(
      () => builtImage(way, `ENV A=${t}`, options),
      SecretLeakError,
      "config.Env",
    );

    // What nobody gives can't be looked for, and that is said.
    const { secrets: report, verification, warnings } = await builtImage(
      way,
      "LABEL a=b",
      {
        secrets: {
          t,
          none: () => undefined,
          broken: () => Promise.reject(new RangeError("of the caller's")),
        },
        verify: true,
      },
    );
    assertEquals(verification!.searched, ["t"]);
    assertEquals(verification!.skipped, ["none", "broken"]);
    assertEquals(
      warnings.filter(({ code }) => code === "secret-unverified").length,
      2,
    );
    assertEquals(report, {
      served: [],
      missing: [],
      cached: [],
      unused: ["t", "none", "broken"],
    });
  },
);

bothWaysTest(
  "verify: a build that is cancelled while a function is called ends at once",
  async (way) => {
    const abort = new AbortController();
    let given: AbortSignal | undefined;
    const running = builtImage(way, "LABEL a=b", {
      secrets: {
        t: ({ signal }) => {
          given = signal;
          abort.abort(new RangeError("enough"));
          return new Promise(() => {});
        },
      },
      verify: true,
      signal: abort.signal,
    });
    await assertRejects(() => running, RangeError, "enough");
    assert(given!.aborted);
  },
);

bothWaysTest(
  "verify: nothing of a leaking export gets to its place",
  async (engine) => {
    await withTempFolder(async (folder) => {
      const t = newToken();
      const files = { type: "local", dest: `${folder}/out` } as const;
      const exports = [
        files,
        engine.daemon === undefined
          ? { type: "tar", dest: `${folder}/out.tar` } as const
          // Of an engine, only with containerd's store.
          : { type: "oci", dest: `${folder}/out.oci` } as const,
      ];
      for (const outputs of exports) {
        const options = { outputs, secrets: { t }, verify: true };
        const error = await assertRejects(
          () => build(engine, LEAK, options).wait(),
          SecretLeakError,
          "Nothing was exported",
        );
        assertEquals(error.finds[0]!.path, "etc/app.conf");
        assertEquals(error.finds[0]!.offset, 0);
        assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
        const { verification } = await build(engine, CLEAN, options).result();
        assert(verification!.bytes > 1_000_000);
        await Deno.remove(outputs.dest, { recursive: true });
      }
      const ignore = () => {
        throw new RangeError("of the caller's");
      };
      await assertRejects(
        () =>
          build(engine, LEAK, {
            outputs: files,
            secrets: { t },
            verify: { ignore },
          }).wait(),
        RangeError,
      );
      assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
      const dest = new WritableStream();
      await assertRejects(
        () =>
          build(engine, CLEAN, {
            outputs: { type: "tar", dest },
            secrets: { t },
            verify: true,
          }).wait(),
        TypeError,
        "verifySecrets()",
      );
      assertFalse(dest.locked);
      await assertRejects(
        () => build(engine, CLEAN, { version: "1", verify: true }).wait(),
        TypeError,
        "classic builder",
      );
    });
  },
);

bothWaysTest(
  "verify: what can't be looked through loses its names, too",
  async (engine) => {
    const tag = `davit-verify:${crypto.randomUUID()}`;
    const running = build(engine, CLEAN, {
      tag,
      secrets: { t: newToken() },
      verify: {
        ignore: () => {
          throw new RangeError("of the caller's");
        },
      },
    });
    await running.wait(); // no find, no call
    const failing = build(engine, LEAK, {
      tag,
      secrets: { t: newToken() },
      verify: {
        ignore: () => {
          throw new RangeError("of the caller's");
        },
      },
    });
    await assertRejects(() => failing.wait(), RangeError);
    assertFalse(await hasImage(engine, tag));
  },
  { engineOnly: NAMES },
);

bothWaysTest(
  "verify: a result without a file is looked through: labels and history",
  async ({ docker, built }) => {
    const t = newToken();
    const context = (label: string) => ({
      dockerfile: { text: `FROM scratch\nLABEL a="${label}"\n` },
    });
    const clean = await built(context("b"), { secrets: { t }, verify: true });
    assert(clean.verification!.bytes > 0);
    // The Dockerfile is looked through before; a function is not called yet.
    const secrets = { t: () => t };
    const error = await assertRejects(
      () => built(context(t), { secrets, verify: true }),
      SecretLeakError,
    );
    assert(
      error.finds.some(({ part, path }) =>
        part === "config" && path === "config.Labels.a"
      ),
      Deno.inspect(error.finds),
    );
    assert(error.finds.some(({ part }) => part === "history"));
    await withTempFolder(async (folder) => {
      const dest = `${folder}/out.tar`;
      const { verification } = await docker.imageBuild(context("b"), {
        secrets: { t },
        outputs: { type: "tar", dest },
        verify: true,
      }).result();
      assertEquals(verification!.finds, []);
      await Deno.stat(dest);
    });
  },
);

bothWaysTest(
  "verify: a name that was moved to another image meanwhile stays with it",
  async (engine) => {
    const { docker } = engine;
    const id = crypto.randomUUID();
    const [good, own, moved] = ["good", "own", "moved"].map((name) =>
      `davit-verify:${id}-${name}`
    ) as [string, string, string];
    const goodId = await build(engine, "LABEL good=1", { tag: good }).wait();
    const t = newToken();
    const leaking = build(engine, LEAK, {
      tag: [own, moved],
      secrets: {
        t,
        // Called when the image is there, and before it is looked through.
        late: async () => {
          await docker.imageTag(good, "davit-verify", `${id}-moved`);
          return "nothing that is in there";
        },
      },
      verify: true,
    });
    const error = await assertRejects(() => leaking.wait(), SecretLeakError);
    assertEquals(error.removed, [own]);
    assertEquals(error.kept, []);
    assertStringIncludes(error.message, `${moved} names another image by now`);
    assertEquals((await docker.imageInspect(moved)).Id, goodId);
    assertFalse(await hasImage(engine, own));
    for (const name of [good, moved]) await docker.imageRemove(name);
  },
  { engineOnly: NAMES },
);

bothWaysTest(
  "verify: an image that is gone meanwhile is an error that says that it was built",
  async (engine) => {
    const { docker } = engine;
    const tag = `davit-verify:${crypto.randomUUID()}`;
    const running = build(engine, `LABEL a=${tag}`, {
      tag,
      secrets: {
        late: async () => {
          await docker.imageRemove(tag, { force: true });
          return "nothing that is in there";
        },
      },
      verify: true,
    });
    const error = await assertRejects(
      () => running.wait(),
      VerifyError,
      "The image was built, but could not be looked through for secrets: ",
    );
    assert(error.cause instanceof EngineError);
    assertEquals([error.kept, error.removed], [[], []]);
    // Where names are kept, each is told of.
    const keeping = build(engine, `LABEL a=${tag}`, {
      tag,
      secrets: {
        late: async () => {
          await docker.imageRemove(tag, { force: true });
          return "nothing that is in there";
        },
      },
      verify: { keepTags: true },
    });
    const { messages, error: failure } = await collect(keeping);
    assert(failure instanceof VerifyError);
    assertEquals(failure.kept, [tag]);
    assertEquals(
      messages.filter(({ aux }) =>
        (aux as { code?: string } | undefined)?.code === "image-unverified"
      ).length,
      1,
    );
  },
  { engineOnly: NAMES },
);

bothWaysTest(
  "verify: what is damaged is a warning that names its place, and an error under strict",
  async (engine) => {
    const line =
      `${MOUNT}seq 1 9999 | gzip > /a.gz; head -c 900 /a.gz > /b.gz; rm /a.gz`;
    const secrets = { t: newToken(), short: "abc" };
    const tag = `davit-verify:${crypto.randomUUID()}`;
    const { verification, warnings } = await builtImage(engine, line, {
      secrets,
      verify: true,
    });
    assertEquals(verification!.unreadable, ["layer 2, b.gz"]);
    assertEquals(
      warnings.filter(({ code }) => code?.endsWith("-unverified"))
        .map(({ code, short }) => [code, short.slice(0, 24)]),
      [
        ["secret-unverified", 'secret "short" was not l'],
        ["file-unverified", "layer 2, b.gz was not lo"],
      ],
    );
    const isStored = engine.daemon === undefined;
    for (const keepTags of isStored ? [true, false] : [false]) {
      const error = await assertRejects(
        () =>
          builtImage(engine, line, {
            tag,
            secrets,
            verify: { strict: true, keepTags },
          }),
        VerifyError,
        "layer 2, b.gz was not lo",
      );
      assertEquals(error.kept, keepTags ? [tag] : []);
      if (isStored) assertEquals(await hasImage(engine, tag), keepTags);
    }
    await builtImage(engine, CLEAN, {
      secrets: { t: secrets.t },
      verify: { strict: true },
    });
  },
);

bothWaysTest(
  "davit build --verify fails with the place, and the names are gone",
  async (engine) => {
    await withTempFolder(async (folder) => {
      const t = newToken();
      const tag = `davit-verify:${crypto.randomUUID()}`;
      const run = async (line: string, ...more: string[]) => {
        await Deno.writeTextFile(
          `${folder}/Dockerfile`,
          `FROM davit-test/base\n${SALT}\n${line}\n`,
        );
        return await runDavit([
          ...[
            "build",
            "--no-cache",
            "--network=none",
            "--progress=plain",
            "-t",
            tag,
          ],
          ...["--secret", "id=t,env=DAVIT_T", ...more, folder],
        ], { env: { ...engine.cliEnv, DAVIT_T: t } });
      };
      const leaking = await run(LEAK, "--verify");
      assertEquals(leaking.code, 1, leaking.stderr);
      assertStringIncludes(leaking.stderr, "etc/app.conf");
      assertFalse(leaking.stderr.includes(t));
      assertFalse(await hasImage(engine, tag));
      assertEquals((await run(LEAK, "--verify-keep-tags")).code, 1);
      assert(await hasImage(engine, tag));
      assertEquals((await run(CLEAN, "--verify")).code, 0);
      await engine.docker.imageRemove(tag);
    });
  },
  {
    engineOnly:
      "the command with a daemon is tested in tests/cli/build_builder_engine_test.ts",
  },
);

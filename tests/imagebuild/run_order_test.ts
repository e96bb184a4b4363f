import { engineHost } from "../../lib/imagebuild/host.ts";
import { runImageBuild } from "../../lib/imagebuild/run.ts";
import { BuildRecord } from "../../lib/imagebuild/record.ts";
import type { BuildResult } from "../../lib/imagebuild/result.ts";
import { solvedOf } from "../../lib/imagebuild/solved.ts";
import { Engine } from "../../lib/engine/engine.ts";
import { bytesMessage } from "../../lib/proto/bytes_message.ts";
import { ExportError, type ImageBuildOptions, SecretError } from "../../mod.ts";
import { scripted } from "../engine/scripted_engine.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { dockerfileTar } from "../support/tar.ts";
import { DONE, lines } from "./ready_build.ts";
import {
  type BuildKitScript,
  refusal,
  scriptedBuildKit,
  type Solving,
  step,
} from "./scripted_buildkit.ts";

const API = { api: "buildkit" } as const;
const FILES = { Dockerfile: "FROM scratch\n" };

/** Sends bytes as the result of a build, as an engine does. */
async function sendResult(
  { session }: Solving,
): Promise<Record<string, string>> {
  await using call = await session!.open("/moby.filesync.v1.FileSend/DiffCopy");
  await call.write(bytesMessage.encode({ data: Uint8Array.of(1, 2, 3) }));
  await call.end();
  while (await call.read() !== null);
  return {};
}

/** What the engine was asked in a build of an empty folder. */
async function asked(
  options: ImageBuildOptions,
  script: BuildKitScript = {},
) {
  const { buildkit, docker } = scriptedBuildKit(script);
  await using _ = docker;
  let outcome: BuildResult | Error | undefined;
  await withTempFolder(async (folder) => {
    await writeTree(folder, FILES);
    outcome = await docker
      .imageBuild(folder, { ...API, ...options })
      .result()
      .catch((error: Error) => error);
  });
  return { buildkit, outcome };
}

/** The names in a folder, at this very moment. */
function namesNow(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name);
}

Deno.test("an engine is asked how it stores images where the build depends on that, before it builds", async () => {
  for (
    const [options, isAsked] of [
      [{}, false],
      [{ platform: "linux/amd64" }, false],
      [{ platform: "linux/amd64,linux/arm64" }, true],
      [{ attest: { sbom: true } }, true],
      [{ annotations: { a: "b" } }, true],
      [{ outputs: { type: "image", push: true } }, true],
      [{ outputs: { type: "image" } }, false],
    ] as [ImageBuildOptions, boolean][]
  ) {
    const { buildkit } = await asked(options);
    assertEquals(
      [
        buildkit.fetched.filter((path) => path.endsWith("/info")).length,
        buildkit.solved.length,
      ],
      isAsked ? [1, 0] : [0, 1],
      JSON.stringify(options),
    );
  }
});

Deno.test("a place that can't be written, or a secret that would be seen, is found before the engine builds", async () => {
  await withTempFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    const secrets = { token: "hunter2222" };
    for (
      const [options, kind] of [
        [{ outputs: { type: "tar", dest: `${folder}/file/x` } }, ExportError],
        [{ secrets, buildargs: { A: "hunter2222" } }, SecretError],
      ] as const
    ) {
      const { buildkit, outcome } = await asked(options);
      assert(outcome instanceof kind, `${outcome}`);
      assertEquals(buildkit.solved.length, 0);
    }
  });
});

Deno.test("a result is handed over when the session is closed, and told; a build without one has none", async () => {
  let whenClosed: number | undefined;
  const { buildkit, docker } = scriptedBuildKit({ solve: sendResult });
  await using _ = docker;
  await withTempFolder(async (folder) => {
    await writeTree(folder, FILES);
    const dest = new WritableStream({
      close: () => void (whenClosed = buildkit.open),
    });
    const result = await docker.imageBuild(folder, {
      ...API,
      outputs: { type: "tar", dest },
    }).result();
    assertEquals(result.exports.map(({ bytes }) => bytes), [3]);
    assertEquals(whenClosed, 0);
    assertEquals(solvedOf(result)?.ref, result.ref);
    assert(result.ref !== undefined);
  });
  const { outcome } = await asked({});
  assertEquals(outcome instanceof Error ? outcome : outcome?.exports, []);
});

Deno.test("a build that has failed has left nothing of its result, when it says so", async () => {
  await withTempFolder(async (folder) => {
    const solve = () => Promise.reject(refusal("no"));
    const dest = `${folder}/a/b/out.tar`;
    const { outcome } = await asked({ outputs: { type: "tar", dest } }, {
      solve,
    });
    assert(outcome instanceof Error);
    assertEquals(namesNow(folder), []);
  });
});

Deno.test("streams for results are given up where the options are refused, when the build says so", async () => {
  const { docker, engine } = scripted(() => lines([DONE]));
  await using client = docker;
  const ended: unknown[] = [];
  const dest = new WritableStream({
    async abort(reason) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      ended.push(reason);
    },
  });
  const error = await assertRejects(() =>
    client.imageBuild(dockerfileTar("FROM a"), {
      tag: "BAD NAME",
      outputs: [{ type: "tar", dest }, { type: "tar", dest: "out" }],
    }).wait()
  );
  assertEquals(ended, [error]);
  for (const options of [null, 5, { outputs: "local", tag: "BAD NAME" }]) {
    const { message } = await assertRejects(
      () => client.imageBuild(dockerfileTar("FROM a"), options as never).wait(),
      Error,
    );
    assert(!message.includes("Cannot read"), message);
  }
  assertEquals(engine.asked, []);
});

Deno.test("settings of the environment are obeyed, and passwords in them masked", async () => {
  const { engine } = scripted(() => lines([DONE]));
  const record = new BuildRecord(() => undefined, []);
  await runImageBuild({
    host: engineHost(new Engine(engine)),
    logins: {},
    settings: () =>
      Promise.resolve({
        proxies: { HTTP_PROXY: "http://me:password1@proxy.example" },
        platform: "linux/arm64",
        sourceDateEpoch: undefined,
      }),
    context: dockerfileTar("FROM a"),
    options: {},
    record,
    stop: new AbortController().signal,
  });
  const { searchParams } = new URL(engine.asked.at(-1)!.path, "http://a");
  assertEquals(searchParams.get("platform"), "linux/arm64");
  assert(!record.text("a password1 b").includes("password1"));
});

Deno.test("what was held back for masking is told when the build is over", async () => {
  const { docker } = scriptedBuildKit({
    log: () => [step("RUN a", "a hunte")],
  });
  await using _ = docker;
  await withTempFolder(async (folder) => {
    await writeTree(folder, FILES);
    const build = docker.imageBuild(folder, {
      ...API,
      secrets: { token: "hunter2222" },
    });
    const logs = new Response(build.logs()).text();
    await build.wait();
    assertEquals(await logs, "a hunte");
  });
});

Deno.test("the name that an output gives the image is checked as a tag is", async () => {
  const { docker, engine } = scripted(() => lines([DONE]));
  await using client = docker;
  await assertRejects(
    () =>
      client.imageBuild(dockerfileTar("FROM a"), {
        outputs: { type: "image", attrs: { name: "BAD NAME" } },
      }).wait(),
    TypeError,
    '"BAD NAME"',
  );
  assertEquals(engine.asked, []);
});

Deno.test("an image that was stored and not searched for secrets is looked for by its names, once", async () => {
  const stored = {
    ...step("exporting to image"),
    statuses: [{
      id: `writing image sha256:${"a".repeat(64)}`,
      vertex: "sha256:exporting to image",
      name: "",
      current: 0,
      total: 0,
      timestamp: { seconds: 1, nanos: 0 },
      started: { seconds: 1, nanos: 0 },
      completed: undefined,
    }],
  };
  const fails = () => Promise.reject(refusal("no"));
  for (
    const [verify, solve, count] of [
      [true, fails, 1],
      [false, fails, 0],
      // The search itself sees to the names.
      [true, undefined, 1],
      [false, undefined, 0],
    ] as const
  ) {
    const { buildkit, outcome } = await asked(
      { tag: "a:1", secrets: { s: "hunter2222" }, verify },
      { log: () => [stored], ...(solve === undefined ? {} : { solve }) },
    );
    assertEquals(
      outcome instanceof Error,
      verify || solve !== undefined,
      `${outcome}`,
    );
    const looked = buildkit.fetched.filter((path) =>
      path.endsWith("/images/a:1/json")
    );
    assertEquals(looked.length, count);
  }
});

Deno.test("a stream for a result is given up when the session is closed", async () => {
  const { buildkit, docker } = scriptedBuildKit({
    solve: () => Promise.reject(refusal("no")),
  });
  await using _ = docker;
  let whenClosed: number | undefined;
  await withTempFolder(async (folder) => {
    await writeTree(folder, FILES);
    const dest = new WritableStream({
      abort: () => void (whenClosed = buildkit.open),
    });
    await assertRejects(() =>
      docker.imageBuild(folder, { ...API, outputs: { type: "tar", dest } })
        .wait()
    );
    assertEquals(whenClosed, 0);
  });
});

import { engineHost } from "../../lib/imagebuild/host.ts";
import { buildkitOf } from "../../lib/buildkit/engine_host.ts";
import { openControl } from "../../lib/buildkit/control.ts";
import { Engine } from "../../lib/engine/engine.ts";
import type { Fact } from "../../lib/imagebuild/fact.ts";
import { BuildRecord } from "../../lib/imagebuild/record.ts";
import { GrpcCode, GrpcError } from "../../lib/grpc/status.ts";
import { solveWay } from "../../lib/imagebuild/ways/solve.ts";
import { Upload } from "../../lib/session/upload.ts";
import {
  BuildError,
  ContextError,
  type ImageBuildOptions,
  ProtocolError,
  SecretError,
  UnsupportedError,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { collect, collectPrinted, warnings } from "../support/builds.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { dockerfileTar, tarBytes } from "../support/tar.ts";
import { until, untilQuiet } from "../support/until.ts";
import { IMAGE_ID, readyBuild, type Readying } from "./ready_build.ts";
import {
  type BuildKitScript,
  fetched,
  refusal,
  ScriptedBuildKit,
  type Solving,
  step,
  withBuildKit,
} from "./scripted_buildkit.ts";

const API = { api: "buildkit" } as const;
const DOCKERFILE = { dockerfile: { text: "FROM scratch\nRUN make\n" } };
const DIGEST = "containerimage.digest";

/** Resolves when the client gives the build up. */
function givenUp({ signal }: Solving): Promise<void> {
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve())
  );
}

Deno.test("a folder is asked for by the session's names, with all options in BuildKit's words", async () => {
  await withBuildKit({ abilities: ["source.policy"] }, async (scripted) => {
    const { docker, buildkit } = scripted;
    const rule = {
      action: "DENY",
      selector: { identifier: "docker-image://a" },
    } as const;
    await docker.imageBuild(DOCKERFILE, {
      ...API,
      tag: "a:1",
      target: "t",
      networkmode: "host",
      cachefrom: "c:1",
      buildargs: { BUILDKIT_INLINE_CACHE: "1" },
      sourcePolicy: { rules: [rule] },
      history: false,
    }).wait();
    const [request, ...more] = buildkit.solved;
    assertEquals(more, []);
    const { ref, session, frontendAttrs, exporters, cache, ...rest } = request!;
    assert(/^[0-9a-f]{32}$/.test(ref), ref);
    assert(/^[0-9a-f]{32}$/.test(session), session);
    assert(ref !== session);
    assertEquals(Object.fromEntries(frontendAttrs), {
      filename: "Dockerfile",
      target: "t",
      "image-resolve-mode": "local",
      "force-network-mode": "host",
      "cache-imports": '[{"Type":"registry","Attrs":{"ref":"c:1"}}]',
      "build-arg:BUILDKIT_INLINE_CACHE": "1",
    });
    const name = new Map([["name", "docker.io/library/a:1"]]);
    assertEquals(exporters, [{ type: "moby", attrs: name }]);
    assertEquals(cache, {
      exports: [{ type: "inline", attrs: new Map() }],
      imports: [{ type: "registry", attrs: new Map([["ref", "c:1"]]) }],
    });
    assertEquals(rest.frontend, "dockerfile.v0");
    assertEquals(rest.internal, true);
    assertEquals(rest.entitlements, ["network.host"]);
    assertEquals(rest.sourcePolicy?.rules.length, 1);
    assertEquals(buildkit.upgrades.map((path) => path.split("/")[2]).sort(), [
      "grpc",
      "session",
    ]);
    assertEquals(buildkit.fetched, []);
  });
});

Deno.test("each build has a reference and a session of its own, and a record unless told", async () => {
  await withBuildKit({}, async ({ docker, buildkit }) => {
    for (let at = 0; at < 3; at++) {
      await docker.imageBuild(DOCKERFILE, API).wait();
    }
    const ids = buildkit.solved.flatMap(({ ref, session }) => [ref, session]);
    assertEquals(new Set(ids).size, 6);
    const plain = buildkit.solved.map((
      { internal, entitlements, sourcePolicy, cache },
    ) => ({ internal, entitlements, sourcePolicy, cache }));
    assertEquals(plain[0], {
      internal: false,
      entitlements: [],
      sourcePolicy: undefined,
      cache: { exports: [], imports: [] },
    });
  });
});

Deno.test("the log and the image are the same messages as on POST /build", async () => {
  const log = [step("a", "one\n"), step("b", "two\n")];
  await withBuildKit({ log: () => log }, async ({ docker }) => {
    const build = docker.imageBuild(DOCKERFILE, { ...API, tag: "a" });
    const { messages, error, printed } = await collectPrinted(build);
    assertEquals(error, undefined);
    assertEquals(printed, "one\ntwo\n");
    assertEquals(messages.map(({ id }) => id), [
      "moby.buildkit.trace",
      "moby.buildkit.trace",
      "moby.image.id",
    ]);
    assertEquals(messages.at(-1)!.aux, { ID: IMAGE_ID });
    assertEquals(await build.wait(), IMAGE_ID);
    const images = [];
    for await (const event of build.events()) {
      if (event.type === "image") images.push([event.id, event.names]);
    }
    assertEquals(images, [[IMAGE_ID, ["a"]]]);
  });
});

Deno.test("a quiet build tells its image alone, and everything if it fails", async () => {
  const log = () => [step("a", "one\n")];
  await withBuildKit({ log }, async ({ docker }) => {
    const build = docker.imageBuild(DOCKERFILE, { ...API, quiet: true });
    const { messages } = await collect(build);
    assertEquals(messages as unknown[], [{ stream: `${IMAGE_ID}\n` }]);
    assertEquals(await build.wait(), IMAGE_ID);
    assertEquals((await build.result()).steps, []);
  });
  const solve = () => Promise.reject(refusal("no way"));
  await withBuildKit({ log, solve }, async ({ docker }) => {
    const build = docker.imageBuild(DOCKERFILE, { ...API, quiet: true });
    const { messages, printed } = await collectPrinted(build);
    assertEquals(messages.map(({ id }) => id), [
      "moby.buildkit.trace",
      undefined,
    ]);
    assertEquals(printed, "one\n");
  });
});

Deno.test("an image without a digest is no answer, and a result that is no image has none", async () => {
  const solve = () => Promise.resolve({ other: "x" });
  await withBuildKit({ solve }, async ({ docker }) => {
    const error = await assertRejects(
      () => docker.imageBuild(DOCKERFILE, API).wait(),
      ProtocolError,
    );
    assertEquals(
      error.message,
      "The engine ended the build with neither an image id nor an error: look into its log",
    );
    const build = docker.imageBuild(DOCKERFILE, {
      ...API,
      outputs: { type: "cacheonly" },
    });
    assertEquals(await build.wait(), "");
    assertEquals((await collect(build)).messages, []);
  });
});

Deno.test("a failure has BuildKit's words, the step and its output, masked, and is told as a message", async () => {
  await withBuildKit({
    log: () => [
      step("[1/1] RUN make", "making hunter22\n", { error: "exit code: 7" }),
    ],
    solve: () => Promise.reject(refusal("hunter22 failed: exit code: 7")),
  }, async ({ docker }) => {
    const build = docker.imageBuild(DOCKERFILE, {
      ...API,
      secrets: { token: "hunter22" },
    });
    const { messages, error } = await collect(build);
    assert(error instanceof BuildError);
    assertEquals(error.detail, "*** failed: exit code: 7");
    assertEquals(error.step, "[1/1] RUN make");
    assertEquals(error.log, ["making ***"]);
    assertEquals(error.source?.startLine, 2);
    const detail = "*** failed: exit code: 7";
    assertEquals(messages.at(-1) as unknown, {
      errorDetail: { message: detail },
      error: detail,
    });
    assert(!Deno.inspect([messages, error], { depth: 9 }).includes("hunter22"));
  });
});

Deno.test("a part of the log that can't be read is told, and so is a log that breaks off", async () => {
  await withBuildKit({
    log: async function* () {
      yield step("a", "one\n");
      yield Uint8Array.of(0xff, 0xff);
      yield await Promise.resolve(step("b", "two\n"));
    },
  }, async ({ docker }) => {
    const build = docker.imageBuild(DOCKERFILE, API);
    const { messages, printed } = await collectPrinted(build);
    assertEquals(warnings(messages), [
      "a part of the engine's log could not be read, and is left out",
    ]);
    assertEquals(printed, "one\ntwo\n");
  });
  const broken = async function* () {
    yield await Promise.resolve(step("a", "one\n"));
    throw refusal("lost it");
  };
  await withBuildKit({ log: broken }, async ({ docker }) => {
    const build = docker.imageBuild(DOCKERFILE, API);
    const { warnings } = await build.result();
    assertEquals(warnings.map(({ code, short }) => [code, short]), [[
      "trace-unreadable",
      "the rest of the engine's log could not be read, and is left out: lost it",
    ]]);
    const quiet = docker.imageBuild(DOCKERFILE, { ...API, quiet: true });
    assertEquals((await quiet.result()).warnings, []);
  });
});

Deno.test("a tar is fetched by a URL, watched on its way, and told", async () => {
  const tar = await tarBytes({ "d/file": "FROM scratch\nRUN make\n" });
  let got: Uint8Array | undefined;
  const solve = async ({ request, session }: Solving) => {
    got = await fetched(session, request.frontendAttrs.get("context")!);
    throw refusal("failed to solve: exit code: 1");
  };
  const log = () => [step("[1/1] RUN make", "", { error: "exit code: 1" })];
  await withBuildKit({ solve, log }, async ({ docker, buildkit }) => {
    const build = docker.imageBuild(new Blob([tar]), {
      ...API,
      dockerfile: "d/file",
    });
    const error = await assertRejects(() => build.wait(), BuildError);
    assertEquals(got, tar);
    assertEquals(error.source?.startLine, 2);
    assertEquals(error.source?.file, "d/file");
    const { frontendAttrs } = buildkit.solved[0]!;
    assertEquals(frontendAttrs.get("filename"), "d/file");
    assert(
      /^http:\/\/buildkit-session\/[0-9a-f]{32}$/.test(
        frontendAttrs.get("context")!,
      ),
    );
    const sent = [];
    for await (const event of build.events()) {
      if (event.type === "context") sent.push([event.files, event.bytesSent]);
      if (sent.length > 0) break;
    }
    assertEquals(sent, [[undefined, tar.length]]);
  });
});

Deno.test("of a tar that BuildKit reads in part it is told how much was sent", async () => {
  const solve = async ({ request, session }: Solving) => {
    const { host, pathname } = new URL(request.frontendAttrs.get("context")!);
    await using call = await session!.open("/moby.upload.v1.Upload/Pull", {
      metadata: [["urlpath", pathname], ["urlhost", host]],
    });
    await call.read();
    return { [DIGEST]: IMAGE_ID };
  };
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  const endless = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode("FROM scratch\n"));
    },
    pull: () => new Promise(() => {}),
    cancel: () => resolve(),
  }, { highWaterMark: 0 });
  await withBuildKit({ solve }, async ({ docker }) => {
    const { context } = await docker.imageBuild(endless, API).result();
    assertEquals(context.bytesSent, 13);
    await cancelled;
  });
});

Deno.test("a tar that fails, is none, or holds a secret in its Dockerfile stops the build, with the error of the tar", async () => {
  const solve = async (solving: Solving) => {
    const { request, session } = solving;
    const over = givenUp(solving);
    const url = request.frontendAttrs.get("context")!;
    await fetched(session, url).catch(() => {});
    await over;
    throw new GrpcError(GrpcCode.CANCELLED, "context canceled");
  };
  const secrets = { token: "hunter2222" };
  for (
    const [context, kind, words] of [
      [
        new ReadableStream<Uint8Array>({
          pull: (controller) => controller.error(new Error("the disk is gone")),
        }, { highWaterMark: 0 }),
        ContextError,
        "the disk is gone",
      ],
      [
        new Blob([Uint8Array.of(0x50, 0x4b, 3, 4, ...new Uint8Array(600))]),
        ContextError,
        "is packed with zip",
      ],
      [
        new Blob([
          Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, ...new Uint8Array(600)),
        ]),
        ContextError,
        "is packed with zstd",
      ],
      [
        dockerfileTar("FROM scratch", `LABEL a=${secrets.token}`),
        SecretError,
        "holds the value",
      ],
    ] as const
  ) {
    await withBuildKit({ solve }, async ({ docker }) => {
      const build = docker.imageBuild(context, { ...API, secrets });
      const error = await assertRejects(() => build.wait(), kind);
      assert(error.message.includes(words), error.message);
    });
  }
});

Deno.test("a tar that nobody fetches is let go", async () => {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  const tar = new ReadableStream<Uint8Array>({ cancel: () => resolve() });
  await withBuildKit({}, async ({ docker }) => {
    const { context } = await docker.imageBuild(tar, API).result();
    assertEquals(context.bytesSent, 0);
    await cancelled;
  });
});

Deno.test("a tar that fails behind BuildKit's answer fails the build as well", async () => {
  const failed = Promise.withResolvers<void>();
  let left = 1;
  const tar = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- > 0) {
        controller.enqueue(new TextEncoder().encode("FROM scratch\n"));
        return;
      }
      controller.error(new Error("the disk is gone"));
      failed.resolve();
    },
  }, { highWaterMark: 0 });
  const begun = Promise.withResolvers<void>();
  await withBuildKit({
    async *log() {
      await begun.promise;
      await failed.promise;
      yield step("a", "one\n");
    },
    async solve({ request, session }) {
      const url = request.frontendAttrs.get("context")!;
      setTimeout(() => {
        fetched(session, url).catch(() => {});
        begun.resolve();
      });
      return await Promise.resolve({ [DIGEST]: IMAGE_ID });
    },
  }, async ({ docker }) => {
    const error = await assertRejects(
      () => docker.imageBuild(tar, API).wait(),
      ContextError,
    );
    assert(error.message.includes("the disk is gone"), error.message);
  });
});

Deno.test("what BuildKit can't do is refused before it is asked to build", async () => {
  await withBuildKit({ abilities: ["x"] }, async ({ docker, buildkit }) => {
    const sourcePolicy = { rules: [] };
    const build = docker.imageBuild(DOCKERFILE, { ...API, sourcePolicy });
    const error = await assertRejects(() => build.wait(), UnsupportedError);
    assertEquals(error.feature, "sourcePolicy");
    assertEquals(buildkit.solved, []);
  });
});

Deno.test("a stage that does not exist is told, and what was never asked for", async () => {
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const solve = () =>
    Promise.resolve({
      [DIGEST]: IMAGE_ID,
      "containerimage.descriptor": btoa(
        JSON.stringify({ mediaType, digest: IMAGE_ID }),
      ),
    });
  await withBuildKit({ solve }, async ({ docker }) => {
    const build = docker.imageBuild(DOCKERFILE, {
      ...API,
      nocachefilter: "nope",
      secrets: { spare: "hunter22" },
    });
    const { warnings, secrets, image } = await build.result();
    assertEquals(warnings.map(({ code }) => code), [
      "option-ignored",
      "image-unread", // it has no such content
      "secret-unused",
    ]);
    assertEquals(secrets.unused, ["spare"]);
    assertEquals(image, { digest: IMAGE_ID, platforms: [] });
    const none = docker.imageBuild(DOCKERFILE, {
      ...API,
      outputs: { type: "cacheonly" },
    });
    assertEquals((await none.result()).image, undefined);
  });
});

/** A build that goes the way by itself, whose record has readers that are behind. */
async function slowBuild(script: BuildKitScript) {
  const buildkit = new ScriptedBuildKit(script);
  const abort = new AbortController();
  const { build } = await readyBuild(API, {
    source: { kind: "remote", url: "https://a.example/b.git" },
    stop: abort.signal,
  });
  const gate = Promise.withResolvers<void>();
  const told: Fact[] = [];
  const record = new BuildRecord((fact) => {
    told.push(fact);
    return gate.promise;
  }, []);
  const engine = new Engine(buildkit);
  const run = () =>
    solveWay.run({ ...build, record, host: engineHost(engine) }, undefined);
  return { abort, gate, told, run, buildkit, engine };
}

Deno.test("the log is read no faster than its readers read", async () => {
  const { gate, told, run, buildkit } = await slowBuild({
    log: () => [step("a"), step("b"), step("c")],
  });
  const running = run();
  await until(() => told.length === 1, "the first part is told");
  assertEquals(await untilQuiet(() => told.length, () => {}), 1);
  gate.resolve();
  const { imageId, told: knows } = await running;
  assertEquals([imageId, knows], [IMAGE_ID, false]);
  assertEquals(told.length, 4);
  await until(() => buildkit.open === 0, "the connection is closed");
});

Deno.test("behind a stop the way rejects with its reason, whatever BuildKit has answered", async () => {
  for (const fails of [true, false]) {
    const stopped = Promise.withResolvers<void>();
    const { abort, gate, run, buildkit, engine } = await slowBuild({
      async *log() {
        await stopped.promise;
        yield step("a");
      },
      solve: () =>
        fails
          ? Promise.reject(refusal("it failed"))
          : Promise.resolve({ [DIGEST]: IMAGE_ID }),
    });
    gate.resolve();
    const running = run();
    const reason = new Error("enough");
    await until(() => buildkit.answered === 1, "BuildKit answers");
    // On the same connection, so the build's answer has come before.
    const { signal } = new AbortController();
    await using control = await openControl(buildkitOf(engine), { signal });
    await control.workers({ signal });
    abort.abort(reason);
    stopped.resolve();
    assertEquals(await running.catch((error) => error), reason);
  }
});

Deno.test("an engine without BuildKit's API is an error, also where that comes before the session", async () => {
  const noApi = new UnsupportedError("BuildKit's API", "no such API here");
  const { promise: sessionWaits, resolve } = Promise.withResolvers<void>();
  await withBuildKit({ noApi, sessionWaits }, async ({ docker, buildkit }) => {
    const build = docker.imageBuild(DOCKERFILE, API);
    await until(() => buildkit.upgrades.length === 2, "both are asked for");
    await untilQuiet(() => buildkit.open, () => {});
    resolve();
    assertEquals(await build.wait().catch((error) => error), noApi);
  });
});

Deno.test("a cancel gives the call up, waits for the log's end, and has the caller's reason", async () => {
  let isOver = false;
  const began = Promise.withResolvers<void>();
  await withBuildKit({
    async *log(_ref, signal) {
      yield step("a", "one\n");
      began.resolve();
      await until(() => isOver, "the build is given up");
      yield step("a", "last words\n");
      assert(!signal.aborted);
    },
    async solve(solving) {
      await givenUp(solving);
      isOver = true;
      throw new GrpcError(GrpcCode.CANCELLED, "context canceled");
    },
  }, async ({ docker }) => {
    const build = docker.imageBuild(DOCKERFILE, API);
    await began.promise;
    const reason = new Error("enough");
    await build.cancel(reason);
    const { printed } = await collectPrinted(build);
    assertEquals(await build.wait().catch((error) => error), reason);
    assertEquals(printed, "one\nlast words\n");
  });
});

Deno.test("a cancel stops a tar on its way, with the caller's reason", async () => {
  const pulled = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<unknown>();
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulled.resolve();
      controller.enqueue(new TextEncoder().encode("FROM scratch\n"));
    },
    cancel: (reason) => cancelled.resolve(reason),
  }, { highWaterMark: 0 });
  const ended = Promise.withResolvers<unknown>();
  await withBuildKit({
    async solve({ request, session, signal }) {
      const url = request.frontendAttrs.get("context")!;
      ended.resolve(await fetched(session, url).catch((error) => error));
      return signal.aborted ? {} : { [DIGEST]: IMAGE_ID };
    },
  }, async ({ docker }) => {
    const abort = new AbortController();
    const build = docker.imageBuild(endless, { ...API, signal: abort.signal });
    await pulled.promise;
    const reason = new Error("enough");
    abort.abort(reason);
    assertEquals(await build.wait().catch((error) => error), reason);
    assertEquals(await cancelled.promise, reason);
    // Half a tar must not be taken for a whole one.
    assert(await ended.promise instanceof Error);
  });
});

Deno.test("host-gateway is replaced by the engine's own address, and refused where it tells none", async () => {
  const label = "org.mobyproject.buildkit.worker.moby.host-gateway-ip";
  const hosts = (script: BuildKitScript, extrahosts: string[]) => {
    let told: unknown;
    return withBuildKit(script, async ({ docker, buildkit }) => {
      told = await docker.imageBuild(DOCKERFILE, { ...API, extrahosts }).wait()
        .then(
          () => buildkit.solved[0]!.frontendAttrs.get("add-hosts"),
          (error) => error,
        );
    }).then(() => told);
  };
  const both = ["a:host-gateway", "b:1.2.3.4"];
  assertEquals(
    await hosts({ labels: { [label]: "172.17.0.1" } }, both),
    "a=172.17.0.1,b=1.2.3.4",
  );
  assertEquals(
    await hosts({ labels: { [label]: "172.17.0.1,fd00::1" } }, both),
    "a=172.17.0.1,b=1.2.3.4",
  );
  for (const labels of [{}, { [label]: "" }]) {
    const error = await hosts({ labels }, both) as UnsupportedError;
    assert(error instanceof UnsupportedError);
    assertEquals(error.feature, "host-gateway");
    assertEquals(
      error.message,
      'Cannot build with an extra host at "host-gateway": over BuildKit\'s API this builder does not tell which address that is; give the address itself',
    );
  }
  assertEquals(await hosts({}, ["b:1.2.3.4"]), "b=1.2.3.4");
});

Deno.test("without a session only a context that the engine fetches is built", async () => {
  const noSession = new UnsupportedError("sessions", "no sessions here");
  await withBuildKit({ noSession }, async ({ docker, buildkit }) => {
    await withTempFolder(async (root) => {
      await writeTree(root, { Dockerfile: "FROM scratch\n" });
      for (const context of [DOCKERFILE, root, dockerfileTar("FROM scratch")]) {
        const build = docker.imageBuild(context, API);
        assertEquals(await build.wait().catch((error) => error), noSession);
      }
    });
    assertEquals(buildkit.solved, []);
    const url = "https://git.example/a.git#main:sub";
    await docker.imageBuild(url, { ...API, dockerfile: "x" }).wait();
    await docker.imageBuild(url, { ...API, session: "mine" }).wait();
    await docker.imageBuild(url, { ...API, session: false }).wait();
    assertEquals(
      buildkit.solved.map(({ session, frontendAttrs }) => [
        session,
        frontendAttrs.get("context"),
        frontendAttrs.get("filename"),
      ]),
      [
        ["", url, "x"],
        ["mine", url, undefined],
        ["", url, undefined],
      ],
    );
  });
});

Deno.test("the connection for the build is opened while the session is", async () => {
  await withBuildKit({}, async ({ docker, buildkit }) => {
    const asked = Promise.withResolvers<void>();
    const upgrade = buildkit.upgrade.bind(buildkit);
    // The session is there only when the other connection was asked for, too.
    buildkit.upgrade = async (path, init) => {
      if (path.endsWith("/session")) await asked.promise;
      else asked.resolve();
      return await upgrade(path, init);
    };
    const signal = AbortSignal.timeout(20_000);
    await docker.imageBuild(DOCKERFILE, { ...API, signal }).wait();
    assertEquals(buildkit.upgrades.map((path) => path.split("/").at(-1)), [
      "grpc",
      "session",
    ]);
  });
});

Deno.test("an engine that has no such API is found out while the session opens", async () => {
  await withBuildKit({}, async ({ docker, buildkit }) => {
    const refused = new UnsupportedError("the API", "there is no such API");
    const asked = Promise.withResolvers<void>();
    const upgrade = buildkit.upgrade.bind(buildkit);
    buildkit.upgrade = async (path, init) => {
      if (!path.endsWith("/session")) {
        asked.resolve();
        throw refused;
      }
      await asked.promise;
      // As long as it takes to call an error that nobody heard of.
      for (let turn = 0; turn < 10; turn++) {
        await new Promise((resolve) => setTimeout(resolve));
      }
      return await upgrade(path, init);
    };
    const build = docker.imageBuild(DOCKERFILE, API);
    assertEquals(await build.wait().catch((error) => error), refused);
  });
});

const FOLDER = {
  kind: "folder",
  path: undefined,
  dockerfile: { text: "FROM scratch" },
  ignore: undefined,
} as const;

Deno.test("beside a session of the caller's own, a folder comes from a second one", async () => {
  await withBuildKit({}, async ({ docker, buildkit }) => {
    const build = docker.imageBuild(DOCKERFILE, { ...API, session: "mine" });
    const { secrets } = await build.result();
    assertEquals(secrets.unused, []);
    const { session, frontendAttrs } = buildkit.solved[0]!;
    assertEquals(session, "mine");
    const own = frontendAttrs.get("local-sessionid:context")!;
    assert(/^[0-9a-f]{32}$/.test(own), own);
    assertEquals(frontendAttrs.get("local-sessionid:dockerfile"), own);
    await docker.imageBuild(DOCKERFILE, API).wait();
    const plain = buildkit.solved[1]!.frontendAttrs;
    assertEquals(
      [...plain.keys()].filter((name) => name.startsWith("local-")),
      [],
    );
  });
});

/** What the way needs for a build. */
async function needsOf(options: ImageBuildOptions, readying: Readying = {}) {
  const { build } = await readyBuild({ ...API, ...options }, readying);
  const { warnings, session, sessionRequired, uploads, unread } = solveWay
    .needs(
      build,
    );
  return {
    warnings: warnings.map(([code, _, name]) => [code, name]),
    session: typeof session,
    sessionRequired,
    upload: uploads?.own instanceof Upload,
    unread,
  };
}

Deno.test("a tar, a folder and a URL need the session in their own ways", async () => {
  const common = { warnings: [], unread: [] };
  assertEquals(await needsOf({ secrets: { a: "b" } }), {
    ...common,
    session: "function",
    sessionRequired: true,
    upload: true,
  });
  for (const options of [{}, { session: "x" }]) {
    const readying = { source: FOLDER, facts: { negotiated: "1.42" } };
    assertEquals(await needsOf(options, readying), {
      ...common,
      session: "function",
      sessionRequired: true,
      upload: false,
    });
  }
  const remote = { kind: "remote", url: "https://a.example/b.git" } as const;
  assertEquals(await needsOf({}, { source: remote }), {
    ...common,
    session: "function",
    sessionRequired: false,
    upload: false,
  });
  assertEquals(await needsOf({ session: "x" }, { source: remote }), {
    ...common,
    session: "undefined",
    sessionRequired: false,
    upload: false,
  });
});

Deno.test("what BuildKit's API can't do is refused with its reason, before anything is sent", async () => {
  const remote = { kind: "remote", url: "https://a.example/b.git" } as const;
  for (
    const [options, readying, feature, words] of [
      [{}, { canServe: false }, 'api "buildkit"', "this transport can not"],
      [
        { cacheto: "a:1" },
        { canServe: false },
        "cacheto",
        "this transport can not take a connection over",
      ],
      [{ squash: true }, {}, 'api "buildkit"', "can not squash layers"],
      [
        { squash: true, history: false },
        {},
        "history",
        "can not squash layers",
      ],
      [
        { session: false },
        {},
        'api "buildkit"',
        ": the context comes over a session; leave the option session out",
      ],
      [
        { session: false },
        { source: FOLDER },
        'api "buildkit"',
        ": the context comes over a session; leave the option session out",
      ],
      [
        { session: "x" },
        {},
        'api "buildkit"',
        ": a tar comes over a session of davit's own; give a folder, or leave the option session out",
      ],
      [
        { session: "x" },
        { source: FOLDER, facts: { negotiated: "1.41" } },
        'api "buildkit"',
        ": this engine can not take the context from a session of davit's own beside another one; leave the option session out, or use a newer engine",
      ],
      [
        { session: "x", strictSecrets: "missing" },
        { source: remote },
        "strictSecrets",
        "nobody tells what the build asks for",
      ],
      [
        { session: false, strictSecrets: "unused" },
        { source: remote },
        "strictSecrets",
        "nobody tells what the build asks for",
      ],
      [
        {},
        { facts: { negotiated: "1.38" } },
        "BuildKit",
        "it speaks API 1.38",
      ],
    ] as const
  ) {
    const { build } = await readyBuild({ ...API, ...options }, readying);
    const error = assertThrows(() => solveWay.needs(build), UnsupportedError);
    assertEquals(error.feature, feature);
    assert(error.message.includes(words), error.message);
  }
  const large = { secrets: { a: new Uint8Array(17 * 1024 * 1024) } };
  const { build } = await readyBuild({ ...API, ...large });
  assertThrows(() => solveWay.needs(build), SecretError);
});

Deno.test("an annotation that BuildKit would drop is refused before anything is sent", async () => {
  await withBuildKit({}, async ({ docker, buildkit }) => {
    await assertRejects(
      () =>
        docker.imageBuild(DOCKERFILE, {
          annotations: { "manifest[linux/amd64]:a": "b" },
        }).wait(),
      TypeError,
      "Cannot use annotations for [linux/amd64]: ",
    );
    assertEquals(buildkit.solved, []);
  });
});

Deno.test("what BuildKit does not obey is told, except what its own API obeys", async () => {
  const { warnings } = await needsOf({
    cgroupparent: "a",
    memory: 5,
    rm: true,
  });
  assertEquals(warnings, [
    ["option-ignored", "rm"],
    ["option-ignored", "memory"],
  ]);
  const old = { facts: { negotiated: "1.41" } };
  assertEquals((await needsOf({ shmsize: 5 }, old)).warnings, [
    ["option-ignored", "shmsize"],
  ]);
  const plain = await needsOf({ secrets: { a: "b" } }, {
    endpoint: "tcp://far.example:2375",
  });
  assertEquals(plain.warnings, [["plain-connection", undefined]]);
  // It can keep nothing, which engines from 26 on can't on POST /build.
  assertEquals(
    (await needsOf({ outputs: { type: "cacheonly" } })).warnings,
    [],
  );
});

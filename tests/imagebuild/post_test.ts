import { Engine } from "../../lib/engine/engine.ts";
import type { Build, BuildWay } from "../../lib/imagebuild/build_way.ts";
import { classicWay } from "../../lib/imagebuild/ways/classic.ts";
import { engineWay } from "../../lib/imagebuild/ways/engine.ts";
import type { OpenSession } from "../../lib/session/open.ts";
import {
  BuildError,
  ContextError,
  ProtocolError,
  type Transport,
} from "../../mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { tarBytes } from "../support/tar.ts";
import { gatewayWay } from "../../lib/imagebuild/ways/gateway.ts";
import { DONE, IMAGE_ID, lines, readyBuild } from "./ready_build.ts";
import { pack } from "./tar_forms.ts";

const SESSION: OpenSession = {
  id: "session-id",
  lost: () => false,
  close: () => Promise.resolve(),
};

/** Builds by a way, whatever it needs. */
async function built(build: Build, way: BuildWay = engineWay): Promise<string> {
  return (await way.run(build, undefined)).imageId;
}

Deno.test("a build has an image's id, unless its output is none", async () => {
  const script = () => lines([{ stream: "done" }]);
  for (const messages of [[], [{ stream: "done" }]]) {
    const ready = await readyBuild({}, { script: () => lines(messages) });
    const error = await assertRejects(() => built(ready.build), ProtocolError);
    assertEquals(
      error.message,
      "The engine ended the build with neither an image id nor an error: look into its log",
    );
  }
  const none = await readyBuild(
    { outputs: { type: "cacheonly" } },
    { script, facts: { negotiated: "1.41" } },
  );
  assertEquals(await built(none.build), "");
  // The last one counts, and what comes behind it is none.
  const last = await readyBuild({}, {
    script: () =>
      lines([{ aux: { ID: "sha256:0" } }, DONE, { stream: "done" }, {
        id: "other",
        aux: { ID: "sha256:2" },
      }]),
  });
  assertEquals(await built(last.build), IMAGE_ID);
});

Deno.test("a quiet build says its image's id as text", async () => {
  const hex = "b".repeat(64);
  const id = async (stream: string, quiet: boolean | undefined) => {
    const ready = await readyBuild({ quiet }, {
      script: () => lines([{ stream }]),
    });
    return await built(ready.build).catch((error) => error.name);
  };
  assertEquals(await id(`sha256:${hex}\n`, true), `sha256:${hex}`);
  assertEquals(await id(`${hex} \n`, true), `sha256:${hex}`);
  for (const other of [`${hex}b`, hex.slice(1), `x${hex}`, `sha256: ${hex}`]) {
    assertEquals(await id(other, true), "ProtocolError");
  }
  assertEquals(await id(`sha256:${hex}\n`, false), "ProtocolError");
  assertEquals(await id(`sha256:${hex}\n`, undefined), "ProtocolError");
  const error = await readyBuild({ quiet: true }, {
    script: () => lines([{ stream: hex }, DONE]),
  });
  assertEquals(await built(error.build), IMAGE_ID);
});

Deno.test("a build's error is masked, has the step's exit code, and is told as a message, too", async () => {
  const ready = await readyBuild({ secrets: { a: "value of a" } }, {
    script: () =>
      lines([
        { stream: "one" },
        { errorDetail: { code: 3, message: "no value of a" } },
        DONE,
      ]),
  });
  await ready.build.record.protect(ready.build.inputs.secrets.atHand());
  const error = await assertRejects(() => built(ready.build), BuildError);
  assertEquals([error.detail, error.exitCode], ["no ***", 3]);
  const told = ready.told.flatMap((fact) =>
    fact.kind === "line" ? [fact.message] : []
  );
  assert(JSON.stringify(told).includes("no ***"), JSON.stringify(told));
  assertEquals(JSON.stringify(told).includes("sha256"), false);
});

Deno.test("a folder is asked for over the session, or sent as a tar", async () => {
  await withTempFolder(async (path) => {
    await writeTree(path, { Dockerfile: "FROM scratch\n", a: "content of a" });
    const folder = async (session: OpenSession | undefined) => {
      const ready = await readyBuild({}, {
        source: {
          kind: "folder",
          path,
          dockerfile: undefined,
          ignore: undefined,
        },
      });
      await engineWay.run(ready.build, session);
      const { buildid: _, ...query } = ready.query();
      const { dockerfile } = ready.build.record;
      assertEquals(dockerfile()?.text, "FROM scratch\n");
      return { query, ready, asked: ready.asked[0]! };
    };
    const served = await folder(SESSION);
    assertEquals(served.query, {
      version: "2",
      remote: "client-session",
      dockerfile: "Dockerfile",
      session: "session-id",
    });
    assertEquals(served.asked.body, undefined);
    assert(served.asked.given.includes("body"));
    assertEquals(
      served.ready.told.filter(({ kind }) => kind === "own"),
      [],
    );
    const sent = await folder(undefined);
    assertEquals(sent.query, { version: "2", dockerfile: "Dockerfile" });
    assert(sent.asked.body!.includes("content of a"));
    const [event] = sent.ready.told.flatMap((fact) =>
      fact.kind === "own" && fact.event.type === "context" ? [fact.event] : []
    );
    assertEquals(event!.files, 2);
    assertEquals(event!.bytesSent, sent.asked.body!.length);
  });
});

Deno.test("of a tar the Dockerfile is looked at that the option names", async () => {
  const seen: string[] = [];
  for (const dockerfile of [undefined, "sub/Other"]) {
    const stream = new Blob([
      await tarBytes({ Dockerfile: "FROM a\n", "sub/Other": "FROM b\n" }),
    ]).stream();
    const ready = await readyBuild(
      dockerfile === undefined ? {} : { dockerfile },
      { source: { kind: "tar", stream } },
    );
    await built({
      ...ready.build,
      onDockerfile: (text) => void seen.push(text),
    });
    assertEquals(ready.query().dockerfile, dockerfile);
  }
  assertEquals(seen, ["FROM a\n", "FROM b\n"]);
});

Deno.test("a builder takes the forms that it knows, and no others", async () => {
  const { zstdCompressSync } = await import("node:zlib");
  const tar = await tarBytes({ Dockerfile: "FROM scratch\n" });
  const text = new TextEncoder().encode("FROM scratch\n");
  const forms = { text, zstd: new Uint8Array(zstdCompressSync(tar)) };
  for (
    const [way, form, isTaken] of [
      [engineWay, "text", true],
      [engineWay, "zstd", false],
      [gatewayWay, "text", true],
      [gatewayWay, "zstd", false],
      [classicWay, "text", false],
      [classicWay, "zstd", true],
    ] as const
  ) {
    const stream = new Blob([forms[form]]).stream();
    const ready = await readyBuild(way === classicWay ? { version: "1" } : {}, {
      source: { kind: "tar", stream },
    });
    const error = await built(ready.build, way).catch((error) => error);
    assertEquals(error instanceof ContextError, !isTaken, form);
  }
});

Deno.test("the classic builder gets whole what only engines unpack", async () => {
  const bytes = new Uint8Array(2000).fill(65);
  bytes.set(new TextEncoder().encode("BZh"));
  const ready = await readyBuild({ version: "1" }, {
    source: { kind: "tar", stream: new Blob([bytes]).stream() },
  });
  assertEquals(await built(ready.build, classicWay), IMAGE_ID);
  assertEquals(ready.asked[0]!.body!.length, 2000);
});

Deno.test("a context whose packing is damaged stops the classic builder", async () => {
  const packed = await pack(await tarBytes({ Dockerfile: "FROM scratch\n" }));
  packed.fill(0xff, 12);
  const ready = await readyBuild({ version: "1" }, {
    source: { kind: "tar", stream: new Blob([packed]).stream() },
  });
  const error = await assertRejects(
    () => built(ready.build, classicWay),
    ContextError,
  );
  assertEquals(
    error.message,
    "The build was stopped: the context's packing is damaged; give a tar as it is, or in gzip",
  );
  assert(error.cause instanceof Error);
});

/** A transport whose builds and cancels a test answers; nothing is read of a body unless that does it. */
function transportOf(
  build: (init: RequestInit) => Promise<Response> | Response,
  cancel: (path: string) => Promise<Response> | Response = () => new Response(),
): { engine: Engine; paths: string[] } {
  const paths: string[] = [];
  const transport: Transport = {
    async fetch(path, init = {}) {
      if (path === "/_ping") {
        return new Response("OK", { headers: { "Api-Version": "1.51" } });
      }
      paths.push(path.replace(/^\/v[\d.]+/, ""));
      return path.includes("/build/cancel")
        ? await cancel(path)
        : await build(init);
    },
    close() {},
  };
  return { engine: new Engine(transport), paths };
}

/** Never answers; fails with the reason when it is cut off. */
function unanswered({ signal }: RequestInit): Promise<Response> {
  return new Promise((_, reject) =>
    signal!.addEventListener("abort", () => reject(signal!.reason))
  );
}

/** A tar's stream that is not at its end, and why it was cancelled. */
async function endless(): Promise<{
  stream: ReadableStream<Uint8Array>;
  cancelled: Promise<unknown>;
}> {
  const tar = (await tarBytes({ Dockerfile: "FROM scratch\n" }))
    .subarray(0, 1024);
  const cancelled = Promise.withResolvers<unknown>();
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(tar),
    cancel: cancelled.resolve,
  }, { highWaterMark: 0 });
  return { stream, cancelled: cancelled.promise };
}

Deno.test("a build that is stopped before it began is not asked for", async () => {
  const { stream, cancelled } = await endless();
  const reason = new Error("enough");
  const stop = AbortSignal.abort(reason);
  const { engine, paths } = transportOf(unanswered);
  const ready = await readyBuild({}, { source: { kind: "tar", stream } });
  const error = await built({ ...ready.build, engine, stop })
    .catch((error) => error);
  assertEquals(error, reason);
  assertEquals(await cancelled, reason);
  assertEquals(paths, []);
});

Deno.test("a build that is stopped before its answer is cancelled by its id, and cut off", async () => {
  for (const way of [engineWay, classicWay]) {
    for (const status of [200, 404]) {
      const { stream, cancelled } = await endless();
      const reason = new Error("enough");
      const controller = new AbortController();
      let isCut = false;
      const { engine, paths } = transportOf(
        async (init) => {
          init.signal!.addEventListener("abort", () => isCut = true);
          controller.abort(reason);
          return await unanswered(init);
        },
        () => new Response("{}", { status }),
      );
      const ready = await readyBuild(
        way === classicWay ? { version: "1" } : {},
        { source: { kind: "tar", stream } },
      );
      const stop = controller.signal;
      const error = await built({ ...ready.build, engine, stop }, way)
        .catch((error) => error);
      assertEquals(error, reason);
      assertEquals(isCut, true);
      assertEquals(await cancelled, reason);
      const id = new URL(paths[0]!, "http://a").searchParams.get("buildid");
      assertEquals(
        paths.slice(1),
        way === classicWay ? [] : [`/build/cancel?id=${id}`],
      );
    }
  }
});

Deno.test("a build that is stopped behind the beginning of its answer hears the engine out, and waits for the cancel", async () => {
  const { stream } = await endless();
  const reason = new Error("enough");
  const controller = new AbortController();
  let answer!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (given) => void (answer = given),
  });
  const say = (text: string) =>
    answer.enqueue(new TextEncoder().encode(`{"stream":"${text}"}\r\n`));
  const cancelling = Promise.withResolvers<Response>();
  let wasCut: boolean | undefined;
  let signal: AbortSignal | null | undefined;
  const { engine } = transportOf((init) => {
    signal = init.signal;
    say("begun");
    return new Response(body);
  }, () => {
    wasCut = signal!.aborted;
    say("cleaned up");
    answer.enqueue(new TextEncoder().encode(JSON.stringify(DONE)));
    answer.close();
    return cancelling.promise;
  });
  const ready = await readyBuild({}, { source: { kind: "tar", stream } });
  const told: unknown[] = [];
  const { record } = ready.build;
  const { tellLine } = record;
  record.tellLine = (message) => {
    told.push(message.stream ?? message.id);
    tellLine.call(record, message);
    if (message.stream === "begun") controller.abort(reason);
    // All is said: only the cancel is not answered yet.
    if (message.stream === "cleaned up") {
      setTimeout(() => {
        told.push("answered");
        cancelling.resolve(new Response());
      }, 1);
    }
  };
  const error = await built({
    ...ready.build,
    engine,
    stop: controller.signal,
  }).catch((error) => error);
  assertEquals(error, reason);
  assertEquals(told, ["begun", "cleaned up", "moby.image.id", "answered"]);
  assertEquals([wasCut, signal!.aborted], [false, true]);
});

Deno.test("a build leaves nothing behind: no listener, no connection, no stream", async () => {
  const { stream, cancelled } = await endless();
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  Object.assign(signal, {
    addEventListener(...args: Parameters<typeof addEventListener>) {
      if (args[0] === "abort") listeners++;
      addEventListener.apply(signal, args);
    },
    removeEventListener(...args: Parameters<typeof removeEventListener>) {
      if (args[0] === "abort") listeners--;
      removeEventListener.apply(signal, args);
    },
  });
  let cut: AbortSignal | null | undefined;
  const { engine, paths } = transportOf(async (init) => {
    cut = init.signal;
    const reader = (init.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    return lines([DONE]);
  });
  const ready = await readyBuild({}, { source: { kind: "tar", stream } });
  assertEquals(
    await built({ ...ready.build, engine, stop: signal }),
    IMAGE_ID,
  );
  assertEquals(await cancelled, undefined);
  assertEquals([listeners, cut!.aborted], [0, true]);
  controller.abort();
  assertEquals(paths.length, 1);
  // What the engine took before it was done is told.
  const [event] = ready.told.flatMap((fact) =>
    fact.kind === "own" ? [fact.event] : []
  );
  assertEquals(event, {
    type: "context",
    name: undefined,
    files: undefined,
    filesReused: 0,
    bytesOffered: 1024,
    bytesSent: 1024,
  });
});

Deno.test("a context that fails stops the build, whatever the engine says", async () => {
  const gone = new Error("the disk is gone");
  const failing = () =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(gone);
      },
    }, { highWaterMark: 0 });
  const { engine, paths } = transportOf(async (init) => {
    const reader = (init.body as ReadableStream<Uint8Array>).getReader();
    await reader.read().catch(() => {}); // as a connection that is not done
    return await unanswered(init);
  });
  const ready = await readyBuild({}, {
    source: { kind: "tar", stream: failing() },
  });
  const error = await assertRejects(
    () => built({ ...ready.build, engine }),
    ContextError,
    "the disk is gone",
  );
  assertEquals(error.cause, gone);
  assertEquals(paths.length, 2);
  assert(paths[1]!.startsWith("/build/cancel?id="));
  // Also where the engine was content with it.
  const content = transportOf(async (init) => {
    const reader = (init.body as ReadableStream<Uint8Array>).getReader();
    await reader.read().catch(() => {}); // as above
    return lines([DONE]);
  });
  const other = await readyBuild({}, {
    source: { kind: "tar", stream: failing() },
  });
  await assertRejects(
    () => built({ ...other.build, engine: content.engine }),
    ContextError,
    "the disk is gone",
  );
});

Deno.test("an engine is told once to stop, and not when all is over", async () => {
  const controller = new AbortController();
  const failing = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(new Error("the disk is gone"));
    },
  }, { highWaterMark: 0 });
  const twice = transportOf(async (init) => {
    const reader = (init.body as ReadableStream<Uint8Array>).getReader();
    await reader.read().catch(() => {}); // as a connection that is not done
    return await unanswered(init);
  }, () => {
    controller.abort(new Error("enough"));
    return new Response();
  });
  const ready = await readyBuild({}, {
    source: { kind: "tar", stream: failing },
  });
  const stop = controller.signal;
  await built({ ...ready.build, engine: twice.engine, stop })
    .catch((error) => assertEquals(error.message, "enough"));
  assertEquals(twice.paths.length, 2);
  let body: ReadableStream<Uint8Array> | undefined;
  const late = transportOf((init) => {
    body = init.body as ReadableStream<Uint8Array>;
    return lines([DONE]);
  });
  const unread = await readyBuild();
  assertEquals(
    await built({ ...unread.build, engine: late.engine }),
    IMAGE_ID,
  );
  // A context that is read when all is over has no fault that could stop it.
  assertEquals((await body!.getReader().read()).done, true);
  assertEquals(late.paths.length, 1);
});

Deno.test("a build reads on when those who read it can take more", async () => {
  const ready = await readyBuild({}, {
    script: () => lines([{ stream: "one" }, { stream: "two" }, DONE]),
  });
  const { record } = ready.build;
  const gate = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  let told = 0;
  const { tellLine } = record;
  record.tellLine = (message) => {
    told++;
    tellLine.call(record, message);
  };
  record.ready = () => {
    asked.resolve();
    return gate.promise;
  };
  const building = built(ready.build);
  await asked.promise;
  // Whatever is to be done without waiting is done by then.
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(told, 1);
  gate.resolve();
  assertEquals(await building, IMAGE_ID);
  assertEquals(told, 3);
});

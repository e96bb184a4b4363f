import type { WayNeeds } from "../../lib/imagebuild/build_way.ts";
import { openBuildSession, tellSent } from "../../lib/imagebuild/session.ts";
import {
  EventReader,
  type Fact,
  messageSize,
  OWN_SIZE,
  statusSize,
  warningFact,
} from "../../lib/imagebuild/fact.ts";
import { stateOf } from "../../lib/imagebuild/build_operation.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { BuildRecord } from "../../lib/imagebuild/record.ts";
import {
  imageIdOf,
  messagesOf,
  readTrace,
} from "../../lib/imagebuild/ways/engine_messages.ts";
import type { SolveStatus } from "../../lib/progress/solve_status.ts";
import { encodeTrace } from "../../lib/progress/trace_encode.ts";
import type { SshAgents } from "../../lib/ssh/agents.ts";
import { SecretError, UnsupportedError } from "../../mod.ts";
import { scripted } from "../engine/scripted_engine.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { dockerfileTar, tarOf } from "../support/tar.ts";
import { DONE, IMAGE_ID, lines, readyBuild } from "./ready_build.ts";

const encoder = new TextEncoder();

const EMPTY: SolveStatus = {
  vertexes: [],
  statuses: [],
  logs: [],
  warnings: [],
};

const VERTEX = {
  digest: "sha256:1",
  name: "[1/1] RUN true",
  inputs: [],
  cached: false,
  started: { seconds: 1, nanos: 0 },
  completed: undefined,
  error: "",
  group: undefined,
} as const;

function logOf(text: string): SolveStatus {
  return {
    ...EMPTY,
    vertexes: [VERTEX],
    logs: [{
      vertex: VERTEX.digest,
      timestamp: { seconds: 1, nanos: 0 },
      stream: 1,
      data: encoder.encode(text),
    }],
  };
}

function traced(status: SolveStatus): unknown {
  return { id: "moby.buildkit.trace", aux: encodeTrace(status) };
}

Deno.test("a build's result has all that was told of it", async () => {
  const { docker } = scripted(() => lines([traced(logOf("printed\n")), DONE]));
  await using client = docker;
  const build = client.imageBuild(dockerfileTar("FROM scratch"), {
    tag: ["a:1", "b:1"],
    secretsVia: "header",
    secrets: { s: "abc" },
  });
  assertEquals(build.names, ["a:1", "b:1"]);
  const logs = new Response(build.logs()).text();
  const events = await Array.fromAsync(build.events());
  const result = await build.result();
  assertEquals(await build.wait(), IMAGE_ID);
  assertEquals(await logs, "printed\n");
  assertEquals([result.imageId, result.names], [IMAGE_ID, ["a:1", "b:1"]]);
  assertEquals(result.steps.map(({ name }) => name).slice(0, 1), [VERTEX.name]);
  assertEquals(result.warnings.map(({ code }) => code), ["secret-short"]);
  assertEquals(result.context.bytesSent, 2048);
  const image = events.find((event) => event.type === "image");
  assertEquals(image?.type === "image" && image.names, ["a:1", "b:1"]);
  assertEquals(stateOf(build)!.warnings, result.warnings);
  assertEquals(stateOf({}), undefined);
});

Deno.test("what a mask holds back is given out at the end, also of a build that fails", async () => {
  const ends: unknown[][] = [[DONE], [{ error: "step failed" }]];
  for (const end of ends) {
    const { docker } = scripted(() =>
      lines([traced(logOf("printed abc")), ...end])
    );
    await using client = docker;
    const build = client.imageBuild(dockerfileTar("FROM scratch"), {
      secretsVia: "header",
      secrets: { s: "abcdefgh" },
    });
    let printed = "";
    try {
      for await (const event of build.events()) {
        if (event.type === "log") printed += event.text;
      }
    } catch (error) {
      assertEquals((error as Error).name, "BuildError");
    }
    await build.wait().catch(() => {}); // as above
    assertEquals(printed, "printed abc");
  }
});

Deno.test("logs() gives what is printed as it is read, and nothing else", async () => {
  const { docker } = scripted(() =>
    lines([traced(logOf("one\n")), traced(EMPTY), traced(logOf("two\n")), DONE])
  );
  await using client = docker;
  const build = client.imageBuild(dockerfileTar("FROM scratch"));
  await build.wait();
  const reader = build.logs().getReader();
  assertEquals((await reader.read()).value, encoder.encode("one\n"));
  assertEquals((await reader.read()).value, encoder.encode("two\n"));
  assertEquals((await reader.read()).done, true);
  const given = build.logs().getReader();
  await given.read();
  await given.cancel();
  assertEquals((await given.read()).done, true);
});

Deno.test("a build that fails has given back its streams, and stopped its functions", async () => {
  const failure = { error: "step failed" };
  for (
    const [options, script] of [
      [{ remote: "https://a.example/x.git" }, () => lines([DONE])],
      [{ version: "3" }, () => lines([DONE])],
      [
        { secretsVia: "header", secrets: { f: () => "x" } },
        () => lines([DONE]),
      ],
    ] as [ImageBuildOptions, () => Response][]
  ) {
    const { docker } = scripted(script);
    await using client = docker;
    const cancelled = Promise.withResolvers<void>();
    const context = new ReadableStream<Uint8Array>({
      cancel: () => cancelled.resolve(),
    });
    const building = client.imageBuild(context, options).wait();
    await building.catch(() => {}); // only the first goes well
    await cancelled.promise;
  }
  const { docker } = scripted(() => lines([failure]));
  await using client = docker;
  const error = await assertRejects(() =>
    client.imageBuild(tarOf({ Dockerfile: "FROM a\n" })).wait()
  );
  assertEquals(error.name, "BuildError");
});

Deno.test("a function for a secret that still runs hears that the build is over", async () => {
  let over: AbortSignal | undefined;
  const { docker, engine } = scripted(() => lines([DONE]));
  await using client = docker;
  const canServe: { upgrade?: () => Promise<unknown> } = engine as never;
  canServe.upgrade = () => Promise.resolve(duplexPair()[0]);
  await client.imageBuild(dockerfileTar("FROM scratch"), {
    secrets: {
      f: ({ signal }) => {
        over = signal;
        return null;
      },
    },
    // It is asked for to look for its value.
    verify: true,
  }).wait().catch(() => {}); // this engine has no image to look through
  assertEquals(over!.aborted, true);
  assertEquals((over!.reason as Error).name, "AbortError");
});

Deno.test("a secret in the Dockerfile of a tar is found while it is sent", async () => {
  const { docker, engine } = scripted(() => lines([DONE]));
  await using client = docker;
  const error = await assertRejects(
    () =>
      client.imageBuild(dockerfileTar("FROM a", "ENV A=longvalue"), {
        secrets: { a: "longvalue" },
        secretsVia: "header",
      }).wait(),
    SecretError,
    "the Dockerfile, line 2, holds the value",
  );
  assertEquals(error.id, "a");
  assert(engine.asked.length <= 2);
});

Deno.test("what would need a session is refused where it can't be opened", async () => {
  const { docker, engine } = scripted(() => lines([DONE]));
  await using client = docker;
  await assertRejects(
    () =>
      client.imageBuild(dockerfileTar("FROM a"), {
        outputs: { type: "tar", dest: new WritableStream() },
      }).wait(),
    UnsupportedError,
  );
  assertEquals(engine.asked, []);
});

Deno.test("openBuildSession() needs one for secrets, agents, exports and strictness alone", async () => {
  const refusal = new UnsupportedError("sessions", "none here");
  const open = async (
    options: ImageBuildOptions,
    inputs: object = {},
    needs: Partial<WayNeeds> = {},
  ): Promise<boolean> => {
    const { build } = await readyBuild(options);
    const opened = openBuildSession(
      {
        session: () => Promise.reject(refusal),
        warnings: [],
        unread: [],
        ...needs,
      },
      { ...build, inputs: { ...build.inputs, ...inputs } },
      () => {},
    );
    return await opened.then(() => false, (error) => error === refusal);
  };
  assertEquals(await open({}), false);
  assertEquals(await open({ secrets: {} }), false);
  assertEquals(await open({ secrets: { a: "b" } }), true);
  assertEquals(await open({ strictSecrets: "missing" }), true);
  assertEquals(await open({ strictSecrets: "unused" }), true);
  const agents = { size: 1, get: () => undefined } as unknown as SshAgents;
  assertEquals(await open({}, { agents }), true);
  assertEquals(await open({ outputs: { type: "tar", dest: "out" } }), true);
  assertEquals(await open({}, {}, { sessionRequired: true }), true);
  assertEquals(await open({}, {}, { sessionRequired: false }), false);
  // Without a way to open one there is none.
  const strict = { strictSecrets: true };
  assertEquals(await open(strict, {}, { session: undefined }), false);
});

Deno.test("openBuildSession() tells of a session that is lost, and not of one that is closed", async () => {
  for (const isLost of [true, false]) {
    const ready = await readyBuild();
    const [ours, theirs] = duplexPair();
    const session = await openBuildSession(
      { session: () => Promise.resolve(ours), warnings: [], unread: [] },
      ready.build,
      () => {},
    );
    if (isLost) {
      await theirs.writable.close();
      while (!session!.lost()) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    await session!.close();
    assertEquals(
      ready.warnings(),
      isLost
        ? [[
          "session-lost",
          "the session ended before the build: a step that still needs something of this machine will fail",
        ]]
        : [],
    );
  }
});

Deno.test("tellSent() tells of each context by its name, and not of ignore files or of the Dockerfile", async () => {
  const ready = await readyBuild();
  const onSent = tellSent(
    ready.build.record,
    new Map([["context", undefined], ["_dockerfile", "dockerfile"]]),
  );
  const counts = { files: 5, filesSent: 2, bytesOffered: 50, bytesSent: 20 };
  const request = (...follow: string[]) => ({
    include: [],
    exclude: [],
    follow,
  });
  onSent("context", counts, request(".dockerignore"));
  onSent("dockerfile", counts, request());
  const events = () =>
    ready.told.flatMap((fact) => fact.kind === "own" ? [fact.event] : []);
  assertEquals(events(), []);
  const event = {
    type: "context",
    name: undefined,
    files: 5,
    filesReused: 3,
    bytesOffered: 50,
    bytesSent: 20,
  } as const;
  onSent("context", counts, request());
  onSent("context", counts, request(".dockerignore", "a"));
  onSent("context", counts, request("a"));
  onSent("_dockerfile", counts, request(".dockerignore"));
  onSent("_dockerfile", counts, request());
  const named = { ...event, name: "dockerfile" };
  // With patterns it is no question for the ignore file alone.
  for (const patterns of [{ exclude: ["a"] }, { include: ["a"] }]) {
    onSent("_dockerfile", counts, { ...request(".dockerignore"), ...patterns });
  }
  assertEquals<unknown>(
    events(),
    [event, event, event, named, named, named],
  );
});

Deno.test("a fact takes about the room of its message", () => {
  assertEquals(OWN_SIZE, 300);
  assertEquals(warningFact("secret-short", "x").size, 300);
  assertEquals(messageSize({}), 300);
  assertEquals(messageSize({ aux: "abcd" }), 204);
  assertEquals(messageSize({ aux: { ID: "x" }, stream: "ab" }), 302);
  assertEquals(statusSize(EMPTY), 200);
  const status = { vertexes: [VERTEX], statuses: [{}, {}] };
  assertEquals(
    statusSize({ ...EMPTY, ...status } as unknown as SolveStatus),
    200 + 3 * 250,
  );
  assertEquals(
    statusSize({ ...EMPTY, logs: logOf("123456").logs }),
    200 + 130 + 8,
  );
  const warnings = [{ info: { data: new Uint8Array(9) } }, {}];
  assertEquals(
    statusSize({ ...EMPTY, warnings } as unknown as SolveStatus),
    200 + 400 + 12 + 400,
  );
});

Deno.test("imageIdOf() reads it of messages that tell it, and of no others", () => {
  assertEquals(imageIdOf({ aux: { ID: "x" } }), "x");
  assertEquals(imageIdOf({ id: "moby.image.id", aux: { ID: "x" } }), "x");
  assertEquals(imageIdOf({ id: "other", aux: { ID: "x" } }), undefined);
  assertEquals(imageIdOf({ aux: { ID: 5 } }), undefined);
  assertEquals(imageIdOf({ aux: null }), undefined);
  assertEquals(imageIdOf({}), undefined);
  assertEquals(readTrace({ aux: 5 }), undefined);
  assertEquals(readTrace({ aux: encodeTrace(EMPTY) }), {
    ...EMPTY,
    unknown: undefined,
  });
});

Deno.test("messagesOf() has no fields of a message that are undefined", async () => {
  const facts: Fact[] = [
    {
      kind: "own",
      event: {
        type: "context",
        name: undefined,
        files: undefined,
        filesReused: 0,
        bytesOffered: 1,
        bytesSent: 1,
      },
      size: 1,
    },
    warningFact("secret-short", "a sentence", "a"),
    { ...warningFact("messages-lost", "a sentence"), count: 2 },
    { kind: "status", status: EMPTY, message: undefined, size: 1 },
    { kind: "line", message: { stream: "a" }, events: [], size: 1 },
  ];
  const source = async function* () {
    yield* facts;
  };
  const messages = await Array.fromAsync(messagesOf(source()));
  assertEquals<unknown>(messages.map((message) => Object.entries(message)), [
    [["id", "davit.context"], ["aux", {
      filesReused: 0,
      bytesOffered: 1,
      bytesSent: 1,
    }]],
    [["id", "davit.warning"], ["status", "a sentence"], ["aux", {
      code: "secret-short",
      name: "a",
    }]],
    [["id", "davit.warning"], ["status", "a sentence"], ["aux", {
      code: "messages-lost",
      count: 2,
    }]],
    [["id", "moby.buildkit.trace"], ["aux", encodeTrace(EMPTY)], [
      "trace",
      EMPTY,
    ]],
    [["stream", "a"]],
  ]);
  const reader = new EventReader();
  assertEquals(reader.read(facts[1]!).length, 1);
});

Deno.test("a record waits for its readers once, for the last that asked it to", () => {
  const waits: (Promise<void> | undefined)[] = [];
  const record = new BuildRecord(() => waits.shift(), []);
  assertEquals(record.ready(), undefined);
  const first = Promise.resolve();
  waits.push(first, undefined);
  record.warn("secret-short", "x");
  record.warn("secret-short", "x");
  assertEquals(record.ready() === first, true);
  assertEquals(record.ready(), undefined);
});

Deno.test("a record names the image only where the engine does not", async () => {
  const ready: Fact[] = [];
  const record = new BuildRecord((fact) => void ready.push(fact), ["a:1"]);
  record.tellLine({ aux: { ID: IMAGE_ID } });
  const [fact] = ready;
  assertEquals(
    fact!.kind === "line" &&
      fact!.events.map((event) =>
        event.type === "image" ? event.names : event.type
      ),
    [["a:1"]],
  );
  await record.protect([]);
  assertEquals(record.text("anything"), "anything");
});

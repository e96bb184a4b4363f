/** What real engines remember of builds. */
import {
  type BuildError,
  type BuildEvent,
  BuildHistoryError,
  displayBuild,
  UnsupportedError,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import {
  containerdTest,
  type EngineContext,
  engineKindTest,
  engineTest,
  isRecent,
} from "../support/engines.ts";
import { until } from "../support/until.ts";

/** What events of the engine a build has, and how a display shows them. */
const ENGINES_OWN: readonly BuildEvent["type"][] = [
  "vertex",
  "status",
  "log",
  "warning",
];

async function shown(
  events: () => AsyncGenerator<BuildEvent, void, undefined>,
): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  const output = new WritableStream<Uint8Array>({
    write: (bytes) => void (text += decoder.decode(bytes, { stream: true })),
  });
  await displayBuild({ events }, { mode: "plain", output });
  // Of two transfers with the same words an engine remembers the last.
  return text.replace(/^#\d+ transferring context:.*\n/gm, "");
}

/** Builds from files in memory; what the engine told of the build, and its error. */
async function build(
  { docker }: EngineContext,
  dockerfile: string,
  options: Parameters<typeof docker.imageBuild>[1] = {},
) {
  const running = docker.imageBuild(
    { files: { "sub/Dockerfile": dockerfile, big: "x".repeat(100_000) } },
    { dockerfile: "sub/Dockerfile", ...options },
  );
  const events: BuildEvent[] = [];
  const reading = (async () => {
    for await (const event of running.events()) {
      if (ENGINES_OWN.includes(event.type)) events.push(event);
    }
  })().catch(() => {}); // wait() fails with the same error
  const result = await running.result().catch((error: BuildError) => error);
  await reading;
  return {
    events,
    ...(result instanceof Error
      ? { error: result, ref: "" }
      : { error: undefined, ref: result.ref! }),
  };
}

async function remembersBuilds(engine: EngineContext): Promise<void> {
  const history = engine.docker.buildHistory();
  const salt = crypto.randomUUID();
  const name = `davit-history-${salt}:1`;
  const good = await build(
    engine,
    `FROM davit-test/base AS one
ARG V
ENV SALT=${salt}
RUN --network=none echo 1 >&2; for i in 1 2 3; do echo line $i $V; done
FROM davit-test/base as two
COPY --from=one /etc/passwd /p
COPY big /b
`,
    {
      api: "buildkit",
      tag: name,
      target: "two",
      buildargs: { V: "ü" },
      labels: { l: "1" },
    },
  );
  assertEquals(good.error, undefined);
  const { ref } = good;

  const [record] = await history.list({ filters: [`ref=${ref}`] });
  assert(record !== undefined);
  // The folder is none, and the Dockerfile is known by its path alone.
  assertEquals([record.ref, record.status, record.name], [
    ref,
    "completed",
    "sub (two)",
  ]);
  assertMatch(record.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z$/);
  const took = Date.parse(record.completedAt!) - Date.parse(record.createdAt);
  assert(Math.abs(record.duration - took) < 2, `${record.duration} ${took}`);
  assertEquals(record.totalSteps, record.completedSteps);
  assert(record.totalSteps > 5 && record.cachedSteps < record.totalSteps);
  // BuildKit of 26 has no such warning.
  const warnings = isRecent(engine) ? 1 : 0;
  assertEquals([record.warnings, record.pinned], [warnings, false]);

  const details = await history.inspect(ref.slice(0, 20));
  assertEquals(details.attrs, record.attrs);
  assertEquals(details.target, "two");
  assertEquals(details.buildArgs, { V: "ü" });
  assertEquals(details.labels, { l: "1" });
  assertEquals(details.failure, undefined);
  assertEquals(details.context, undefined);
  assertStringIncludes(
    details.materials[0]!.uri,
    "pkg:docker/davit-test/base@",
  );
  assertMatch(details.materials[0]!.digests[0]!, /^sha256:[0-9a-f]{64}$/);
  // BuildKit of 26 does not remember them.
  if (isRecent(engine)) {
    assertEquals(details.outputs.map(({ attrs }) => attrs.name), [
      `docker.io/library/${name}`,
    ]);
  } else assertEquals(details.outputs, []);

  // The log is shown as the build was, more than once.
  const log = await history.logs(ref);
  assertEquals(log.ref, ref);
  const live = await shown(async function* () {
    yield* good.events;
  });
  assertStringIncludes(live, "line 3 ü");
  assertEquals(await shown(log.events), live);
  assertEquals(await shown(log.events), live);

  const [provenance] = await history.attestations(ref);
  assertEquals(provenance!.predicateType, "https://slsa.dev/provenance/v0.2");
  const predicate = provenance!.predicate as { materials: { uri: string }[] };
  assertEquals(predicate.materials[0]!.uri, details.materials[0]!.uri);
  for (
    const which of [
      { type: "provenance" },
      { digest: provenance!.digest },
      { type: provenance!.predicateType },
    ]
  ) {
    const text = await new Response(await history.attachment(ref, which))
      .text();
    assertEquals(JSON.parse(text), predicate);
  }
  for (const which of [{ type: "sbom" }, { platform: "a/b" }]) {
    const error = await assertRejects(
      () => history.attachment(ref, which),
      BuildHistoryError,
    );
    assertEquals(
      error.message,
      `no matching attachment found for ref "${ref}"`,
    );
  }
  await engine.docker.imageRemove(name);
}

async function remembersFailures(engine: EngineContext): Promise<void> {
  const history = engine.docker.buildHistory();
  for (
    const [line, options] of [
      [`RUN --network=none echo ab; exit 3`, {}],
      [
        `RUN --network=none --mount=type=secret,id=nope,required=true true`,
        {},
      ],
      [`RUN --network=host true`, {}],
      [`COPY nothing /`, {}],
      [`FORM x`, {}],
    ] as const
  ) {
    const salt = crypto.randomUUID();
    const { error, events } = await build(
      engine,
      `FROM davit-test/base\nENV SALT=${salt}\n${line}\n`,
      { ...options, api: "buildkit", labels: { salt } },
    );
    assert(error !== undefined);
    const record = (await history.list({ filters: ["status=error"] }))
      .find(({ attrs }) => attrs["label:salt"] === salt)!;
    const { failure } = await history.inspect(record.ref);
    assertEquals(failure!.name, "BuildError");
    for (
      const key of [
        "detail",
        "exitCode",
        "vertex",
        "step",
        "log",
        "missingSecrets",
        "missingEntitlements",
      ] as const
    ) assertEquals(failure![key], error[key], `${line}: ${key}`);
    assertEquals(failure!.source?.startLine, error.source?.startLine);
    assertEquals(record.error, { code: 2, message: error.detail });
    // Where steps run beside the failed one, it is chance how they are told.
    if (line.includes("exit 3")) {
      const live = await shown(async function* () {
        yield* events;
      });
      assertEquals(await shown((await history.logs(record.ref)).events), live);
    }
    await history.remove([record.ref]);
  }
}

engineTest(
  "a build is remembered: its record, its log as it was shown, its attestations",
  remembersBuilds,
  isRecent,
);
containerdTest(
  "a build is remembered: its record, its log as it was shown, its attestations",
  remembersBuilds,
);
engineTest(
  "a failed build is remembered with the error that it had",
  remembersFailures,
  isRecent,
);
// What it kept of errors was elsewhere, and there was no lint.
engineKindTest(
  { generation: "26", containerdStore: true },
  "builds are remembered, those that failed with the error that they had",
  async (engine) => {
    await remembersBuilds(engine);
    await remembersFailures(engine);
  },
);

/** A build that runs until it is let go. */
async function runningBuild({ docker }: EngineContext, salt: string) {
  const stop = new AbortController();
  const build = docker.imageBuild({
    files: {
      Dockerfile:
        `FROM davit-test/base\nENV S=${salt}\nRUN --network=none echo it runs && sleep 60\n`,
    },
  }, { api: "buildkit", labels: { salt }, signal: stop.signal });
  const over = build.wait().catch(() => {});
  for await (const event of build.events()) {
    if (event.type === "log" && event.text.includes("it runs")) break;
  }
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await over;
    },
  };
}

engineTest(
  "a build that runs has a record and a log, and is not removed, pinned or exported; the engine lives on",
  async (engine) => {
    const { docker } = engine;
    const history = docker.buildHistory();
    const salt = crypto.randomUUID();
    const find = async (filters: string[]) =>
      (await history.list({ filters })).find(({ attrs }) =>
        attrs["label:salt"] === salt
      );
    let ref: string;
    {
      await using _running = await runningBuild(engine, salt);
      const record = await find(["status=running"]);
      assert(record !== undefined);
      assertEquals([record.status, record.completedAt, record.error], [
        "running",
        undefined,
        undefined,
      ]);
      assert(record.duration >= 0);
      ref = record.ref;
      // Its log goes on: it is read as far as it is there.
      const log = await history.logs(ref);
      for await (const event of log.events()) {
        if (event.type === "log" && event.text.includes("it runs")) break;
      }
      const details = await history.inspect(ref);
      assertEquals([details.failure, details.materials], [undefined, []]);
      for (
        const [work, words] of [
          [() => history.remove([ref]), "can be removed when it has ended"],
          [() => history.pin(ref), "can be pinned when it has ended"],
          [() => history.unpin(ref), "can be pinned when it has ended"],
          [
            () => history.export([ref], { dest: "/nowhere/x" }),
            `no record found for ref "${ref}"`,
          ],
        ] as const
      ) {
        const error = await assertRejects(work, BuildHistoryError);
        assertStringIncludes(error.message, words);
      }
      // What would end this engine if davit let it choose: records that were
      // read by their ids, removed, and then listed with filters and a limit.
      const done = await build(engine, `FROM scratch\nLABEL s=${salt}\n`, {
        api: "buildkit",
      });
      await history.inspect(done.ref);
      assertEquals(await history.remove([done.ref]), [done.ref]);
      assertEquals(await history.list({ filters: [`ref=${done.ref}`] }), []);
      assertEquals((await history.list({ limit: 1 })).length, 1);
      const error = await assertRejects(
        () => history.inspect(done.ref),
        BuildHistoryError,
      );
      assertEquals(error.ref, done.ref);
      assertNotEquals(await find(["status=running"]), undefined);
    }
    await docker.ping();
    const ended = await until(
      () => find(["status=canceled"]),
      "the build that was stopped is remembered as such",
    );
    assertEquals([ended.ref, ended.status], [ref, "canceled"]);
    assertEquals(await history.remove([ref]), [ref]);
  },
  isRecent,
);

engineTest(
  "records are pinned, and several are removed together or not at all",
  async (engine) => {
    const history = engine.docker.buildHistory();
    const refs: string[] = [];
    for (const name of ["a", "b"]) {
      const salt = crypto.randomUUID();
      refs.push(
        (await build(engine, `FROM scratch\nLABEL ${name}=${salt}\n`, {
          api: "buildkit",
        })).ref,
      );
    }
    const [first, second] = refs as [string, string];
    const pinned = async () => (await history.inspect(first)).pinned;
    assertEquals(await pinned(), false);
    await history.pin(first);
    assertEquals(await pinned(), true);
    await history.pin(first);
    assertEquals(await pinned(), true);
    await history.unpin(first);
    assertEquals(await pinned(), false);
    await assertRejects(
      () => history.remove([first, "nosuch"]),
      BuildHistoryError,
      'no record found for ref "nosuch"',
    );
    assertEquals((await history.inspect(first)).ref, first);
    assertEquals(await history.remove([second, first, second]), [
      second,
      first,
    ]);
    const left = (await history.list()).map(({ ref }) => ref);
    assertEquals(refs.filter((ref) => left.includes(ref)), []);
  },
  isRecent,
);

engineTest(
  "disk usage has what a build left, filters choose of it, and prune gives what it deletes",
  async ({ docker }) => {
    const salt = `${crypto.randomUUID()}`;
    const bytes = 300_000;
    await docker.imageBuild({
      files: {
        Dockerfile:
          `FROM davit-test/base\nENV S=${salt}\nRUN echo ${salt} && head -c ${bytes} /dev/zero > /z\n`,
      },
    }, { api: "buildkit", networkmode: "none" }).wait();
    const filters = { "description~": [salt] };
    const { records, total, reclaimable, shared } = await docker
      .buildDiskUsage({ filters });
    assertEquals(records.length, 1, JSON.stringify(records));
    const [record] = records as [typeof records[number]];
    assertEquals(record.type, "regular");
    assertEquals(record.size >= bytes, true);
    assertEquals([total, reclaimable], [record.size, record.size]);
    assertEquals(shared, record.shared ? record.size : 0);
    assertEquals([record.mutable, record.inUse, record.reclaimable], [
      false,
      false,
      true,
    ]);
    assertEquals(record.usageCount >= 1, true);
    assertMatch(record.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
    assertMatch(record.lastUsedAt!, /^\d{4}-\d\d-\d\dT/);
    assertStringIncludes(record.description, salt);
    const ids = async (more: Record<string, string[]>) =>
      (await docker.buildDiskUsage({ filters: { ...filters, ...more } }))
        .records.map(({ id }) => id);
    assertEquals(await ids({ type: ["regular"] }), [record.id]);
    assertEquals(await ids({ id: [`^${record.id}$`] }), [record.id]);
    assertEquals(await ids({ immutable: ["true"] }), [record.id]);
    assertEquals(await ids({ [record.shared ? "shared" : "private"]: [] }), [
      record.id,
    ]);
    assertEquals(await ids({ until: ["0s"] }), [record.id]);
    for (
      const none of [
        { type: ["source.local"] },
        { "type!": ["regular"] },
        { id: ["^x$"] },
        { mutable: ["true"] },
        { inuse: ["true"] },
        { until: ["1h"] },
      ]
    ) assertEquals(await ids(none), [], JSON.stringify(none));
    const all = (await docker.buildDiskUsage()).records;
    const sizes = all.map(({ size }) => size);
    assertEquals(sizes, sizes.toSorted((a, b) => a - b));
    assert(all.some(({ id }) => id === record.id));

    // Engines up to 26 do not know what a record is while they delete it.
    const only = { id: [`^${record.id}$`] };
    const prune = (options: Parameters<typeof docker.buildPruneRecords>[0]) =>
      Array.fromAsync(docker.buildPruneRecords({ all: true, ...options }));
    // Nothing that was used within the hour goes.
    assertEquals(
      await prune({ filters: { ...only, until: ["1h"] } }),
      [],
    );
    assertEquals(
      await prune({ filters: only, reservedSpace: 2 ** 50 }),
      [],
    );
    const deleted = await prune({ filters: only });
    assertEquals(deleted.map(({ id, size }) => [id, size]), [
      [record.id, record.size],
    ]);
    assertEquals(await ids({}), []);
  },
);

engineTest(
  "what is kept within sizes is refused where BuildKit does not know them, before anything is deleted",
  async (engine) => {
    const filters = { id: ["^nothing$"] };
    for (const size of ["maxUsedSpace", "minFreeSpace"] as const) {
      const prune = () =>
        Array.fromAsync(
          engine.docker.buildPruneRecords({ filters, [size]: 1 }),
        );
      if (isRecent(engine)) assertEquals(await prune(), []);
      else {
        const error = await assertRejects(prune, UnsupportedError);
        assertEquals(error.feature, "prune by size");
      }
    }
  },
);

engineTest(
  "an engine that keeps no history says so",
  async ({ docker }) => {
    const history = docker.buildHistory();
    for (
      const ask of [
        () => history.list(),
        () => history.inspect(),
        () => history.removeAll(),
        () => history.export([], { dest: "/nowhere/x" }),
      ]
    ) {
      const error = await assertRejects(ask, UnsupportedError);
      assertEquals(error.feature, "The history of builds");
      assertStringIncludes(error.message, "engines from 24 on do");
    }
  },
  ({ generation }) => generation === "20.10" || generation === "20",
);

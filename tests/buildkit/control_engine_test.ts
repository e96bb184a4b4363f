/** BuildKit's control API behind real engines. */
import { buildkitOf } from "../../lib/buildkit/engine_host.ts";
import { capabilitiesOf } from "../../lib/buildkit/ask_capabilities.ts";
import { holdConnection } from "../../lib/buildkit/connection.ts";
import { openControl } from "../../lib/buildkit/control.ts";
import { runSolve, type SolveResult } from "../../lib/buildkit/run_solve.ts";
import { SolveError } from "../../lib/buildkit/solve_error.ts";
import type { SolveRequest } from "../../lib/buildkit/solve_request.ts";
import { connectGrpc } from "../../lib/grpc/client.ts";
import { GrpcCode } from "../../lib/grpc/status.ts";
import type { SolveStatus } from "../../lib/progress/solve_status.ts";
import { FLAG, maybe, message, one, TEXT } from "../../lib/proto/message.ts";
import { connectEndpoint } from "../../lib/transport/connect.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { engineTest, isRecent } from "../support/engines.ts";
import {
  controlAt,
  type EngineControl,
  NEVER,
  newRef,
  serveDockerfile,
} from "./engine_builds.ts";

/** The refs in an engine's history of builds. */
async function historyRefs(socketPath: string): Promise<string[]> {
  const transport = await connectEndpoint({ kind: "unix", path: socketPath });
  await using client = connectGrpc(
    await transport.upgrade!("/grpc", { protocol: "h2c", headers: [] }),
  );
  const event = message<{ record: { ref: string } | undefined }>({
    record: maybe(2, message<{ ref: string }>({ ref: one(1, TEXT) })),
  });
  const request = message<{ early: boolean }>({ early: one(3, FLAG) });
  const events = client.serverStream({
    path: "/moby.buildkit.v1.Control/ListenBuildHistory",
    codec: { encode: request.encode, decode: event.decode },
  }, { early: true });
  const refs: string[] = [];
  for await (const { record } of events) refs.push(record!.ref);
  await transport.close();
  return refs;
}

/** Builds a Dockerfile; its log goes into `log`. */
async function build(
  { engine, control }: EngineControl,
  dockerfile: string,
  request: Partial<SolveRequest> = {},
  log: (SolveStatus | undefined)[] = [],
  signal: AbortSignal = NEVER,
): Promise<SolveResult> {
  await using session = await serveDockerfile(engine, dockerfile);
  return await runSolve(control, {
    ref: newRef(),
    session: session.id,
    frontend: "dockerfile.v0",
    ...request,
    // Engines of the 20.10 line have no `RUN --network`.
    frontendAttrs: {
      "force-network-mode": "none",
      "image-resolve-mode": "local",
      ...request.frontendAttrs,
    },
  }, { signal, onStatus: (status) => void log.push(status) });
}

engineTest(
  "a build answers with the image's digest and its log",
  async (context) => {
    await using opened = await controlAt(context.socketPath);
    const log: SolveStatus[] = [];
    const name = `docker.io/library/davit-control-${newRef()}:1`;
    const { response, logError } = await build(
      opened,
      `FROM davit-test/base\nCOPY Dockerfile /copied\nRUN echo said it ${newRef()}\n`,
      {
        frontendAttrs: { "label:l": "1" },
        exporters: [{ type: "moby", attrs: { name } }],
      },
      log,
    );
    assertEquals(logError, undefined);
    const digest = response.get("containerimage.digest")!;
    assert(/^sha256:[0-9a-f]{64}$/.test(digest), digest);
    const image = await context.docker.imageInspect(name);
    assertEquals(image.Config?.Labels, { l: "1" });
    await context.docker.imageRemove(name);
    const text = log.flatMap(({ logs }) =>
      logs.map(({ data }) => new TextDecoder().decode(data))
    ).join("");
    assert(text.includes("said it"), text);
    const names = log.flatMap(({ vertexes }) => vertexes.map((v) => v.name));
    assert(names.includes("exporting to image"), names.join("\n"));
  },
);

engineTest(
  "a failed step is told with its exit code, its digest and its place",
  async (context) => {
    await using opened = await controlAt(context.socketPath);
    const log: SolveStatus[] = [];
    const dockerfile = "FROM davit-test/base\nRUN true && \\\n  exit 7\n";
    const error = await assertRejects(
      () => build(opened, dockerfile, {}, log),
      SolveError,
    );
    assertEquals(error.code, GrpcCode.UNKNOWN);
    assert(error.detail.includes("exit code: 7"), error.detail);
    if (!isRecent(context)) {
      assertEquals(error.exitCode, undefined);
      assertEquals(error.sources, []);
      return;
    }
    assertEquals(error.exitCode, 7);
    const vertex = log.flatMap(({ vertexes }) => vertexes)
      .findLast(({ error }) => error !== "");
    assertEquals(error.vertex, vertex?.digest);
    assertEquals(error.sources, [{
      file: "Dockerfile",
      text: dockerfile,
      ranges: [{ start: 2, end: 2 }, { start: 3, end: 3 }],
    }]);
  },
);

engineTest(
  "the history has a build, unless it is internal",
  async (context) => {
    await using opened = await controlAt(context.socketPath);
    const refs: string[] = [];
    for (const internal of [false, true]) {
      const ref = newRef();
      await build(opened, "FROM scratch\n", { ref, internal });
      refs.push(ref);
    }
    const recorded = await historyRefs(context.socketPath);
    assertEquals(refs.map((ref) => recorded.includes(ref)), [true, false]);
  },
  isRecent,
);

engineTest("a rule about sources denies one", async (context) => {
  await using opened = await controlAt(context.socketPath);
  const error = await assertRejects(
    () =>
      build(opened, "FROM scratch\nCOPY Dockerfile /\n", {
        sourcePolicy: [{
          action: "DENY",
          selector: { identifier: "local://context" },
        }],
      }),
    SolveError,
  );
  assert(error.detail.includes("denied by policy"), error.detail);
}, isRecent);

engineTest(
  "the workers, the version and what BuildKit can do are told",
  async (context) => {
    await using opened = await controlAt(context.socketPath);
    const { engine, control } = opened;
    const [worker] = await control.workers({ signal: NEVER });
    assert(worker!.platforms[0]!.startsWith("linux/"), `${worker?.platforms}`);
    const version = await control.version({ signal: NEVER });
    assertEquals(version !== undefined, isRecent(context));
    const capabilities = await capabilitiesOf(
      buildkitOf(engine),
      control,
      NEVER,
    );
    assert(capabilities.has("source.local"));
    assertEquals(capabilities.has("exporter.multiple"), isRecent(context));
    assertEquals(capabilities.has("exporter.nothing"), false);
  },
);

engineTest("an abort stops the build", async (context) => {
  await using opened = await controlAt(context.socketPath);
  const abort = new AbortController();
  const log: (SolveStatus | undefined)[] = [];
  const running = build(
    opened,
    `FROM davit-test/base\nRUN echo ${newRef()} && sleep 60\n`,
    {},
    {
      push(status: SolveStatus) {
        if (status.logs.length > 0) abort.abort(new Error("enough"));
        return log.push(status);
      },
    } as never,
    abort.signal,
  );
  const error = await assertRejects(() => running, Error);
  assertEquals(error.message, "enough");
  // The log was read to its end, which says that the step was stopped.
  const failed = log.flatMap((status) => status!.vertexes)
    .findLast((vertex) => vertex.error !== "");
  assert(failed!.error.includes("canceled"), failed?.error);
});

engineTest(
  "builds side by side share a connection, get their own errors, and leave nothing on it",
  async (context) => {
    await using opened = await controlAt(context.socketPath);
    const held = await holdConnection(buildkitOf(opened.engine), {
      signal: NEVER,
    });
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < 40) {
        const index = next++;
        await using control = await openControl(buildkitOf(opened.engine), {
          signal: NEVER,
        });
        const log: (SolveStatus | undefined)[] = [];
        const built = build(
          { ...opened, control },
          `FROM scratch\n${
            index % 3 === 0 ? `RUNN${index} x` : `LABEL l=${index}`
          }\n`,
          { internal: index % 2 === 0 },
          log,
        );
        if (index % 3 === 0) {
          const error = await assertRejects(() => built, SolveError);
          assert(
            error.detail.toLowerCase().includes(`runn${index}`),
            error.detail,
          );
        } else {
          assertEquals((await built).logError, undefined);
        }
        assert(log.length > 0, "it has a log");
      }
    };
    await Promise.all(Array.from({ length: 10 }, work));
    assertEquals(held.client.calls, 0);
    await held.release();
    // The first holder still uses it.
    assertEquals(held.client.takesCalls, true);
  },
);

engineTest(
  "a build whose session has died fails with BuildKit's error, and soon",
  async (context) => {
    await using opened = await controlAt(context.socketPath);
    const { engine, control } = opened;
    const session = await serveDockerfile(
      engine,
      `FROM davit-test/base\nRUN echo ${newRef()} && sleep 1\nCOPY . /\n`,
    );
    const error = await assertRejects(
      () =>
        runSolve(control, {
          ref: newRef(),
          session: session.id,
          frontend: "dockerfile.v0",
          frontendAttrs: {
            "force-network-mode": "none",
            "image-resolve-mode": "local",
          },
        }, {
          signal: AbortSignal.timeout(60_000),
          // It dies with the first that is heard of the build.
          onStatus: async () => await session[Symbol.asyncDispose](),
        }),
      SolveError,
    );
    assert(
      /session|Unavailable|EOF|closed|canceled/.test(error.detail),
      error.detail,
    );
  },
);

engineTest(
  "a build that is refused before it begins fails with the reason, though BuildKit never ends its log",
  async (context) => {
    await using opened = await controlAt(context.socketPath);
    const held = await holdConnection(buildkitOf(opened.engine), {
      signal: NEVER,
    });
    const error = await assertRejects(
      () =>
        build(
          opened,
          "FROM scratch\n",
          {
            entitlements: ["security.insecure"],
          },
          [],
          AbortSignal.timeout(60_000),
        ),
      SolveError,
    );
    assert(
      error.detail.includes("security.insecure is not allowed"),
      error.detail,
    );
    assertEquals(held.client.calls, 0);
    await held.release();
  },
);

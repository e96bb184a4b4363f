/** Calls of BuildKit's API, and what they fail with. */
import { buildkitOf } from "../../lib/buildkit/engine_host.ts";
import { capabilitiesOf } from "../../lib/buildkit/ask_capabilities.ts";
import { type Control, openControl } from "../../lib/buildkit/control.ts";
import { SolveError } from "../../lib/buildkit/solve_error.ts";
import { ConnectionError, ProtocolError } from "../../lib/errors.ts";
import { GrpcCode, GrpcError } from "../../lib/grpc/status.ts";
import { ErrorCode } from "../../lib/http2/error.ts";
import type { Http2Stream } from "../../lib/http2/server.ts";
import type { SolveStatus } from "../../lib/progress/solve_status.ts";
import {
  infoResponse,
  listWorkersResponse,
  solveRequest,
  solveResponse,
  statusRequest,
} from "../../lib/proto/control.ts";
import {
  readContentRequest,
  readContentResponse,
} from "../../lib/proto/content.ts";
import { historyEvent, historyRecord } from "../../lib/proto/history.ts";
import { pong } from "../../lib/proto/llbbridge.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { StandingClock } from "../support/standing_clock.ts";
import { until } from "../support/until.ts";
import { NEVER } from "./engine_builds.ts";
import {
  type Answer,
  answer,
  refuse,
  requestOf,
  say,
  ScriptedEngine,
} from "./scripted_engine.ts";

const DONE = answer(solveResponse.encode({
  response: new Map([["containerimage.digest", "sha256:1"]]),
}));

/** Ends it as soon as the client gives it up. */
function hang(stream: Http2Stream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.signal.addEventListener("abort", () => resolve());
  return promise;
}

/** Makes calls to a BuildKit that answers like this. */
async function calling<T>(
  answers: Readonly<Record<string, Answer>>,
  call: (control: Control, scripted: ScriptedEngine) => Promise<T>,
): Promise<T> {
  await using scripted = new ScriptedEngine(answers);
  await using control = await openControl(buildkitOf(scripted.engine), {
    signal: NEVER,
  });
  return await call(control, scripted);
}

/** What `solve` fails with when it is answered like this. */
function failure(solve: Answer): Promise<unknown> {
  return calling({ Solve: solve }, async (control) => {
    const [settled] = await Promise.allSettled([
      control.solve({ ref: "r" }, { signal: NEVER }),
    ]);
    assertEquals(settled.status, "rejected");
    return (settled as PromiseRejectedResult).reason;
  });
}

Deno.test("solve() sends the request, and returns the answer's map", async () => {
  let sent: unknown;
  const response = await calling({
    async Solve(stream) {
      sent = solveRequest.decode(await requestOf(stream));
      DONE(stream);
    },
  }, (control, { calls }) => {
    const solved = control.solve({
      ref: "r",
      session: "s",
      frontend: "dockerfile.v0",
      exporters: [{ type: "moby", attrs: { name: "x" } }, {
        type: "tar",
        attrs: {},
      }],
      internal: true,
    }, { signal: NEVER });
    return solved.finally(() =>
      assertEquals(calls, ["/moby.buildkit.v1.Control/Solve"])
    );
  });
  assertEquals(response, new Map([["containerimage.digest", "sha256:1"]]));
  assertEquals(sent, {
    ref: "r",
    firstExporter: "moby",
    firstExporterAttrs: new Map([["name", "x"]]),
    session: "s",
    frontend: "dockerfile.v0",
    frontendAttrs: new Map(),
    cache: { exports: [], imports: [] },
    entitlements: [],
    frontendInputs: new Map(),
    internal: true,
    sourcePolicy: undefined,
    exporters: [
      { type: "moby", attrs: new Map([["name", "x"]]) },
      { type: "tar", attrs: new Map() },
    ],
  });
});

Deno.test("an abort of solve() resets its call, and it fails with the reason", async () => {
  const abort = new AbortController();
  const reset = Promise.withResolvers<void>();
  await calling({
    async Solve(stream) {
      await hang(stream);
      reset.resolve();
    },
    ListWorkers: answer(new Uint8Array()),
  }, async (control, { calls }) => {
    const solved = control.solve({ ref: "r" }, { signal: abort.signal });
    await until(() => calls.length === 1, "the call came");
    const reason = new Error("enough");
    abort.abort(reason);
    assertEquals(await assertRejects(() => solved) === reason, true);
    await reset.promise;
    // The connection is as good as before.
    assertEquals(await control.workers({ signal: NEVER }), []);
  });
});

Deno.test("status() gives the log's parts, and undefined for one that can't be read", async () => {
  let ref: string | undefined;
  // A vertex named "n", and a field that is cut off.
  const part = Uint8Array.of(0x0a, 3, 0x1a, 1, 0x6e);
  const parts = await calling({
    async Status(stream) {
      ({ ref } = statusRequest.decode(await requestOf(stream)));
      answer(part, Uint8Array.of(0x0a, 9), part)(stream);
    },
  }, (control) => Array.fromAsync(control.status("r", { signal: NEVER })));
  assertEquals(ref, "r");
  const names = parts.map((one: SolveStatus | undefined) =>
    one?.vertexes.map(({ name }) => name)
  );
  assertEquals(names, [["n"], undefined, ["n"]]);
});

Deno.test("a log that is not read to its end is given up", async () => {
  const reset = Promise.withResolvers<void>();
  await calling({
    async Status(stream) {
      say(stream, new Uint8Array());
      await hang(stream);
      reset.resolve();
    },
  }, async (control) => {
    for await (const _ of control.status("r", { signal: NEVER })) break;
    await reset.promise;
  });
});

Deno.test("status() fails with BuildKit's error, and with the reason of its signal", async () => {
  await calling({ Status: refuse(5, "no such job r") }, async (control) => {
    const error = await assertRejects(
      () => Array.fromAsync(control.status("r", { signal: NEVER })),
      SolveError,
      "no such job r",
    );
    assertEquals(error.code, GrpcCode.NOT_FOUND);
  });
  await calling({ Status: hang }, async (control, { calls }) => {
    const abort = new AbortController();
    const read = Array.fromAsync(control.status("r", abort));
    await until(() => calls.length === 1, "the call came");
    const reason = new Error("enough");
    abort.abort(reason);
    assertEquals(await assertRejects(() => read) === reason, true);
  });
});

Deno.test("BuildKit's own error is a SolveError, without what it was made of", async () => {
  const error = await failure(refuse(2, "exporter %22zzz%22 not found"));
  assert(error instanceof SolveError);
  assertEquals(
    [error.name, error.message, error.detail, error.code, error.cause],
    [
      "SolveError",
      'exporter "zzz" not found',
      'exporter "zzz" not found',
      2,
      undefined,
    ],
  );
  assertEquals(
    [error.sources, error.vertex, error.exitCode],
    [[], undefined, undefined],
  );
});

Deno.test("an answer that is not BuildKit's is a ProtocolError that says where and to what", async () => {
  const html = (stream: Http2Stream, status: string): void => {
    stream.respond([[":status", status], ["content-type", "text/html"]]);
    stream.write(new TextEncoder().encode("<h1>proxy</h1>"));
    stream.end();
  };
  for (
    const [solve, words] of [
      [(stream: Http2Stream) => html(stream, "404"), "<h1>proxy</h1>"],
      [(stream: Http2Stream) => html(stream, "200"), "no gRPC: status 200"],
      [answer(), "no message"],
      [answer(new Uint8Array(), new Uint8Array()), "more than one message"],
      [answer(Uint8Array.of(0x0a, 9)), "can't be read"],
      [
        (stream: Http2Stream) => {
          say(stream, new Uint8Array());
          stream.end();
        },
        "without a status",
      ],
    ] as const
  ) {
    const error = await failure(solve);
    assert(error instanceof ProtocolError, `${error}`);
    assert(error.message.includes(words), error.message);
    assert(
      error.message.startsWith(
        "The answer of BuildKit at unix:///scripted.sock to Control/Solve can't be used (",
      ),
      error.message,
    );
    assert(error.cause instanceof GrpcError);
  }
});

Deno.test("a call that BuildKit or the connection breaks off is a ConnectionError", async () => {
  for (
    const solve of [
      (stream: Http2Stream) => stream.reset(ErrorCode.CANCEL),
      (stream: Http2Stream) => stream.reset(ErrorCode.INTERNAL_ERROR),
      (stream: Http2Stream) => stream.reset(ErrorCode.PROTOCOL_ERROR),
      (stream: Http2Stream) => {
        say(stream, new Uint8Array());
        stream.reset(ErrorCode.REFUSED_STREAM);
      },
    ]
  ) {
    const error = await failure(solve);
    assert(error instanceof ConnectionError, `${error}`);
    assert(
      error.message.startsWith(
        "The connection to BuildKit at unix:///scripted.sock broke in Control/Solve (",
      ),
      error.message,
    );
    assert(error.cause instanceof GrpcError);
  }
});

Deno.test("the end of the connection, and GOAWAY, fail running calls with a ConnectionError", async () => {
  for (const how of ["cut", "goaway"]) {
    await calling({ Solve: hang, Status: hang }, async (control, scripted) => {
      const solved = control.solve({ ref: "r" }, { signal: NEVER });
      const log = Array.fromAsync(control.status("r", { signal: NEVER }));
      const both = Promise.allSettled([solved, log]);
      await until(() => scripted.calls.length === 2, "the calls came");
      const [connection] = scripted.connections;
      // GOAWAY names no stream as accepted.
      if (how === "cut") await connection!.server.close();
      else await connection!.goAway(0);
      for (const settled of await both) {
        assert(settled.status === "rejected");
        assert(settled.reason instanceof ConnectionError, settled.reason);
        const { cause } = settled.reason;
        assert(cause instanceof GrpcError);
        assertEquals(cause.notProcessed, how === "goaway");
      }
    });
  }
});

Deno.test("what does not speak HTTP/2 after the upgrade is told, and what is silent, too", async () => {
  const dialled = (readable: ReadableStream<Uint8Array>) =>
    new ScriptedEngine({}, {}, () => ({
      readable,
      writable: new WritableStream(),
    }));
  {
    const text = new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\nhello");
    await using scripted = dialled(ReadableStream.from([text]));
    await using control = await openControl(buildkitOf(scripted.engine), {
      signal: NEVER,
    });
    const error = await assertRejects(
      () => control.workers({ signal: NEVER }),
      ProtocolError,
    );
    assert(error.message.includes("does not speak HTTP/2"), error.message);
  }
  {
    using clock = new StandingClock();
    await using scripted = dialled(new ReadableStream());
    await using control = await openControl(buildkitOf(scripted.engine), {
      signal: NEVER,
    });
    const failed = assertRejects(
      () => control.solve({ ref: "r" }, { signal: NEVER }),
      ConnectionError,
    );
    await clock.pass(10_000);
    const error = await failed;
    assert(error.message.includes("no SETTINGS"), error.message);
  }
});

Deno.test("questions that are not answered end after 30 seconds", async () => {
  const questions: ((control: Control) => Promise<unknown>)[] = [
    (control) => control.workers({ signal: NEVER }),
    (control) => control.version({ signal: NEVER }),
    (control) => control.ping("r", { signal: NEVER }),
    (control) => Array.fromAsync(control.history({ signal: NEVER })),
  ];
  for (const question of questions) {
    const limits: (string | undefined)[] = [];
    const note = (stream: Http2Stream) => {
      limits.push(stream.get("grpc-timeout"));
      return hang(stream);
    };
    await calling(
      {
        ListWorkers: note,
        Info: note,
        Ping: note,
        ListenBuildHistory: note,
      },
      async (control) => {
        // The first call of all waits for the server's SETTINGS.
        using clock = new StandingClock();
        const asked = question(control);
        let settled = false;
        const failed = assertRejects(() => asked, ConnectionError)
          .finally(() => settled = true);
        await clock.pass(29_999);
        assertEquals(settled, false);
        await clock.pass(1);
        const { message } = await failed;
        assert(
          message.includes("in time (The call took longer than its 30000 ms)"),
          message,
        );
        assertEquals(limits, ["30000m"]);
      },
    );
  }
});

Deno.test("content ends when BuildKit is silent for 30 seconds, not when it is read slowly", async () => {
  const part = readContentResponse.encode({ data: Uint8Array.of(1) });
  for (const parts of [[], [part], [part, part]]) {
    const limits: (string | undefined)[] = [];
    await calling({
      Read(stream) {
        limits.push(stream.get("grpc-timeout"));
        say(stream, ...parts);
        return hang(stream);
      },
    }, async (control) => {
      using clock = new StandingClock();
      const content = control.content("d", { signal: NEVER });
      for (const _ of parts) {
        assertEquals((await content.next()).done, false);
        await clock.pass(60_000);
      }
      let settled = false;
      const failed = assertRejects(() => content.next(), ConnectionError)
        .finally(() => settled = true);
      await clock.pass(29_999);
      assertEquals(settled, false);
      await clock.pass(1);
      const { message } = await failed;
      assert(
        message.includes("in time (The server sent nothing for 30000 ms)"),
        message,
      );
      assertEquals(limits, [undefined]);
    });
  }
});

Deno.test("300 builds at once wait for the 250 streams that BuildKit has", async () => {
  const running: Http2Stream[] = [];
  let most = 0;
  await using scripted = new ScriptedEngine({
    Solve(stream) {
      running.push(stream);
      most = Math.max(most, running.length);
    },
  }, { maxConcurrentStreams: 250 });
  await using control = await openControl(buildkitOf(scripted.engine), {
    signal: NEVER,
  });
  const all = Promise.all(
    Array.from(
      { length: 300 },
      (_, index) => control.solve({ ref: `${index}` }, { signal: NEVER }),
    ),
  );
  await until(() => running.length === 250, "250 builds run");
  for (let done = 0; done < 300; done++) {
    await until(() => running.length > 0, "a build runs");
    DONE(running.shift()!);
  }
  assertEquals((await all).length, 300);
  assertEquals(most, 250);
  assertEquals(scripted.connections.length, 1);
});

Deno.test("the history is asked for whole, as far as it is there now", async () => {
  let sent: Uint8Array | undefined;
  const records = await calling({
    async ListenBuildHistory(stream) {
      sent = await requestOf(stream);
      const event = (ref: string) =>
        historyEvent.encode({
          record: { ...historyRecord.zero(), ref },
        });
      // An event without a record tells nothing.
      answer(event("a"), new Uint8Array(), event("b"))(stream);
    },
  }, (control) => Array.fromAsync(control.history({ signal: NEVER })));
  // A filter, a limit or a ref would end an engine of 28.5.2.
  assertEquals(sent, Uint8Array.of(3 << 3, 1));
  assertEquals(records.map(({ ref }) => ref), ["a", "b"]);
});

Deno.test("content is read by its digest", async () => {
  let sent: unknown;
  const parts = await calling(
    {
      async Read(stream) {
        sent = readContentRequest.decode(await requestOf(stream));
        const part = (data: Uint8Array) => readContentResponse.encode({ data });
        answer(part(Uint8Array.of(1, 2)), part(Uint8Array.of(3)))(stream);
      },
    },
    (control) =>
      Array.fromAsync(control.content("sha256:x", { signal: NEVER })),
  );
  assertEquals(sent, { digest: "sha256:x", offset: 0, size: 0 });
  assertEquals(parts, [Uint8Array.of(1, 2), Uint8Array.of(3)]);
});

Deno.test("workers and version are told", async () => {
  const rule = {
    all: true,
    keepDuration: 1e9,
    reservedSpace: 2,
    filters: ["type==regular"],
    maxUsedSpace: 3,
    minFreeSpace: 4,
  };
  await calling({
    ListWorkers: answer(listWorkersResponse.encode({
      workers: [{
        id: "w",
        labels: new Map([["k", "v"]]),
        platforms: [
          { os: "linux", architecture: "amd64", variant: "" },
          { os: "linux", architecture: "arm", variant: "v7" },
        ],
        gcPolicy: [rule],
      }],
    })),
    Info: answer(infoResponse.encode({
      version: { package: "p", version: "v0.25.2", revision: "r" },
    })),
  }, async (control) => {
    assertEquals(await control.workers({ signal: NEVER }), [{
      id: "w",
      labels: new Map([["k", "v"]]),
      platforms: ["linux/amd64", "linux/arm/v7"],
      gcPolicy: [rule],
    }]);
    assertEquals(await control.version({ signal: NEVER }), "v0.25.2");
  });
  await calling({ Info: refuse(12, "unknown method") }, async (control) => {
    assertEquals(await control.version({ signal: NEVER }), undefined);
  });
  await calling({ Info: refuse(7, "not you") }, async (control) => {
    await assertRejects(
      () => control.version({ signal: NEVER }),
      SolveError,
      "not you",
    );
  });
});

const PONG = pong.encode({
  frontend: [capability("frontend.x", true)],
  llb: [
    capability("exporter.multiple", true),
    { ...capability("mergeop", false), disabledReasonText: "only elsewhere" },
    { ...capability("diffop", false), disabledReason: "word" },
    capability("old", false),
  ],
});

function capability(id: string, enabled: boolean) {
  return {
    id,
    enabled,
    deprecated: false,
    disabledReason: "",
    disabledReasonText: "",
    disabledAlternative: "",
  };
}

Deno.test("what BuildKit can do is asked once for an engine, within an empty build of its own", async () => {
  const solves: { ref: string; internal: boolean; frontend: string }[] = [];
  const refs: (string | undefined)[] = [];
  const ended = Promise.withResolvers<void>();
  await calling({
    async Solve(stream) {
      solves.push(solveRequest.decode(await requestOf(stream)));
      await hang(stream);
      ended.resolve();
    },
    Ping(stream) {
      refs.push(stream.get("buildkit-controlapi-buildid"));
      answer(PONG)(stream);
    },
  }, async (control, { engine }) => {
    const can = await capabilitiesOf(buildkitOf(engine), control, NEVER);
    await ended.promise;
    const [solve] = solves;
    assertEquals(
      [solve!.ref, solve!.internal, solve!.frontend],
      [refs[0], true, ""],
    );
    assert(/^[0-9a-f]{32}$/.test(solve!.ref), solve!.ref);
    assertEquals(can.ids(), [
      "frontend.x",
      "exporter.multiple",
      "mergeop",
      "diffop",
      "old",
    ]);
    assertEquals(
      [...can.ids(), "unknown"].map((id) => [can.has(id), can.reason(id)]),
      [
        [true, undefined],
        [true, undefined],
        [false, "only elsewhere"],
        [false, "word"],
        [false, "old is switched off"],
        [false, "it does not know unknown"],
      ],
    );
    assertEquals(
      await capabilitiesOf(buildkitOf(engine), control, NEVER) === can,
      true,
    );
    assertEquals([solves.length, refs.length], [1, 1]);
  });
});

Deno.test("a question about capabilities fails with the first error, and may be asked again", async () => {
  let works = false;
  await calling({
    // The build fails at once: the ping would only wait.
    Solve: (stream) =>
      works ? hang(stream) : refuse(2, "no empty builds")(stream),
    Ping: (stream) => works ? answer(PONG)(stream) : hang(stream),
  }, async (control, { engine }) => {
    await assertRejects(
      () => capabilitiesOf(buildkitOf(engine), control, NEVER),
      SolveError,
      "no empty builds",
    );
    works = true;
    const can = await capabilitiesOf(buildkitOf(engine), control, NEVER);
    assertEquals(can.has("exporter.multiple"), true);
  });
  // The build ends well, which is as good.
  await calling(
    { Solve: DONE, Ping: answer(PONG) },
    async (control, { engine }) => {
      const can = await capabilitiesOf(buildkitOf(engine), control, NEVER);
      assertEquals(can.has("exporter.multiple"), true);
    },
  );
  // The ping fails; the build ends with it.
  const ended = Promise.withResolvers<void>();
  await calling({
    async Solve(stream) {
      await hang(stream);
      ended.resolve();
    },
    Ping: refuse(5, "no such job"),
  }, async (control, { engine }) => {
    await assertRejects(
      () => capabilitiesOf(buildkitOf(engine), control, NEVER),
      SolveError,
      "no such job",
    );
    await ended.promise;
  });
});

Deno.test("an abort ends the question about capabilities", async () => {
  const abort = new AbortController();
  await calling({ Solve: hang, Ping: hang }, async (control, scripted) => {
    const asked = capabilitiesOf(
      buildkitOf(scripted.engine),
      control,
      abort.signal,
    );
    await until(() => scripted.calls.length === 2, "both calls came");
    abort.abort(new Error("enough"));
    await assertRejects(() => asked, Error, "enough");
  });
});

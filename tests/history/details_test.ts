/** What is told of one record, from what BuildKit says of it. */
import type { Control } from "../../lib/buildkit/control.ts";
import { bundleRecord } from "../../lib/history/bundle_record.ts";
import { contentBytes } from "../../lib/history/attachments.ts";
import { failureOf } from "../../lib/history/failure.ts";
import { allRecords } from "../../lib/history/find.ts";
import { attrsBehind, detailsOf } from "../../lib/history/inspect.ts";
import type { LocalState } from "../../lib/history/local_state.ts";
import { recordOf } from "../../lib/history/record.ts";
import type { HistoryRecordMessage } from "../../lib/proto/history.ts";
import { ProtocolError } from "../../lib/errors.ts";
import type { SolveStatus } from "../../lib/progress/solve_status.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { at, recordWith } from "./records.ts";

const signal = new AbortController().signal;

/** A control that tells these parts of a log, and has this content. */
function control(
  log: readonly SolveStatus[] = [],
  contents: Readonly<Record<string, string>> = {},
  records: readonly HistoryRecordMessage[] = [],
): Control {
  return {
    async *status() {
      yield* log;
    },
    async *history() {
      yield* records;
    },
    async *content(digest: string) {
      yield new TextEncoder().encode(contents[digest]);
    },
  } as unknown as Control;
}

async function details(
  attrs: Record<string, string>,
  state?: Partial<LocalState>,
  message: Partial<HistoryRecordMessage> = {},
) {
  return await detailsOf(
    control(),
    recordWith({ ...message, frontendAttrs: new Map(Object.entries(attrs)) }),
    {
      state: state && { context: "", dockerfile: "", raw: {}, ...state },
      now: 0,
      signal,
    },
  );
}

Deno.test("a record's context and Dockerfile are what buildx wrote down, or what BuildKit was told", async () => {
  const cases: [
    context: string | undefined,
    dockerfile: string | undefined,
    attrs: Record<string, string>,
    state?: Partial<LocalState>,
  ][] = [
    [undefined, undefined, {}],
    ["https://a/b.git", "D", { context: "https://a/b.git", filename: "D" }],
    ["/a", "D", { filename: "D", context: "x" }, { context: "/a" }],
    ["x", "D", { filename: "D", context: "x" }, {}],
    ["/a", "b/D", { filename: "D" }, { context: "/a", dockerfile: "/a/b/D" }],
    ["/a/c", "/a/b/D", {}, { context: "/a/c", dockerfile: "/a/b/D" }],
    ["/a", "-", { filename: "D" }, { context: "/a", dockerfile: "-" }],
    ["-", "/b/D", {}, { context: "-", dockerfile: "/b/D" }],
    [undefined, "sub/D", { filename: "D", "vcs:localdir:dockerfile": "sub" }],
    [undefined, undefined, { "vcs:localdir:dockerfile": "sub" }],
  ];
  for (const [context, dockerfile, attrs, state] of cases) {
    const found = await details(attrs, state);
    assertEquals(
      [found.context, found.dockerfile],
      [context, dockerfile],
      JSON.stringify([attrs, state]),
    );
  }
});

Deno.test("attributes are told apart by their prefixes, and sorted", async () => {
  const found = await details({
    "label:z": "1",
    "build-arg:b": "2",
    "label:a": "3",
    "build-arg:a": "4",
    "context:c": "5",
    "vcs:source": "s",
    "vcs:revision": "r",
    platform: "linux/amd64,linux/arm64",
    target: "t",
    label: "none",
  });
  assertEquals(Object.entries(found.labels), [["a", "3"], ["z", "1"]]);
  assertEquals(Object.entries(found.buildArgs), [["a", "4"], ["b", "2"]]);
  assertEquals(found.namedContexts, { c: "5" });
  assertEquals(found.vcs, { source: "s", revision: "r" });
  assertEquals(found.platforms, ["linux/amd64", "linux/arm64"]);
  assertEquals(found.target, "t");
  assertEquals(Object.keys(found.attrs)[0], "build-arg:a");
  const none = await details({});
  assertEquals([none.platforms, none.attrs, none.materials], [[], {}, []]);
  assertEquals(attrsBehind(new Map([["a", "1"]]), "b"), {});
});

Deno.test("a provenance whose materials are none has none", async () => {
  const attested = {
    only: undefined,
    attestations: [{
      mediaType: "application/vnd.in-toto+json",
      digest: "p",
      size: 1,
      annotations: new Map([
        ["in-toto.io/predicate-type", "https://slsa.dev/provenance/v0.2"],
      ]),
    }],
    results: [],
  };
  for (const text of ["{}", "null", '{"materials":"x"}']) {
    const found = await detailsOf(
      control([], { p: text }),
      recordWith({ result: attested }),
      { state: undefined, now: 0, signal },
    );
    assertEquals(found.materials, [], text);
  }
});

Deno.test("times are told to the nanosecond, and durations of them", () => {
  const told = (fields: Partial<HistoryRecordMessage>, now = 0) => {
    const { createdAt, completedAt, duration } = recordOf(
      recordWith(fields),
      undefined,
      now,
    );
    return [createdAt, completedAt, duration];
  };
  assertEquals(
    told({ createdAt: at(1, 400_000_000), completedAt: at(3, 100_000_000) }),
    ["1970-01-01T00:00:01.4Z", "1970-01-01T00:00:03.1Z", 1700],
  );
  assertEquals(
    told({ createdAt: at(86_400, 1), completedAt: at(86_400, 2) }),
    ["1970-01-02T00:00:00.000000001Z", "1970-01-02T00:00:00.000000002Z", 1e-6],
  );
  // A clock that is behind the engine's.
  assertEquals(told({ createdAt: at(5) }, 3_000), [
    "1970-01-01T00:00:05Z",
    undefined,
    0,
  ]);
  assertEquals(told({ createdAt: at(5) }, 7_500), [
    "1970-01-01T00:00:05Z",
    undefined,
    2_500,
  ]);
  assertEquals(told({}, 4), ["1970-01-01T00:00:00Z", undefined, 4]);
});

Deno.test("outputs have their attributes sorted", () => {
  const { outputs, attrs } = recordOf(
    recordWith({
      exporters: [
        { type: "image", attrs: new Map([["z", "1"], ["a", "2"]]) },
        { type: "local", attrs: new Map() },
      ],
    }),
    undefined,
    0,
  );
  assertEquals(
    outputs.map(({ type, attrs }) => [type, Object.entries(attrs)]),
    [
      ["image", [["a", "2"], ["z", "1"]]],
      ["local", []],
    ],
  );
  assertEquals(attrs, {});
});

Deno.test("records without a time are the oldest, and nanoseconds count", async () => {
  const records = [
    recordWith({ ref: "a", createdAt: at(0, 5) }),
    recordWith({ ref: "none" }),
    recordWith({ ref: "c", createdAt: at(1) }),
    recordWith({ ref: "b", createdAt: at(0, 7) }),
  ];
  const sorted = await allRecords(control([], {}, records), signal);
  assertEquals(sorted.map(({ ref }) => ref), ["c", "b", "a", "none"]);
});

Deno.test("an error's step and its last lines come from the log", async () => {
  const step = "sha256:1";
  const log: SolveStatus[] = [{
    vertexes: [{
      digest: step,
      inputs: [],
      name: "[2/2] RUN x",
      cached: false,
      started: at(1),
      completed: at(2),
      error: 'process "x" did not complete successfully: exit code: 7',
      group: undefined,
    }],
    statuses: [],
    logs: [{
      vertex: step,
      timestamp: at(1),
      stream: 1,
      data: new TextEncoder().encode(
        Array.from({ length: 20 }, (_, at) => `line ${at}\n`).join(""),
      ),
    }],
    warnings: [],
  }];
  const record = recordWith({
    completedAt: at(2),
    error: {
      code: 2,
      message: 'process "x" did not complete successfully: exit code: 7',
      details: [],
    },
  });
  const failure = await failureOf(control(log), record, { signal });
  assertEquals([failure!.step, failure!.vertex, failure!.exitCode], [
    "[2/2] RUN x",
    step,
    7,
  ]);
  assertEquals([failure!.log.length, failure!.log.at(-1)], [10, "line 19"]);
  const longer = await failureOf(control(log), record, {
    logLines: 12,
    signal,
  });
  assertEquals(longer!.log.length, 12);
  assertEquals(
    await failureOf(control(log), recordWith({}), { signal }),
    undefined,
  );
});

Deno.test("a bundle leaves out what is zero, also within", () => {
  const none = { mediaType: "", digest: "", size: 0, annotations: new Map() };
  const text = bundleRecord(
    recordWith({
      createdAt: at(0, 1),
      completedAt: at(0),
      error: { code: 0, message: "", details: [] },
      exporters: [{ type: "", attrs: new Map() }],
      logs: none,
      result: { only: undefined, attestations: [none], results: [] },
    }),
    { platform: "p", state: undefined, trace: undefined },
  );
  assertEquals(JSON.parse(text), {
    Exporters: [{}],
    error: {},
    CreatedAt: { nanos: 1 },
    CompletedAt: {},
    logs: {},
    Result: { Attestations: [{}] },
    DefaultPlatform: "p",
  });
});

Deno.test("no more of a record's parts is read than they may have", async () => {
  const read = (maxBytes: number) =>
    contentBytes(control([], { d: "1234" }), "d", {
      what: "It",
      maxBytes,
      signal,
    });
  assertEquals(await read(4), new TextEncoder().encode("1234"));
  const { message } = await assertRejects(() => read(3), ProtocolError);
  assertEquals(message, "It has more than 3 bytes");
});

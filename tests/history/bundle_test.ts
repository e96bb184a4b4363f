import { bundleRecord } from "../../lib/history/bundle_record.ts";
import { cleanTrace } from "../../lib/history/bundle_trace.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";
import { at, recordWith } from "./records.ts";

const descriptor = (digest: string) => ({
  mediaType: "m",
  digest,
  size: 1,
  annotations: new Map(),
});

Deno.test("a bundle's record has Go's names, and nothing for what is zero", () => {
  const bare = { platform: "linux/amd64", state: undefined, trace: undefined };
  assertEquals(JSON.parse(bundleRecord(recordWith({}), bare)), {
    DefaultPlatform: "linux/amd64",
  });
  const record = recordWith({
    ref: "r",
    frontend: "f",
    frontendAttrs: new Map([["b", "<2>"], ["a", "1"]]),
    exporters: [{ type: "image", attrs: new Map([["name", "n"]]) }],
    error: { code: 2, message: "failed", details: [] },
    createdAt: at(3, 4),
    completedAt: at(5),
    logs: descriptor("logs"),
    exporterResponse: new Map([["x", "y"]]),
    result: {
      only: descriptor("only"),
      attestations: [{
        ...descriptor("att"),
        annotations: new Map([["k", "v"]]),
      }],
      results: [{ number: 0, descriptor: descriptor("zero") }],
    },
    results: new Map([["linux/arm64", {
      only: undefined,
      attestations: [],
      results: [],
    }]]),
    generation: 6,
    trace: descriptor("secret trace"),
    pinned: true,
    cachedSteps: 7,
    totalSteps: 8,
    completedSteps: 9,
    externalError: descriptor("error"),
    warnings: 10,
  });
  const text = bundleRecord(record, {
    platform: "linux/amd64",
    state: { context: "/a", dockerfile: "", raw: { LocalPath: "/a" } },
    trace: descriptor("trace"),
  });
  const one = (digest: string) => ({ media_type: "m", digest, size: 1 });
  assertEquals(JSON.parse(text), {
    Ref: "r",
    Frontend: "f",
    FrontendAttrs: { a: "1", b: "<2>" },
    Exporters: [{ Type: "image", Attrs: { name: "n" } }],
    error: { code: 2, message: "failed" },
    CreatedAt: { seconds: 3, nanos: 4 },
    CompletedAt: { seconds: 5 },
    logs: one("logs"),
    ExporterResponse: { x: "y" },
    Result: {
      ResultDeprecated: one("only"),
      Attestations: [{ ...one("att"), annotations: { k: "v" } }],
      Results: { "0": one("zero") },
    },
    Results: { "linux/arm64": {} },
    Generation: 6,
    trace: one("trace"),
    pinned: true,
    numCachedSteps: 7,
    numTotalSteps: 8,
    numCompletedSteps: 9,
    externalError: one("error"),
    numWarnings: 10,
    DefaultPlatform: "linux/amd64",
    localState: { LocalPath: "/a" },
  });
  // As Go writes it: sorted, indented, and fit for a page of HTML.
  assertEquals(
    text.includes('"a": "1",\n    "b": "\\u003c2\\u003e"'),
    true,
    text,
  );
});

Deno.test("a bundle's trace has no tokens", () => {
  const span = (...values: [type: string, value: unknown][]) =>
    JSON.stringify(
      {
        Name: "token=kept",
        Attributes: values.map(([Type, Value]) => ({
          Key: "k",
          Value: { Type, Value },
        })),
      },
      undefined,
      2,
    ) + "\n";
  const github = `ghs_${"a".repeat(36)}`;
  assertEquals(
    cleanTrace(
      span(
        ["STRING", "x ghtoken=1,TOKEN=2 a=b secret_access_key=3"],
        ["STRING", "access_key_id=4, session_token=5"],
        [
          "STRING",
          `${github} ghu_${"b".repeat(36)} github_pat_${"c".repeat(82)}`,
        ],
        ["INT64", 7],
        ["STRING", "}\n{"],
      ) + JSON.stringify({ Attributes: null }, undefined, 2) + "\n",
    ),
    span(
      ["STRING", "x ghtoken=xxxxx,TOKEN=xxxxx a=b secret_access_key=xxxxx"],
      ["STRING", "access_key_id=xxxxx, session_token=xxxxx"],
      ["STRING", "xxxxx xxxxx xxxxx"],
      ["INT64", 7],
      ["STRING", "}\n{"],
    ) + '{\n  "Attributes": null\n}\n',
  );
  assertEquals(cleanTrace(""), "");
  assertThrows(() => cleanTrace("{"), SyntaxError);
});

import {
  assert,
  assertEquals,
  assertFalse,
  assertThrows,
} from "../support/assert.ts";
import type { OwnWarning } from "../../lib/imagebuild/fact.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { checkRequest } from "./request.ts";
import type { BuildRequest } from "../../lib/imagebuild/request.ts";
import { buildQuery } from "../../lib/imagebuild/ways/build_query.ts";
import {
  checkApi,
  checkBuildKit,
} from "../../lib/imagebuild/ways/engine_limits.ts";
import type { EngineFacts } from "../../lib/engine/engine.ts";
import { UnsupportedError } from "../../lib/errors.ts";

/** A request to build from a tar. */
function requestOf(options: ImageBuildOptions): BuildRequest {
  return checkRequest(options, { kind: "tar", stream: new ReadableStream() });
}

/** What an engine is asked, without what was not given. */
function queryOf(options: ImageBuildOptions): Record<string, unknown> {
  return JSON.parse(JSON.stringify(buildQuery(requestOf(options))));
}

/** What is told of an engine that speaks this API. */
function limits(options: ImageBuildOptions, api: string): OwnWarning[] {
  const request = requestOf(options);
  if (request.builder === "buildkit") return checkBuildKit(request, facts(api));
  checkApi(request, facts(api));
  return [];
}

function facts(negotiated: string): EngineFacts {
  return {
    apiVersion: negotiated,
    negotiated,
    osType: "linux",
    builderVersion: undefined,
    experimental: false,
    libpodApiVersion: undefined,
    gateway: false,
  };
}

Deno.test("checkRequest() takes plain values and the strings of @docker/node-sdk alike", () => {
  for (
    const [plain, text] of [
      [{ buildargs: { A: "1", B: null } }, { buildargs: '{"A":"1","B":null}' }],
      [{ labels: { "a.b": "c" } }, { labels: '{"a.b":"c"}' }],
      [{ cachefrom: ["a:1", "b:2"] }, { cachefrom: '["a:1","b:2"]' }],
      [{ cachefrom: ["a:1"] }, { cachefrom: "a:1" }],
      [{ tag: ["a:1"] }, { tag: "a:1" }],
      [{ extrahosts: { h: "10.0.0.1" } }, { extrahosts: "h:10.0.0.1" }],
      [{ extrahosts: ["h:::1"] }, { extrahosts: "h:::1" }],
      [{ outputs: { type: "moby", attrs: { a: "b" } } }, {
        outputs: '[{"Type":"moby","Attrs":{"a":"b"}}]',
      }],
      [{ outputs: [{ type: "image" }] }, { outputs: '{"Type":"image"}' }],
      [{ ulimits: [{ name: "nofile", soft: 1, hard: 2 }] }, {
        ulimits: '[{"Name":"nofile","Soft":1,"Hard":2}]',
      }],
    ] as [ImageBuildOptions, ImageBuildOptions][]
  ) {
    assertEquals(queryOf(plain), queryOf(text));
  }
});

Deno.test("buildQuery() names every option as the engine does", () => {
  assertEquals(
    queryOf({
      version: "1",
      dockerfile: "sub/Dockerfile",
      tag: ["a", "b:1"],
      extrahosts: { h: "1.2.3.4" },
      remote: "https://example.com/x.git#main:sub",
      quiet: true,
      nocache: true,
      cachefrom: ["c"],
      pull: "1",
      rm: true,
      forcerm: false,
      memory: 1,
      memswap: -1,
      cpushares: 2,
      cpusetcpus: "0-3",
      cpuperiod: 3,
      cpuquota: -1,
      cgroupparent: "/p",
      buildargs: { A: "1" },
      shmsize: 64,
      ulimits: [],
      squash: false,
      labels: {},
      networkmode: "bridge",
      platform: "linux/arm64/v8",
      target: "stage",
    }),
    {
      version: "1",
      dockerfile: "sub/Dockerfile",
      t: ["a", "b:1"],
      extrahosts: ["h:1.2.3.4"],
      remote: "https://example.com/x.git#main:sub",
      q: true,
      nocache: true,
      cachefrom: '["c"]',
      pull: "1",
      rm: true,
      forcerm: false,
      memory: 1,
      memswap: -1,
      cpushares: 2,
      cpusetcpus: "0-3",
      cpuperiod: 3,
      cpuquota: -1,
      cgroupparent: "/p",
      buildargs: '{"A":"1"}',
      shmsize: 64,
      ulimits: "[]",
      squash: false,
      labels: "{}",
      networkmode: "bridge",
      platform: "linux/arm64/v8",
      target: "stage",
    },
  );
});

Deno.test("checkRequest() takes platforms as a list or with commas, each once", () => {
  const local = Deno.build.arch === "aarch64" ? "arm64" : "amd64";
  for (
    const [platform, platforms] of [
      ["linux/arm64", ["linux/arm64"]],
      ["linux/amd64, linux/arm64", ["linux/amd64", "linux/arm64"]],
      [["linux/arm64,linux/amd64", "linux/arm64"], [
        "linux/arm64",
        "linux/amd64",
      ]],
      [["Local", "linux/s390x"], [`linux/${local}`, "linux/s390x"]],
      [[], []],
    ] as const
  ) {
    const request = requestOf({ platform });
    assertEquals(request.platforms, platforms);
    assertEquals(
      request.needs,
      platforms.length > 1 ? ["several platforms"] : [],
    );
  }
  for (const platform of ["", ",", "linux/amd64,", ["linux/amd64", ""]]) {
    assertThrows(() => requestOf({ platform }), TypeError);
  }
});

Deno.test("checkRequest() says of several outputs and platforms that they need BuildKit's API", () => {
  for (
    const [options, feature, classic = feature] of [
      [
        { outputs: [{ type: "moby" }, { type: "tar", dest: "a" }] },
        "several outputs",
        'output "tar"',
      ],
      [{ platform: ["linux/amd64", "linux/arm64"] }, "several platforms"],
    ] as [ImageBuildOptions, string, string?][]
  ) {
    assertEquals(requestOf(options).needs, [feature]);
    const error = assertThrows(
      () => requestOf({ ...options, version: "1" }),
      UnsupportedError,
    );
    assertEquals(error.feature, classic);
    assertThrows(() => requestOf({ ...options, api: "engine" }), TypeError);
  }
});

Deno.test("checkRequest() refuses wrong options, and quotes no build argument", () => {
  for (
    const options of [
      { version: "3" },
      { tags: ["a"] },
      { tag: "" },
      { tag: "Upper" },
      { tag: `a@sha256:${"0".repeat(64)}` },
      { tag: "a b" },
      { tag: "a:" + "t".repeat(129) },
      { buildargs: "hunter2" },
      { buildargs: '["hunter2"]' },
      { buildargs: { A: 5 } },
      { buildargs: { "": "hunter2" } },
      { labels: { a: null } },
      { extrahosts: "nonsense" },
      { extrahosts: [":1.2.3.4"] },
      { cachefrom: "[" },
      { cachefrom: [1] },
      { ulimits: [{ name: "nofile", soft: "1", hard: 2 }] },
      { outputs: "{" },
      { outputs: [{}] },
      { dockerfile: "" },
      { remote: "" },
      { target: "" },
      { memory: 1.5 },
      { shmsize: 0 },
      { cpuquota: -2 },
      { secretsVia: "smoke" },
      { session: "" },
      { session: true },
      { session: "abc", secrets: { a: "hunter2" } },
      { session: false, secrets: { a: "hunter2" } },
    ]
  ) {
    const error = assertThrows(() => requestOf(options as ImageBuildOptions));
    assert(
      error instanceof TypeError || error instanceof RangeError,
      `${error}`,
    );
    assertFalse(error.message.includes("hunter2"), error.message);
  }
});

Deno.test("checkRequest() takes every name that an engine takes", () => {
  for (
    const tag of [
      "a",
      "a/b/c:d",
      "localhost/a",
      "host:5000/a-b__c.d:v1_2-3",
      "[2001:db8::1]:5000/a",
      "EXAMPLE.com/a:UPPER",
    ]
  ) {
    assertEquals(queryOf({ tag }).t, [tag]);
  }
});

Deno.test("checkRequest() refuses what no engine can do", () => {
  for (
    const options of [
      { outputs: { type: "local", dest: "out" }, version: "1" },
      { outputs: { type: "tar", dest: "out" }, session: false },
      { outputs: { type: "oci", dest: "out" }, secretsVia: "header" },
      { networkmode: "bridge" },
      { remote: "client-session" },
      { remote: "upload-request" },
    ] as ImageBuildOptions[]
  ) {
    const error = assertThrows(() => requestOf(options), UnsupportedError);
    assert(error.feature !== "");
  }
});

Deno.test("checkRequest() warns of each option that BuildKit ignores, and of none with the classic builder", () => {
  const options: ImageBuildOptions = {
    rm: true,
    forcerm: true,
    memory: 1,
    memswap: 1,
    cpushares: 1,
    cpusetcpus: "0",
    cpuperiod: 1,
    cpuquota: 1,
    cgroupparent: "/x",
  };
  assertEquals(
    limits(options, "1.42").map(([, , name]) => name).sort(),
    Object.keys(options).sort(),
  );
  assertEquals(requestOf({ ...options, version: "1" }).ignored, []);
});

Deno.test("checkBuildKit() and checkApi() know what engines can do", () => {
  const refused = (options: ImageBuildOptions, api: string) =>
    assertThrows(() => limits(options, api), UnsupportedError);
  refused({}, "1.38");
  refused({ outputs: { type: "moby" } }, "1.39");
  refused({ version: "1", platform: "linux/amd64" }, "1.31");
  refused({ outputs: { type: "cacheonly" } }, "1.45");
  assertEquals(limits({ outputs: { type: "cacheonly" } }, "1.41"), []);
  const names = (api: string) =>
    limits({ shmsize: 1, ulimits: [] }, api).map(([, , name]) => name);
  assertEquals(names("1.41"), ["shmsize", "ulimits"]);
  assertEquals(names("1.42"), []);
});

Deno.test("checkRequest() takes the platform local for this machine's own", () => {
  const own = `linux/${Deno.build.arch === "aarch64" ? "arm64" : "amd64"}`;
  for (const platform of ["local", "LOCAL"]) {
    assertEquals(queryOf({ platform }).platform, own);
  }
});

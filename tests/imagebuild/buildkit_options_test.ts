import { checkNamedPlatforms } from "../../lib/imagebuild/checks/annotations.ts";
import type { Source } from "../../lib/imagebuild/context/source.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { checkRequest } from "./request.ts";
import type { BuildRequest } from "../../lib/imagebuild/request.ts";
import { UnsupportedError } from "../../mod.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

const TAR: Source = { kind: "tar", stream: new ReadableStream() };

function requestOf(options: unknown): BuildRequest {
  return checkRequest(options as ImageBuildOptions, TAR);
}

/** Refuses each of the options with its words. */
function refuses(
  cases: readonly (readonly [options: unknown, words: string])[],
  kind: new (message: string) => Error = TypeError,
): void {
  for (const [options, words] of cases) {
    const error = assertThrows(
      () => requestOf(options),
      kind as ErrorConstructor,
      undefined,
      Deno.inspect(options),
    );
    assertEquals(error.message, words);
  }
}

Deno.test("without options, nothing needs BuildKit's own API", () => {
  const {
    api,
    needs,
    allow,
    attestations,
    annotations,
    noCacheStages,
    sourcePolicy,
    sourceDateEpoch,
    cgroupParent,
    history,
    buildArgs,
  } = requestOf({});
  assertEquals([api, needs], [undefined, []]);
  assertEquals([allow, attestations, annotations, noCacheStages], [
    [],
    [],
    [],
    [],
  ]);
  assertEquals([sourcePolicy, sourceDateEpoch, cgroupParent, buildArgs], [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals(history, true);
});

Deno.test("an option needs BuildKit's own API if it asks for something", () => {
  const sourcePolicy = {
    rules: [{ action: "DENY", selector: { identifier: "*" } }],
  };
  for (
    const [options, needs] of [
      [{ allow: "security.insecure" }, ["allow"]],
      [{ allow: [] }, []],
      [{ allow: "network.host" }, ["allow"]],
      [{ allow: "network.host", networkmode: "none" }, ["allow"]],
      // The Engine API allows it with the network.
      [{ allow: "network.host", networkmode: "host" }, []],
      [
        { allow: ["network.host", "device"], networkmode: "host" },
        ["allow"],
      ],
      [{ annotations: {} }, []],
      [{ annotations: { a: "b" } }, ["annotations"]],
      [{ attest: {} }, []],
      [{ attest: { provenance: false, sbom: false } }, []],
      [{ attest: { provenance: "min" } }, ["attest"]],
      [{ attest: { sbom: true } }, ["attest"]],
      [{ history: true }, []],
      [{ history: false }, ["history"]],
      [{ nocachefilter: [] }, []],
      [{ nocachefilter: "a" }, ["nocachefilter"]],
      [{ sourcePolicy }, ["sourcePolicy"]],
      // These go by the Engine API, too.
      [{ sourceDateEpoch: 0 }, []],
      [{ cgroupparent: "/a" }, []],
      [
        { sourcePolicy, history: false, allow: "device" },
        ["allow", "history", "sourcePolicy"],
      ],
    ] as [unknown, string[]][]
  ) {
    assertEquals(requestOf(options).needs, needs, Deno.inspect(options));
  }
});

Deno.test("api is one of two words, and fits what else is asked", () => {
  for (const api of ["engine", "buildkit", undefined]) {
    assertEquals(requestOf({ api }).api, api);
  }
  assertEquals(requestOf({ api: "engine", version: "1" }).api, "engine");
  assertEquals(requestOf({ secretsVia: "header" }).api, undefined);
  assertEquals(
    requestOf({ secretsVia: "header", api: "engine" }).api,
    "engine",
  );
  assertEquals(
    requestOf({ secretsVia: "session", api: "buildkit" }).api,
    "buildkit",
  );
  refuses([
    ...["", "solve", 1, null].map((api) =>
      [
        { api },
        `Cannot build with api ${
          JSON.stringify(api)
        }: expected "engine" or "buildkit"`,
      ] as const
    ),
    [
      { api: "buildkit", version: "1" },
      'Cannot build with api "buildkit" and version "1": the classic builder is reached by the Engine API alone; leave one of them out',
    ],
    ...[
      [{ api: "buildkit" }, 'api "buildkit"'],
      [{ api: "buildkit", history: false }, "history"],
      [{ history: false }, "history"],
    ].map(([options, what]) =>
      [
        { ...options as object, secretsVia: "header" },
        `Cannot build with secretsVia "header" and ${what}: BuildKit's API has no such header, and nothing between davit and the engine reads one there; leave secretsVia out`,
      ] as const
    ),
    [
      { api: "engine", history: false },
      'Cannot build with history: only BuildKit\'s API can do that, and api is "engine"; leave api out',
    ],
  ]);
  const error = assertThrows(
    () => requestOf({ version: "1", nocachefilter: "a" }),
    UnsupportedError,
  );
  assertEquals(error.feature, "nocachefilter");
  assertEquals(
    error.message,
    'Cannot build with nocachefilter: the classic builder (version "1") can\'t do that; leave version out',
  );
});

Deno.test("allow and nocachefilter are names, each given once", () => {
  const given = ["network.host", "device=a/b=c"];
  const request = requestOf({ allow: given, nocachefilter: "a" });
  assertEquals([request.allow, request.noCacheStages], [given, ["a"]]);
  assertEquals(request.allow === given, false);
  for (const option of ["allow", "nocachefilter"]) {
    refuses([
      ...["", "a b", "a,b", "a\nb", "a\0b", 'a"b', 5, null, ["a", ""]].map(
        (value) =>
          [
            { [option]: value },
            `Cannot use ${option} ${
              JSON.stringify(Array.isArray(value) ? "" : value)
            }: expected names without blanks, commas and quotes`,
          ] as const,
      ),
      [
        { [option]: ["a", "b", "a"] },
        `Cannot use ${option} "a": it is named twice`,
      ],
    ]);
  }
  assertEquals(
    requestOf({ nocache: false, nocachefilter: "a" }).noCacheStages,
    ["a"],
  );
  assertEquals(requestOf({ nocache: true, nocachefilter: [] }).noCache, true);
  refuses([[
    { nocache: true, nocachefilter: "a" },
    "Cannot build with nocache and nocachefilter: without the cache there is nothing to filter; leave one of them out",
  ]]);
});

Deno.test("attest names what is recorded, in BuildKit's words", () => {
  const attestationsOf = (attest: unknown) =>
    requestOf({ attest }).attestations;
  for (
    const [provenance, attrs] of [
      ["min", { mode: "min" }],
      ["max", { mode: "max" }],
      [{}, { mode: "min" }],
      [{ mode: "max" }, { mode: "max" }],
      [
        {
          mode: "min",
          builderId: "https://ci.example/1,2",
          filename: "p.json",
          inlineOnly: false,
          reproducible: true,
          version: "v1",
        },
        {
          mode: "min",
          "builder-id": "https://ci.example/1,2",
          filename: "p.json",
          "inline-only": "false",
          reproducible: "true",
          version: "v1",
        },
      ],
      [{ version: "v0.2" }, { mode: "min", version: "v0.2" }],
    ] as const
  ) {
    assertEquals(attestationsOf({ provenance }), [{
      type: "provenance",
      attrs,
    }]);
  }
  const generator = "registry.example:5000/a/B-scan:1@sha256:0";
  const parameters = { A: "", "b.c": "1,2" };
  assertEquals(attestationsOf({ provenance: "max", sbom: true }), [
    { type: "provenance", attrs: { mode: "max" } },
    { type: "sbom", attrs: {} },
  ]);
  assertEquals(attestationsOf({ sbom: { generator, parameters } }), [
    { type: "sbom", attrs: { generator, A: "", "b.c": "1,2" } },
  ]);
  assertEquals(attestationsOf({ sbom: {} }), [{ type: "sbom", attrs: {} }]);
});

Deno.test("attest refuses what BuildKit would not read", () => {
  const provenance = (given: unknown) => ({ attest: { provenance: given } });
  const sbom = (given: unknown) => ({ attest: { sbom: given } });
  const line = "expected one line of text";
  refuses([
    [{ attest: true }, "Cannot build with attest: the options are an object"],
    [
      { attest: new Map() },
      "Cannot build with attest: the options are an object; a Map becomes one by Object.fromEntries(map)",
    ],
    [
      { attest: { sbom: true, spdx: true } },
      'Cannot build with attest: there is no option "spdx"; expected one of provenance, sbom',
    ],
    ...["", "full", "MAX"].map((mode) =>
      [
        provenance(mode),
        `Cannot use attest.provenance mode ${
          JSON.stringify(mode)
        }: expected "min" or "max"`,
      ] as const
    ),
    [
      provenance({ mode: null }),
      'Cannot use attest.provenance mode null: expected "min" or "max"',
    ],
    ...[true, 5, null, []].map((given) =>
      [
        provenance(given),
        'Cannot use attest.provenance: expected "min", "max", an object, or false',
      ] as const
    ),
    [
      provenance({ builder: "a" }),
      'Cannot build with provenance: there is no option "builder"; expected one of mode, builderId, filename, inlineOnly, reproducible, version',
    ],
    [
      provenance({ version: "1" }),
      'Cannot use attest.provenance version "1": expected "v0.2" or "v1"',
    ],
    ...["", "a\nb", "a\rb", "a\0", 5, null].flatMap((value) => [
      [
        provenance({ builderId: value }),
        `Cannot use attest.provenance.builderId: ${line}`,
      ] as const,
      [
        provenance({ filename: value }),
        `Cannot use attest.provenance.filename: ${line}`,
      ] as const,
    ]),
    ...["a/b", "..", ".", "\\a"].map((filename) =>
      [
        provenance({ filename }),
        `Cannot use attest.provenance.filename ${
          JSON.stringify(filename)
        }: expected a name without a path`,
      ] as const
    ),
    ...["inlineOnly", "reproducible"].map((name) =>
      [
        provenance({ [name]: "true" }),
        `Cannot use attest.provenance.${name}: expected true or false`,
      ] as const
    ),
    ...[5, "scanner", null, []].map((given) =>
      [
        sbom(given),
        "Cannot use attest.sbom: expected true, { generator }, or false",
      ] as const
    ),
    [
      sbom({ scanner: "a" }),
      'Cannot build with sbom: there is no option "scanner"; expected one of generator, parameters',
    ],
    ...["", "a b", "a,b", "-a", "a\n", "https://a?b", 5].map((generator) =>
      [
        sbom({ generator }),
        `Cannot use attest.sbom generator ${
          JSON.stringify(generator)
        }: expected the name of an image`,
      ] as const
    ),
    ...[5, null, new Map()].map((parameters) =>
      [
        sbom({ parameters }),
        "Cannot use attest.sbom parameters: expected an object of names to text",
      ] as const
    ),
    ...["", "a b", "a=b", "a,b", "1a", "generator", "type", "disabled"].map(
      (name) =>
        [
          sbom({ parameters: { [name]: "x" } }),
          `Cannot use attest.sbom parameter ${
            JSON.stringify(name)
          }: that is no name for one`,
        ] as const,
    ),
    ...["a\nb", "\0", 5, null].map((value) =>
      [
        sbom({ parameters: { A: value } }),
        `Cannot use attest.sbom parameter "A": ${line}`,
      ] as const
    ),
  ]);
});

Deno.test("annotations go to the parts of the image that their keys name", () => {
  const two = ["linux/amd64", "linux/arm/v7"];
  const of = (annotations: unknown) =>
    requestOf({ annotations, platform: two }).annotations;
  const platform = undefined;
  assertEquals(
    of({
      "org.opencontainers.image.title": "a: b, c=d\n",
      "index:x": "",
      "manifest,manifest-descriptor:y": "1",
      "manifest[linux/arm/v7],index-descriptor:z:1": "2",
    }),
    [
      {
        part: undefined,
        platform,
        key: "org.opencontainers.image.title",
        value: "a: b, c=d\n",
      },
      { part: "index", platform, key: "x", value: "" },
      { part: "manifest", platform, key: "y", value: "1" },
      { part: "manifest-descriptor", platform, key: "y", value: "1" },
      { part: "manifest", platform: "linux/arm/v7", key: "z:1", value: "2" },
      { part: "index-descriptor", platform, key: "z:1", value: "2" },
    ],
  );
  refuses([
    [
      { annotations: "a=b" },
      "Cannot use annotations: expected an object of keys to text",
    ],
    [
      { annotations: new Map() },
      "Cannot use annotations: expected an object of keys to text; a Map becomes one by Object.fromEntries(map)",
    ],
    [
      { annotations: { a: 1 } },
      'Cannot use annotations: the value of "a" is not text',
    ],
    ...["", "index:", "a b", "a=b", "a\0", "index:a\nb"].map((key) =>
      [
        { annotations: { [key]: "x" } },
        `Cannot use annotations ${
          JSON.stringify(key)
        }: expected a key without blanks and "=", as in "org.opencontainers.image.title"`,
      ] as const
    ),
    ...[
      ":a",
      "image:a",
      "index,:a",
      "manifest[]:a",
      "manifest[linux/a:a",
      "manifest[linux(1.0)/a]:a",
      "manifest[linux/a.b]:a",
      "https://a",
      "Index:a",
    ].map((key) =>
      [
        { annotations: { [key]: "x" } },
        `Cannot use annotations ${
          JSON.stringify(key)
        }: expected one of manifest, index, manifest-descriptor, index-descriptor before the ":"`,
      ] as const
    ),
    [
      { annotations: { "index:a": "1", "manifest,index:a": "2" } },
      'Cannot use annotations: "a" is given twice for one part',
    ],
  ]);
  assertEquals(
    of({ a: "1", "manifest:a": "2", "manifest[x/y]:a": "3", "index:a": "4" })
      .length,
    4,
  );
});

Deno.test("annotations for a platform by its name need a list of platforms", () => {
  const check = (options: ImageBuildOptions) =>
    checkNamedPlatforms(
      requestOf({
        annotations: { a: "1", "manifest[x/y]:a": "2" },
        ...options,
      }),
    );
  for (const platform of [undefined, "linux/amd64"]) {
    assertThrows(
      () => check({ platform }),
      TypeError,
      'Cannot use annotations for [x/y]: the image has one platform, and BuildKit would drop them without a word; leave "[x/y]" out',
    );
  }
  check({ platform: ["linux/amd64", "linux/arm64"] });
  check({ attest: { provenance: "min" } });
  check({ annotations: { "manifest:a": "2" } });
});

Deno.test("a source policy is taken as an object, and as the JSON of buildx's file", () => {
  const constraints = [
    { key: "http.checksum", value: "sha256:0", condition: "MATCHES" },
    { key: "a", value: "b" },
  ];
  const rules = [
    {
      action: "CONVERT",
      selector: { identifier: "a*", matchType: "REGEX", constraints },
      updates: { identifier: "b", attrs: { c: "d" } },
    },
    { action: "CONVERT", selector: { identifier: "a" }, updates: {} },
    {
      action: "DENY",
      selector: { identifier: "*", matchType: "EXACT" },
    },
    { action: "ALLOW", selector: { identifier: "local://context" } },
  ];
  const checked = {
    version: 1,
    rules: [
      {
        action: "CONVERT",
        selector: {
          identifier: "a*",
          matchType: "REGEX",
          constraints: [
            constraints[0],
            { key: "a", value: "b", condition: "EQUAL" },
          ],
        },
        updates: { identifier: "b", attrs: { c: "d" } },
      },
      {
        action: "CONVERT",
        selector: { identifier: "a", matchType: "WILDCARD", constraints: [] },
        updates: { attrs: {} },
      },
      {
        action: "DENY",
        selector: { identifier: "*", matchType: "EXACT", constraints: [] },
      },
      {
        action: "ALLOW",
        selector: {
          identifier: "local://context",
          matchType: "WILDCARD",
          constraints: [],
        },
      },
    ],
  };
  const of = (sourcePolicy: unknown) =>
    requestOf({ sourcePolicy }).sourcePolicy as unknown;
  assertEquals(of({ rules }), checked);
  assertEquals(of({ version: 1, rules }), checked);
  assertEquals(of({ rules: [] }), { version: 1, rules: [] });
  assertEquals(
    of(
      JSON.stringify({ rules }).replaceAll("matchType", "match_type"),
    ),
    checked,
  );
});

Deno.test("a source policy of another form is refused, and never read as a milder one", () => {
  const rule = { action: "DENY", selector: { identifier: "*" } };
  const selector = (more: unknown) => ({
    rules: [{ ...rule, selector: { identifier: "*", ...more as object } }],
  });
  const constraint = (more: unknown) =>
    selector({ constraints: [{ key: "a", value: "b", ...more as object }] });
  const updates = (given: unknown) => ({
    rules: [rule, { ...rule, action: "CONVERT", updates: given }],
  });
  const line = "expected one line of text";
  const alone = "a rule has updates if its action is CONVERT, and no other has";
  refuses(([
    [
      "{",
      "Cannot use sourcePolicy: the text is not JSON; a plain value is taken too",
    ],
    ["5", "Cannot use sourcePolicy: the options are an object"],
    [[], "Cannot use sourcePolicy: the options are an object"],
    [
      { rules: [rule], name: "a" },
      'Cannot use sourcePolicy: there is no option "name"; expected one of version, rules',
    ],
    [
      { rules: [rule], version: 2 },
      "Cannot use sourcePolicy version 2: expected 1",
    ],
    ...[undefined, {}, "a"].map((rules) => [
      { rules },
      "Cannot use sourcePolicy rules: expected a list",
    ]),
    [
      { rules: [rule, null] },
      "Cannot use sourcePolicy rules[1]: the options are an object",
    ],
    [
      { rules: [{ ...rule, name: "a" }] },
      'Cannot use sourcePolicy rules[0]: there is no option "name"; expected one of action, selector, updates',
    ],
    ...["deny", 1].map((action) => [
      { rules: [{ ...rule, action }] },
      `Cannot use sourcePolicy rules[0].action ${
        JSON.stringify(action)
      }: expected one of ALLOW, DENY, CONVERT`,
    ]),
    [
      { rules: [{ ...rule, updates: {} }] },
      `Cannot use sourcePolicy rules[0].updates: ${alone}`,
    ],
    [
      { rules: [{ ...rule, action: "CONVERT" }] },
      `Cannot use sourcePolicy rules[0].updates: ${alone}`,
    ],
    [
      { rules: [{ action: "DENY" }] },
      "Cannot use sourcePolicy rules[0].selector: the options are an object",
    ],
    ...["", 5, "a\nb", "\0", undefined].map((identifier) => [
      selector({ identifier }),
      `Cannot use sourcePolicy rules[0].selector.identifier: ${line}`,
    ]),
    [
      selector({ match: "EXACT" }),
      'Cannot use sourcePolicy rules[0].selector: there is no option "match"; expected one of identifier, matchType, constraints',
    ],
    [
      selector({ matchType: "exact" }),
      'Cannot use sourcePolicy rules[0].selector.matchType "exact": expected one of WILDCARD, EXACT, REGEX',
    ],
    [
      selector({ constraints: {} }),
      "Cannot use sourcePolicy rules[0].selector.constraints: expected a list",
    ],
    [
      constraint({ key: "" }),
      `Cannot use sourcePolicy rules[0].selector.constraints[0].key: ${line}`,
    ],
    [
      constraint({ value: 5 }),
      `Cannot use sourcePolicy rules[0].selector.constraints[0].value: ${line}`,
    ],
    [
      constraint({ condition: "LIKE" }),
      'Cannot use sourcePolicy rules[0].selector.constraints[0].condition "LIKE": expected one of EQUAL, NOTEQUAL, MATCHES',
    ],
    [
      constraint({ not: true }),
      'Cannot use sourcePolicy rules[0].selector.constraints[0]: there is no option "not"; expected one of key, value, condition',
    ],
    [
      updates({ identifier: "" }),
      `Cannot use sourcePolicy rules[1].updates.identifier: ${line}`,
    ],
    [
      updates({ attrs: new Map() }),
      "Cannot use sourcePolicy rules[1].updates.attrs: expected an object of names to text",
    ],
    [
      updates({ attrs: { a: 1 } }),
      `Cannot use sourcePolicy rules[1].updates.attrs["a"]: ${line}`,
    ],
    [
      updates({ image: "a" }),
      'Cannot use sourcePolicy rules[1].updates: there is no option "image"; expected one of identifier, attrs',
    ],
  ] as [unknown, string][]).map(([sourcePolicy, words]) =>
    [{ sourcePolicy }, words] as const
  ));
});

Deno.test("sourceDateEpoch is whole seconds of four-digit years, and a build argument", () => {
  for (
    const [given, seconds] of [
      [0, 0],
      [1700000000, 1700000000],
      [253402300799, 253402300799],
      [new Date(0), 0],
      [new Date("2024-01-02T03:04:05.999Z"), 1704164645],
      [new Date("9999-12-31T23:59:59.999Z"), 253402300799],
    ] as const
  ) {
    const request = requestOf({
      sourceDateEpoch: given,
      buildargs: { A: "1" },
    });
    assertEquals(request.sourceDateEpoch, seconds);
    assertEquals(request.buildArgs, {
      A: "1",
      SOURCE_DATE_EPOCH: `${seconds}`,
    });
  }
  assertEquals(requestOf({ sourceDateEpoch: 1 }).buildArgs, {
    SOURCE_DATE_EPOCH: "1",
  });
  refuses(
    [-1, 253402300800, 1.5, NaN, Infinity, new Date(-1), new Date(NaN)].map(
      (given) => [
        { sourceDateEpoch: given },
        `Cannot use sourceDateEpoch ${
          Deno.inspect(given)
        }: expected whole seconds from 0 (1970) to 253402300799 (the end of the year 9999)`,
      ],
    ),
    RangeError,
  );
  refuses([
    ...["0", "2024-01-01", null, true, {}].map((sourceDateEpoch) =>
      [
        { sourceDateEpoch },
        "Cannot use sourceDateEpoch: expected seconds since 1970, or a Date",
      ] as const
    ),
    ...["1", null].map((value) =>
      [
        { sourceDateEpoch: 1, buildargs: { SOURCE_DATE_EPOCH: value } },
        "Cannot use sourceDateEpoch: the build argument SOURCE_DATE_EPOCH gives the time too",
      ] as const
    ),
  ]);
  const error = assertThrows(
    () => requestOf({ sourceDateEpoch: 1, version: "1" }),
    UnsupportedError,
  );
  assertEquals(error.feature, "sourceDateEpoch");
  assertEquals(
    error.message,
    'Cannot build with sourceDateEpoch: the classic builder (version "1") gives every image its own time',
  );
});

Deno.test("history and cgroupparent keep their forms", () => {
  assertEquals(requestOf({ history: false }).history, false);
  assertEquals(requestOf({ history: true }).history, true);
  refuses([[
    { history: "false" },
    "Cannot use history: expected true or false",
  ]]);
  const request = requestOf({ cgroupparent: "/a" });
  assertEquals(request.cgroupParent, "/a");
  // BuildKit behind the Engine API ignores it, which a warning says.
  assertEquals(request.ignored, ["cgroupparent"]);
});

Deno.test("annotations and attestations need an output that can have them", () => {
  const to = (...types: string[]) =>
    types.map((type) => ({
      type,
      ...(["local", "tar", "oci", "docker"].includes(type)
        ? { dest: `/tmp/${type}` }
        : {}),
    }));
  const annotations = { a: "b" };
  refuses(
    ["local", "tar", "cacheonly"].map((type) => [
      { annotations, outputs: to(type) },
      `Cannot use annotations: output "${type}" is no image, and has no place for them`,
    ]),
  );
  const attest = { provenance: "max" };
  const error = assertThrows(
    () => requestOf({ attest, outputs: to("docker", "oci") }),
    UnsupportedError,
  );
  assertEquals(error.feature, "attest");
  assertEquals(
    error.message,
    'Cannot build with attest: an archive for docker load (output "docker") has no place for attestations; take output "oci", or leave it out',
  );
  for (
    const options of [
      { annotations, outputs: [] },
      { annotations, outputs: to("local", "moby") },
      { annotations, outputs: to("docker") },
      { annotations, outputs: to("oci", "tar") },
      { annotations: {}, outputs: to("local") },
      { attest, outputs: to("oci", "moby", "local") },
      {
        attest: { provenance: { inlineOnly: true } },
        outputs: to("docker", "moby"),
      },
    ]
  ) requestOf(options);
});

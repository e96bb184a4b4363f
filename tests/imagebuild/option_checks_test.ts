import { checkOutputs } from "../../lib/imagebuild/checks/output.ts";
import { isPushed } from "../../lib/imagebuild/checks/requested_output.ts";
import { checkVerify } from "../../lib/imagebuild/checks/verify.ts";
import { openOffer } from "../../lib/imagebuild/context/open_offer.ts";
import type { Source } from "../../lib/imagebuild/context/source.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { namesOf } from "../../lib/imagebuild/check_request.ts";
import { checkRequest } from "./request.ts";
import type { BuildRequest } from "../../lib/imagebuild/request.ts";
import { buildQuery } from "../../lib/imagebuild/ways/build_query.ts";
import { UnsupportedError } from "../../mod.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

const TAR: Source = { kind: "tar", stream: new ReadableStream() };

function requestOf(options: unknown, source: Source = TAR): BuildRequest {
  return checkRequest(options as ImageBuildOptions, source);
}

/** The whole sentence of the error that options are refused with. */
function refusal(options: unknown, source: Source = TAR): string {
  return assertThrows(() => requestOf(options, source)).message;
}

Deno.test("checkRequest() says of each option what it is", () => {
  const MAP = "; a Map becomes one by Object.fromEntries(map)";
  for (
    const [options, words] of [
      [{ version: 2 }, 'Cannot build with version 2: expected "1" or "2"'],
      [
        { tag: 5 },
        'Cannot use tag 5: expected "name" or "name:tag", in lower case',
      ],
      [
        { tag: ["a", "B"] },
        'Cannot use tag "B": expected "name" or "name:tag", in lower case',
      ],
      [
        { tag: "a@sha256:0" },
        'Cannot use tag "a@sha256:0": expected "name" or "name:tag", in lower case, without a digest',
      ],
      [
        { buildargs: "A=1" },
        "Cannot use buildargs: the text is not JSON; a plain value is taken too",
      ],
      [
        { buildargs: "5" },
        "Cannot use buildargs: expected an object of names to text",
      ],
      [
        { buildargs: new Map() },
        `Cannot use buildargs: expected an object of names to text${MAP}`,
      ],
      [
        { buildargs: { A: 1 } },
        'Cannot use buildargs: the value of "A" is not text',
      ],
      [
        { buildargs: { "": "a" } },
        'Cannot use buildargs: the value of "" is not text',
      ],
      [
        { labels: { A: null } },
        'Cannot use labels: the value of "A" is not text',
      ],
      [
        { extrahosts: 5 },
        'Cannot use extrahosts: expected "host:ip", a list of them, or an object of hosts to addresses',
      ],
      [
        { extrahosts: new Map() },
        `Cannot use extrahosts: expected "host:ip", a list of them, or an object of hosts to addresses${MAP}`,
      ],
      [
        { extrahosts: "a" },
        'Cannot use extrahosts entry "a": expected "host:ip"',
      ],
      [
        { extrahosts: ["a:"] },
        'Cannot use extrahosts entry "a:": expected "host:ip"',
      ],
      [
        { extrahosts: { "a b": "1" } },
        'Cannot use extrahosts entry "a b:1": expected "host:ip"',
      ],
      [
        { cachefrom: "[" },
        "Cannot use cachefrom: the text is not JSON; a plain value is taken too",
      ],
      [
        { cachefrom: { a: "b" } },
        "Cannot use cachefrom: the type is missing; expected one of registry, local, gha, s3, azblob",
      ],
      [
        { cachefrom: ["a", 1] },
        'Cannot use cachefrom: expected names of images, words such as "type=registry,ref=IMAGE", or objects such as { type: "registry", ref }',
      ],
      [
        { ulimits: "{}" },
        "Cannot use ulimits: expected a list of { name, soft, hard }",
      ],
      ...[
        null,
        { soft: 1, hard: 1 },
        { name: "a", soft: 1 },
        { name: "a", hard: 1 },
        { name: "a", soft: 1.5, hard: 1 },
        { name: "a", soft: 1, hard: "1" },
      ].map((limit) => [
        { ulimits: [limit] },
        "Cannot use ulimits: expected { name, soft, hard } with whole numbers",
      ]),
      [
        { networkmode: "bridge" },
        'Cannot build with network mode "bridge": BuildKit knows "default", "none" and "host"; version "1" knows others',
      ],
      ...["client-session", "upload-request-1"].map((remote) => [
        { remote },
        `Cannot build with remote "${remote}": that is between an engine and its client; give the context as a folder or a stream`,
      ]),
      ...[
        "dockerfile",
        "target",
        "platform",
        "cpusetcpus",
        "cgroupparent",
        "remote",
      ]
        .map((name) => [{ [name]: "" }, `Cannot use ${name}: expected text`]),
      ...["dockerfile", "target", "platform", "cpusetcpus", "cgroupparent"]
        .map((name) => [{ [name]: 5 }, `Cannot use ${name}: expected text`]),
      ...["quiet", "nocache", "rm", "forcerm", "squash", "allowSecretFiles"]
        .map((name) => [
          { [name]: "false" },
          `Cannot use ${name}: expected true or false`,
        ]),
      ...Object.entries({
        memory: 0,
        memswap: -1,
        cpushares: 0,
        cpuperiod: 0,
        cpuquota: -1,
        shmsize: 1,
      }).flatMap(([name, least]) =>
        [least - 1, least + 0.5, 2 ** 53].map((value) => [
          { [name]: value },
          `Cannot use ${name} ${value}: expected a whole number of at least ${least}`,
        ])
      ),
      [
        { secretsVia: "mail" },
        'Cannot build: secretsVia is one of "auto", "session" and "header"',
      ],
      ...["", true, 5, null].map((session) => [
        { session },
        "Cannot build: session is the id of one, or false",
      ]),
      [{ secrets: 5 }, "Cannot build: secrets is an object of ids to sources"],
      [
        { secrets: new Map() },
        `Cannot build: secrets is an object of ids to sources${MAP}`,
      ],
      ...["mine", false].map((session) => [
        { session, secrets: { a: "b" } },
        'Cannot build: secrets are served over a session of davit\'s own; leave the option session out, or use secretsVia: "header"',
      ]),
    ] as [unknown, string][]
  ) {
    assertEquals(refusal(options), words);
  }
});

Deno.test("checkRequest() takes each number from its least one on, and switches both ways", () => {
  const least = {
    memory: 0,
    memswap: -1,
    cpushares: 0,
    cpuperiod: 0,
    cpuquota: -1,
  };
  assertEquals(requestOf({ ...least, shmsize: 1 }).classic, least);
  assertEquals(requestOf({ shmsize: 1 }).shmSize, 1);
  for (const isOn of [true, false]) {
    const { quiet, noCache, squash, classic, allowSecretFiles } = requestOf({
      quiet: isOn,
      nocache: isOn,
      squash: isOn,
      rm: isOn,
      forcerm: isOn,
      allowSecretFiles: isOn,
    });
    assertEquals([quiet, noCache, squash, allowSecretFiles], [
      isOn,
      isOn,
      isOn,
      isOn,
    ]);
    assertEquals(classic, { rm: isOn, forcerm: isOn });
  }
  assertEquals(requestOf({}).allowSecretFiles, false);
  assertEquals(requestOf({}).secretsVia, "auto");
  assertEquals(requestOf({ secretsVia: "header" }).secretsVia, "header");
});

Deno.test("checkRequest() keeps a copy of what may be changed behind it", () => {
  const tag = ["a"];
  const cachefrom = ["b"];
  const buildargs: Record<string, string | undefined> = {
    A: "1",
    B: undefined,
  };
  const request = requestOf({ tag, cachefrom, buildargs });
  tag.push("UPPER");
  cachefrom.push("c");
  buildargs.A = "2";
  assertEquals(request.tags, ["a"]);
  assertEquals(request.cacheFrom, ["b"]);
  assertEquals(request.buildArgs, { A: "1" });
  assertEquals(namesOf({ tag }), tag);
  assertEquals(namesOf({ tag }) === tag, false);
  assertEquals(namesOf({ tag: "a" }), ["a"]);
  assertEquals(namesOf(undefined as unknown as ImageBuildOptions), []);
});

Deno.test("checkRequest() takes JSON behind blanks, and lists that are short or empty", () => {
  assertEquals(requestOf({ cachefrom: ' ["a"]' }).cacheFrom, ["a"]);
  assertEquals(requestOf({ cachefrom: [] }).cacheFrom, []);
  assertEquals(requestOf({ ulimits: [] }).ulimits, []);
  assertEquals(requestOf({ outputs: ' {"Type":"moby"}' }).outputs, [{
    type: "moby",
    attrs: {},
  }]);
  assertEquals(requestOf({ outputs: [] }).outputs, []);
  for (const mode of ["", "default", "none", "host"]) {
    assertEquals(requestOf({ networkmode: mode }).network, mode);
  }
  assertEquals(
    requestOf({ networkmode: "bridge", version: "1" }).network,
    "bridge",
  );
  assertEquals(requestOf({ platform: "linux/local" }).platforms, [
    "linux/local",
  ]);
});

Deno.test("checkRequest() takes one context: remote replaces a tar, and nothing else", () => {
  const remote = "https://example.com/x.git";
  assertEquals(requestOf({ remote }).context, { kind: "remote", url: remote });
  assertEquals(requestOf({}).context, TAR);
  for (
    const source of [
      { kind: "remote", url: "https://example.com/y.git" },
      { kind: "folder", path: ".", dockerfile: undefined, ignore: undefined },
    ] as Source[]
  ) {
    assertEquals(
      refusal({ remote }, source),
      "Cannot build: the context is named twice, also by the option remote",
    );
    assertEquals(requestOf({}, source).context, source);
  }
});

Deno.test("checkRequest() gives the classic builder neither secrets nor ssh, and says so", () => {
  const given = { secrets: { a: "b" }, ssh: true };
  const classic = requestOf({ ...given, version: "1" });
  assertEquals([classic.secrets, classic.ssh], [{}, undefined]);
  assertEquals(classic.ignored, ["ssh", "secrets"]);
  assertEquals(requestOf({ version: "1", secrets: {} }).ignored, []);
  // A session of the caller's own is in nobody's way there.
  assertEquals(
    requestOf({ ...given, version: "1", session: "mine" }).session,
    "mine",
  );
  const buildkit = requestOf(given);
  assertEquals([buildkit.secrets, buildkit.ssh], [given.secrets, true]);
  assertEquals(buildkit.ignored, []);
  assertEquals(requestOf({ secrets: {}, session: "mine" }).session, "mine");
  assertEquals(
    requestOf({ secrets: given.secrets, session: "mine", secretsVia: "header" })
      .secretsVia,
    "header",
  );
});

Deno.test("checkRequest() knows what strictSecrets fails on", () => {
  for (
    const [strictSecrets, missing, unused] of [
      [undefined, false, false],
      [false, false, false],
      [true, true, true],
      ["missing", true, false],
      ["unused", false, true],
    ] as const
  ) {
    assertEquals(requestOf({ strictSecrets }).strict, { missing, unused });
  }
  assertEquals(requestOf({ strictSecrets: false, version: "1" }).strict, {
    missing: false,
    unused: false,
  });
});

Deno.test("checkRequest() refuses what needs a session where there is none", () => {
  const local = { type: "local", dest: "out" };
  const classic = 'the classic builder (version "1") makes images only';
  const own =
    "it comes over a session of davit's own; leave the option session out";
  const header = 'it comes over a session, and secretsVia: "header" means none';
  for (
    const [options, feature, why] of [
      [{ outputs: local, version: "1" }, 'output "local"', classic],
      [{ outputs: local, session: "mine" }, 'output "local"', own],
      [{ outputs: local, secretsVia: "header" }, 'output "local"', header],
      [{ ssh: true, outputs: local, session: false }, 'output "local"', own],
      [{ ssh: true, session: "mine" }, "ssh", own],
      [{ ssh: true, session: false, secretsVia: "header" }, "ssh", own],
      [{ ssh: true, secretsVia: "header" }, "ssh", header],
    ] as const
  ) {
    const error = assertThrows(() => requestOf(options), UnsupportedError);
    assertEquals(error.feature, feature);
    assertEquals(error.message, `Cannot build with ${feature}: ${why}`);
  }
  for (
    const options of [
      { ssh: true },
      { ssh: true, version: "1", session: "mine" },
      { outputs: local, secretsVia: "session" },
      { outputs: { type: "moby" }, session: "mine" },
      { outputs: { type: "moby" }, version: "1" },
      { session: "mine", secretsVia: "header" },
    ]
  ) requestOf(options);
});

Deno.test("checkOutputs() takes outputs of known types", () => {
  const form =
    "Cannot use outputs: expected { type, attrs }, of which attrs is an object of names to text";
  for (
    const [given, words] of [
      [null, form],
      [[undefined], form],
      [[{ type: "" }], form],
      [[{ type: 5 }], form],
      [[{ type: "moby", attrs: "a" }], form],
      [
        [{ type: "moby", attrs: new Map() }],
        `${form}; a Map becomes one by Object.fromEntries(map)`,
      ],
      [
        [{ type: "docker image" }],
        'Cannot use outputs of type "docker image": expected one of local, tar, oci, docker, moby, image, registry, cacheonly',
      ],
      [
        "out",
        'Cannot use outputs "out": for a folder write { type: "local", dest: "out" }, for an archive { type: "tar", dest: "out.tar" }',
      ],
    ] as [never, string][]
  ) {
    const error = assertThrows(() => checkOutputs(given), TypeError);
    assertEquals(error.message, words);
  }
  const attrs = { a: "b" };
  const [output] = checkOutputs({ type: "image", attrs });
  assertEquals(output, { type: "image", attrs: { a: "b" } });
  assertEquals(output!.attrs === attrs, false);
  for (const type of ["local", "tar", "oci", "docker"] as const) {
    const { exporter } = checkOutputs({ type, dest: "out" })[0]!;
    assertEquals(exporter === undefined, false, type);
    assertEquals(
      requestOf({ outputs: { type, dest: "out" } }).makesImage,
      false,
    );
  }
  for (
    const [type, makes] of Object.entries({
      moby: true,
      image: true,
      registry: true,
      cacheonly: false,
    })
  ) {
    assertEquals(requestOf({ outputs: { type } }).makesImage, makes, type);
  }
  assertEquals(requestOf({}).makesImage, true);
});

Deno.test("isPushed() reads a flag as BuildKit does", () => {
  const pushed = (attrs: Record<string, unknown>) =>
    isPushed({ type: "image", attrs: attrs as Record<string, string> });
  assertEquals(pushed({}), false);
  for (const name of ["push", "push-by-digest"]) {
    for (const value of ["0", "f", "F", "false", "FALSE", "False", false]) {
      assertEquals(pushed({ [name]: value }), false, `${value}`);
    }
    for (const value of ["", "1", "t", "true", "yes", true]) {
      assertEquals(pushed({ [name]: value }), true, `${value}`);
    }
  }
});

Deno.test("checkVerify() takes what can be looked through, and says what can't", () => {
  const image = {
    builder: "buildkit",
    outputs: [],
    hasSecrets: true,
  } as const;
  const file = checkOutputs({ type: "tar", dest: "out.tar" });
  const stream = checkOutputs({ type: "tar", dest: new WritableStream() });
  const options = { keepTags: true, strict: true };
  assertEquals(checkVerify(undefined, image), undefined);
  assertEquals(checkVerify(false, image), undefined);
  assertEquals(checkVerify(true, image), {});
  assertEquals(checkVerify(options, image), options);
  const moby = [{ type: "moby", attrs: {} }];
  const none = [{ type: "cacheonly", attrs: {} }];
  for (const outputs of [moby, file, [...none, ...file], [...none, ...moby]]) {
    assertEquals(checkVerify(true, { ...image, outputs }), {});
  }
  // Refused before it is asked whether it is wanted at all.
  assertEquals(checkVerify(false, { ...image, hasSecrets: false }), undefined);
  for (
    const [rest, words] of [
      [
        { outputs: [...file, { type: "image", attrs: { push: "1" } }] },
        "Cannot verify an image that the engine pushes: it is in the registry before it can be looked through; build, verify, then imagePush()",
      ],
      [
        { builder: "classic" },
        'Cannot verify: the classic builder (version "1") knows no secrets',
      ],
      [
        { hasSecrets: false },
        "Cannot verify without secrets: there is nothing to look for, and nothing would be proven; give secrets, or leave verify out",
      ],
      [
        { outputs: none },
        'Cannot verify: output "cacheonly" leaves nothing to look through',
      ],
      [
        { outputs: [...moby, ...stream] },
        "Cannot verify what goes to a stream: it can't be taken back; export to a file, or look through it with verifySecrets()",
      ],
    ] as const
  ) {
    const error = assertThrows(
      () => checkVerify(true, { ...image, ...rest }),
      TypeError,
    );
    assertEquals(error.message, words);
  }
  const misspelt = { keeptags: true } as { keepTags?: boolean };
  const error = assertThrows(() => checkVerify(misspelt, image), TypeError);
  assertEquals(
    error.message,
    'Cannot verify: there is no option "keeptags"; did you mean "keepTags"?',
  );
});

Deno.test("buildQuery() names an archive's image by the tags, unless it has a name", () => {
  const outputs = (type: string, rest: object, tag: string[]) => {
    const query = buildQuery(
      requestOf({ outputs: { type, ...rest }, tag }),
    );
    return JSON.parse(String(query.outputs));
  };
  const dest = "out.tar";
  for (const type of ["oci", "docker"]) {
    assertEquals(outputs(type, { dest }, ["a:1", "b"]), [
      { Type: type, Attrs: { name: "a:1,b" } },
    ]);
    assertEquals(outputs(type, { dest, attrs: { name: "c" } }, ["a"]), [
      { Type: type, Attrs: { name: "c" } },
    ]);
    assertEquals(outputs(type, { dest }, ["a"]), [
      { Type: type, Attrs: { name: "a" } },
    ]);
    assertEquals(outputs(type, { dest }, []), [{ Type: type, Attrs: {} }]);
  }
  assertEquals(outputs("tar", { dest }, ["a"]), [{ Type: "tar", Attrs: {} }]);
  assertEquals(outputs("moby", { attrs: { x: "y" } }, ["a"]), [
    { Type: "moby", Attrs: { x: "y" } },
  ]);
  const query = buildQuery(requestOf({}));
  assertEquals(query.version, "2");
  assertEquals(
    Object.values(query).filter((value) => value !== undefined),
    ["2"],
  );
  assertEquals(buildQuery(requestOf({ tag: [] })).t, undefined);
});

Deno.test("openOffer() gives what is no folder as it came", async () => {
  const stream = new ReadableStream<Uint8Array>();
  const tar = await openOffer({ kind: "tar", stream });
  assertEquals((await tar.tar()).body, stream);
  const remote = await openOffer({ kind: "remote", url: "https://a.example" });
  assertEquals(await remote.tar(), {});
  for (const offer of [tar, remote]) {
    assertEquals(
      [offer.dockerfile, offer.root, offer.sharedKey, offer.locals],
      [undefined, undefined, undefined, undefined],
    );
    assertEquals(await offer.find("/etc/hosts"), undefined);
    assertEquals((await offer.filter()).keeps("a"), true);
  }
});

Deno.test("the secrets' header and BuildKit's API exclude each other", () => {
  const words = (what: string) =>
    `Cannot build with secretsVia "header" and ${what}: BuildKit's API has no such header, and nothing between davit and the engine reads one there; leave secretsVia out`;
  const header = { secretsVia: "header" };
  assertEquals(
    refusal({ ...header, api: "buildkit" }),
    words('api "buildkit"'),
  );
  assertEquals(refusal({ ...header, history: false }), words("history"));
  assertEquals(
    refusal({ ...header, history: false, api: "buildkit" }),
    words("history"),
  );
  for (const secretsVia of ["auto", "session"]) {
    assertEquals(requestOf({ secretsVia, api: "buildkit" }).api, "buildkit");
  }
  for (const api of [undefined, "engine"]) {
    assertEquals(requestOf({ ...header, api }).api, api as undefined);
  }
});

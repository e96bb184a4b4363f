import { engineTakes } from "../../lib/imagebuild/host.ts";
import {
  checkSecretSizes,
  secretsHeader,
} from "../../lib/imagebuild/secrets.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { classicWay } from "../../lib/imagebuild/ways/classic.ts";
import { dialler, engineWay } from "../../lib/imagebuild/ways/engine.ts";
import { gatewayWay } from "../../lib/imagebuild/ways/gateway.ts";
import { GatewayReport } from "../../lib/imagebuild/ways/gateway_report.ts";
import { podmanWay } from "../../lib/imagebuild/ways/podman.ts";
import { MAX_SECRETS_HEADER } from "../../lib/secrets/header.ts";
import { reportMessage } from "../../lib/secrets/report_wire.ts";
import { SecretStore } from "../../lib/secrets/store.ts";
import type { OpenSession } from "../../lib/session/open.ts";
import { SecretError, UnsupportedError } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { dockerfileTar } from "../support/tar.ts";
import {
  DONE,
  IMAGE_ID,
  lines,
  readyBuild,
  type Readying,
} from "./ready_build.ts";

const SESSION: OpenSession = {
  id: "session-id",
  lost: () => false,
  close: () => Promise.resolve(),
};

const LARGE = "x".repeat(MAX_SECRETS_HEADER);
const TOO_LARGE =
  "the secrets are too large for the X-BuildKit-Secrets header (at most 524288 characters)";

/** What a way needs: its warnings, whether it has a session, and what nobody reads. */
async function needsOf(
  way: typeof engineWay,
  options: ImageBuildOptions,
  readying: Readying = {},
): Promise<{ warnings: unknown; session: boolean; unread: unknown }> {
  const { build } = await readyBuild(options, readying);
  const { warnings, session, unread } = way.needs(build);
  return { warnings, session: typeof session === "function", unread };
}

/** The secrets that a request carries in its header. */
function sentSecrets(
  { headers }: { readonly headers: Record<string, string> | undefined },
): unknown {
  const value = headers?.["X-BuildKit-Secrets"];
  return value === undefined ? undefined : JSON.parse(atob(value));
}

Deno.test("an engine is served over a session; where it can't be, the header carries the secrets, and that is said", async () => {
  const secrets = { a: "value a", b: () => "value b" };
  const header = { secretsVia: "header", secrets: { a: "value a" } } as const;
  const only = [
    "secrets-header",
    "only the X-BuildKit-Secrets header carries the secrets: this transport can not serve a session, so something before the engine must give the header its meaning",
  ];
  const served = { warnings: [], session: true, unread: [] };
  const unserved = { warnings: [], session: false, unread: [] };
  const unread = { ...unserved, unread: ["a"] };
  for (
    const [options, canServe, needs] of [
      [{ secrets }, true, served],
      [{}, true, served],
      [{ secrets, secretsVia: "session" }, true, served],
      [{ secrets, secretsVia: "session" }, false, served],
      [{}, false, unserved],
      [header, true, unread],
      [header, false, unread],
      [{ secrets: { a: "value a" } }, false, { ...unread, warnings: [only] }],
      [{ ...header, session: "mine" }, true, unserved],
      [{ ...header, session: false }, true, unread],
      [{ session: "mine" }, true, unserved],
      [{ session: false }, true, unserved],
    ] as [ImageBuildOptions, boolean, typeof served][]
  ) {
    assertEquals(
      await needsOf(engineWay, options, { canServe }),
      needs,
      Deno.inspect([options, canServe]),
    );
  }
});

Deno.test("secrets that are too large for the header are refused where nothing else carries them", async () => {
  const secrets = { small: "value", large: LARGE, less: "value of mine" };
  assertEquals(await needsOf(engineWay, { secrets }), {
    warnings: [[
      "secrets-header",
      `${TOO_LARGE}: only the session carries them`,
    ]],
    session: true,
    unread: [],
  });
  assertEquals(
    (await needsOf(engineWay, { secrets, secretsVia: "session" })).warnings,
    [],
  );
  for (
    const [way, options, readying] of [
      [engineWay, { secretsVia: "header" }, {}],
      [engineWay, {}, { canServe: false }],
      [gatewayWay, {}, {}],
      [gatewayWay, { secretsVia: "header" }, {}],
    ] as [typeof engineWay, ImageBuildOptions, Readying][]
  ) {
    const error = await assertRejects(
      () => needsOf(way, { ...options, secrets }, readying),
      SecretError,
    );
    assertEquals(error.id, "large");
    assertEquals(
      error.message,
      `Cannot send the secrets: ${TOO_LARGE}; serve them over a session`,
    );
    const deferred = await assertRejects(
      () =>
        needsOf(way, { ...options, secrets: { f: () => "value" } }, readying),
      UnsupportedError,
    );
    assertEquals(deferred.feature, "secrets from functions in the header");
    assertEquals(
      deferred.message,
      'Cannot send secret "f" in the header: its function is called when the engine asks, and a header is sent before; give the value itself',
    );
  }
  // Where the first is the largest, too, and where two are alike.
  const first = await assertRejects(
    () =>
      needsOf(engineWay, {
        secretsVia: "header",
        secrets: { large: LARGE, alike: LARGE, small: "value" },
      }),
    SecretError,
  );
  assertEquals(first.id, "large");
});

Deno.test("a value that may be seen is marked for a gateway, which takes more room", async () => {
  const value = "x".repeat(350_000);
  const visible = { a: { value, visible: true } };
  const header = { secretsVia: "header", secrets: visible } as const;
  assertEquals((await needsOf(engineWay, header)).unread, ["a"]);
  await assertRejects(() => needsOf(gatewayWay, header), SecretError);
  const store = await SecretStore.open(visible, new AbortController().signal);
  assertEquals(secretsHeader(store, { marks: true }), {});
  assertEquals(Object.keys(secretsHeader(store, { marks: false })), [
    "X-BuildKit-Secrets",
  ]);

  const secrets = { a: { value: "value", visible: true }, b: "other" };
  const engine = await readyBuild({ secrets, secretsVia: "header" });
  await engineWay.run(engine.build, undefined);
  assertEquals(sentSecrets(engine.asked[0]!), { a: "value", b: "other" });
  const gateway = await readyBuild({ secrets }, { facts: { gateway: true } });
  await gatewayWay.run(gateway.build, undefined);
  assertEquals(sentSecrets(gateway.asked[0]!), {
    a: { base64: btoa("value"), visible: true },
    b: "other",
  });
});

Deno.test("a secret is as large as the engine's messages let it be", async () => {
  const { build: { facts } } = await readyBuild();
  const old = { ...facts, apiVersion: "1.44" };
  const young = { ...facts, apiVersion: "1.45" };
  assertEquals(engineTakes(old).secretBytes, 4 * 1024 * 1024 - 5);
  assertEquals(engineTakes(young).secretBytes, 16 * 1024 * 1024 - 5);
  const store = async (length: number) =>
    await SecretStore.open(
      { a: new Uint8Array(length) },
      new AbortController().signal,
    );
  checkSecretSizes(await store(4 * 1024 * 1024 - 5), engineTakes(old));
  const larger = await store(4 * 1024 * 1024 - 4);
  checkSecretSizes(larger, engineTakes(young));
  assertEquals(
    assertThrows(() => checkSecretSizes(larger, engineTakes(old)), SecretError)
      .id,
    "a",
  );
  // Only what goes over a session has to fit.
  const secrets = { a: new Uint8Array(4 * 1024 * 1024) };
  for (const way of [engineWay, gatewayWay]) {
    await assertRejects(
      () => needsOf(way, { secrets, secretsVia: "session" }, { facts: old }),
      SecretError,
      "4194299",
    );
  }
  assertEquals(
    (await needsOf(gatewayWay, {
      secrets,
      secretsVia: "session",
      session: undefined,
    }, { facts: young })).session,
    true,
  );
});

Deno.test("secrets over a plain connection are told of on each way", async () => {
  const secrets = { a: "value a" };
  const warning = [
    "plain-connection",
    "secrets travel without encryption to tcp://far.example:2375: use TLS (DOCKER_TLS_VERIFY) or ssh://",
  ];
  const endpoint = "tcp://far.example:2375";
  for (const way of [engineWay, gatewayWay]) {
    const warnings = async (options: ImageBuildOptions, at = endpoint) =>
      (await needsOf(way, options, { endpoint: at })).warnings;
    assertEquals(await warnings({ secrets }), [warning]);
    assertEquals(await warnings({}), []);
    assertEquals(await warnings({ secrets }, "tcp://127.0.0.1:2375"), []);
    assertEquals(await warnings({ secrets }, "ssh://far.example"), []);
  }
});

Deno.test("strictSecrets is kept where davit is told, and refused elsewhere", async () => {
  const refused = async (
    way: typeof engineWay,
    options: ImageBuildOptions,
    readying: Readying = {},
  ) => {
    const error = await assertRejects(
      () => needsOf(way, { strictSecrets: true, ...options }, readying),
      UnsupportedError,
    );
    assertEquals(error.feature, "strictSecrets");
    return error.message.replace("Cannot build with strictSecrets: ", "");
  };
  const mine =
    "the session that the option names answers the engine, and does not tell davit what was asked; leave the option session out";
  assertEquals(await refused(engineWay, { session: "mine" }), mine);
  assertEquals(await refused(gatewayWay, { session: "mine" }), mine);
  for (const strictSecrets of ["missing", "unused"] as const) {
    assertEquals(
      await refused(gatewayWay, { session: "mine", strictSecrets }),
      mine,
    );
  }
  assertEquals(
    await refused(engineWay, { session: false }),
    "without a session nobody tells what the build asks for; leave the option session out",
  );
  assertEquals(
    await refused(engineWay, { secretsVia: "header" }),
    'with secretsVia: "header" nobody tells what the build asks for, unless a davit gateway stands before the engine; leave secretsVia out',
  );
  assertEquals(
    await refused(engineWay, {}, { canServe: false }),
    "this transport can not serve a session, so nobody tells what the build asks for; use a Docker engine's own socket, or a davit gateway",
  );
  await needsOf(engineWay, { strictSecrets: true });
  await needsOf(gatewayWay, { strictSecrets: true });
  await needsOf(gatewayWay, { strictSecrets: true, session: false });
  await needsOf(gatewayWay, { session: "mine" });
});

Deno.test("a gateway opens the session itself, unless one is asked for", async () => {
  const secrets = { a: "value a", f: () => "value" };
  const none = { warnings: [], session: false, unread: [] };
  assertEquals(await needsOf(gatewayWay, {}), none);
  assertEquals(await needsOf(gatewayWay, { secrets: { a: "b" } }), none);
  assertEquals(await needsOf(gatewayWay, { session: "mine" }), none);
  assertEquals(
    await needsOf(gatewayWay, { secretsVia: "session", session: false }),
    none,
  );
  assertEquals(await needsOf(gatewayWay, { secrets, secretsVia: "session" }), {
    ...none,
    session: true,
  });
});

Deno.test("BuildKit's ways warn of what it ignores, the classic one of what is not for it", async () => {
  const ignored = (name: string) => [
    "option-ignored",
    `${name} has no effect: BuildKit ignores it, only the classic builder (version "1") obeys`,
    name,
  ];
  const old = (name: string) => [
    "option-ignored",
    `${name} has no effect: BuildKit of this engine ignores it, engines from 23 on do not`,
    name,
  ];
  const options: ImageBuildOptions = { memory: 5, shmsize: 1, ulimits: [] };
  const [code, words, option] = ignored("cgroupparent");
  for (const way of [engineWay, gatewayWay]) {
    assertEquals((await needsOf(way, { cgroupparent: "a" })).warnings, [
      [code, `${words}, or BuildKit by its own API (api "buildkit")`, option],
    ]);
    assertEquals((await needsOf(way, options)).warnings, [ignored("memory")]);
    const facts = { negotiated: "1.41" };
    assertEquals(
      (await needsOf(way, options, { facts })).warnings,
      [ignored("memory"), old("shmsize"), old("ulimits")],
    );
    assertEquals((await needsOf(way, {}, { facts })).warnings, []);
    for (const alone of [{ shmsize: 1 }, { ulimits: [] }]) {
      assertEquals(
        (await needsOf(way, alone, { facts })).warnings,
        Object.keys(alone).map(old),
      );
    }
    assertEquals(
      (await needsOf(way, options, { facts: { negotiated: "1.42" } })).warnings,
      [ignored("memory")],
    );
  }
  assertEquals(
    await needsOf(classicWay, {
      version: "1",
      secrets: { a: "b" },
      ssh: "default",
      memory: 5,
    }),
    {
      warnings: [
        [
          "option-ignored",
          'ssh is ignored: the classic builder (version "1") knows none',
          "ssh",
        ],
        [
          "secrets-ignored",
          'secrets are ignored: the classic builder (version "1") knows none',
        ],
      ],
      session: false,
      unread: [],
    },
  );
});

Deno.test("every way refuses what the engine's API has not got", async () => {
  const needs = async (
    way: typeof engineWay,
    options: ImageBuildOptions,
    negotiated: string,
  ) => await needsOf(way, options, { facts: { negotiated } });
  for (
    const [ways, options, feature, before, since] of [
      [[engineWay, gatewayWay], {}, "BuildKit", "1.38", "1.39"],
      [
        [engineWay, gatewayWay],
        { outputs: { type: "moby" } },
        "outputs",
        "1.39",
        "1.40",
      ],
      [
        [engineWay, gatewayWay],
        { sourceDateEpoch: 0 },
        "sourceDateEpoch",
        "1.41",
        "1.42",
      ],
      [
        [classicWay],
        { outputs: { type: "moby" }, version: "1" },
        "outputs",
        "1.39",
        "1.40",
      ],
      [
        [classicWay, podmanWay],
        { platform: "linux/amd64", version: "1" },
        "a platform",
        "1.31",
        "1.32",
      ],
    ] as [(typeof engineWay)[], ImageBuildOptions, string, string, string][]
  ) {
    for (const way of ways) {
      const error = await assertRejects(
        () => needs(way, options, before),
        UnsupportedError,
      );
      assertEquals(error.feature, feature);
      assertEquals(
        error.message,
        `This engine can not build with ${feature}: it speaks API ${before}, and that needs ${since}`,
      );
      await needs(way, options, since);
    }
  }
  const cacheonly = { outputs: { type: "cacheonly" } } as const;
  const error = await assertRejects(
    () => needs(engineWay, cacheonly, "1.45"),
    UnsupportedError,
  );
  assertEquals(error.feature, 'output "cacheonly"');
  assertEquals(
    error.message,
    'This engine can not build with output "cacheonly": engines from 26 on lost it; build without outputs',
  );
  await needs(engineWay, cacheonly, "1.44");
  await needs(engineWay, { outputs: { type: "moby" } }, "1.45");
});

Deno.test("an engine's build names its session, and carries secrets in the header unless they go over that alone", async () => {
  const secrets = { a: "value a" };
  const sent = async (
    options: ImageBuildOptions,
    session?: OpenSession,
    canServe = true,
  ) => {
    const ready = await readyBuild({ secrets, ...options }, { canServe });
    const built = await engineWay.run(ready.build, session);
    assertEquals(built, { imageId: IMAGE_ID, told: session !== undefined });
    const { session: id, buildid } = ready.query();
    assert(/^[0-9a-f-]{36}$/.test(buildid!), buildid);
    const [asked] = ready.asked;
    assertEquals(asked!.method, "POST");
    assert(asked!.path.startsWith("/v1.51/build?"));
    assertEquals(asked!.headers?.["content-type"], "application/x-tar");
    return [id, sentSecrets(asked!)];
  };
  assertEquals(await sent({}, SESSION), ["session-id", secrets]);
  assertEquals(await sent({ secretsVia: "session" }, SESSION), [
    "session-id",
    undefined,
  ]);
  assertEquals(await sent({ secretsVia: "header" }), [undefined, secrets]);
  assertEquals(await sent({}, undefined, false), [undefined, secrets]);
  const mine = { secretsVia: "header", session: "mine" } as const;
  assertEquals(await sent(mine), ["mine", secrets]);
  assertEquals(await sent({ ...mine, session: false }), [undefined, secrets]);
  assertEquals(await sent({ secrets: { a: LARGE } }, SESSION), [
    "session-id",
    undefined,
  ]);
});

Deno.test("an engine's build says that logins are given in vain, where nobody asks for them", async () => {
  const credentials = { "a.example": { username: "u", password: "p" } };
  const warned = async (
    options: ImageBuildOptions,
    session?: OpenSession,
  ) => {
    const ready = await readyBuild(options);
    await engineWay.run(ready.build, session);
    return ready.warnings();
  };
  assertEquals(await warned({ credentials }), [[
    "credentials-ignored",
    "credentials are ignored: without a session nobody asks for them",
  ]]);
  assertEquals(await warned({ credentials, session: false }), [[
    "credentials-ignored",
    "credentials are ignored: without a session nobody asks for them",
  ]]);
  assertEquals(await warned({ credentials }, SESSION), []);
  assertEquals(await warned({ credentials, session: "mine" }), []);
  assertEquals(await warned({}), []);
});

Deno.test("a gateway gets secrets and logins in headers, and reports by a token", async () => {
  const credentials = { "a.example": { username: "u", password: "p" } };
  const secrets = { a: "value a" };
  let token = "";
  const ready = await readyBuild({ credentials, secrets }, {
    script: ({ headers }) => {
      token = /^report=([0-9a-f-]{36})$/.exec(
        headers!["X-Davit-Secrets"]!,
      )![1]!;
      return lines([
        reportMessage(token, { id: "a", state: "requested" }),
        reportMessage(token, { id: "a", state: "served" }),
        reportMessage("another", { id: "b", state: "missing" }),
        DONE,
      ], { "X-Davit-Secrets": "reported" });
    },
  });
  assertEquals(await gatewayWay.run(ready.build, undefined), {
    imageId: IMAGE_ID,
    told: true,
  });
  assertEquals(sentSecrets(ready.asked[0]!), secrets);
  assert("X-Registry-Config" in ready.asked[0]!.headers!);
  assert("buildid" in ready.query());
  assertEquals(ready.build.inputs.secrets.requests(), {
    served: ["a"],
    missing: [],
    unasked: [],
  });
  // What is the report's is no message; what has another token is.
  const ids = ready.told.flatMap((fact) =>
    fact.kind === "line" ? [fact.message.id] : []
  );
  assertEquals(
    ids,
    ["x-davit-secret", "moby.image.id"],
  );
});

Deno.test("a gateway's report is none before its answer has begun", async () => {
  const store = await SecretStore.open({}, new AbortController().signal);
  const report = new GatewayReport(store, { missing: false, unused: false });
  assertEquals(report.told, false);
  const token = report.headers["X-Davit-Secrets"]!.slice("report=".length);
  assertEquals(
    report.take(reportMessage(token, { id: "a", state: "missing" })),
    false,
  );
  assertEquals(store.requests().missing, []);
});

Deno.test("a gateway that does not report is not believed to", async () => {
  for (const headers of [{}, { "X-Davit-Secrets": "yes" }]) {
    const ready = await readyBuild({ secrets: { a: "value a" } }, {
      script: (asked) => {
        const [, token] = asked.headers!["X-Davit-Secrets"]!.split("=");
        return lines(
          [reportMessage(token!, { id: "a", state: "served" }), DONE],
          headers as Record<string, string>,
        );
      },
    });
    const { told } = await gatewayWay.run(ready.build, undefined);
    assertEquals(told, false);
    assertEquals(ready.build.inputs.secrets.requests().served, []);
  }
  for (const strictSecrets of ["missing", "unused", true] as const) {
    const ready = await readyBuild({ strictSecrets });
    await assertRejects(
      () => gatewayWay.run(ready.build, undefined),
      UnsupportedError,
      "this gateway does not tell what the build asks for",
    );
    const report = ready.asked[0]!.headers!["X-Davit-Secrets"]!;
    assertEquals(report.endsWith("; strict"), strictSecrets !== "unused");
  }
});

Deno.test("a gateway's build over a session asks for no report and carries nothing in headers", async () => {
  const ready = await readyBuild({
    credentials: { "a.example": { username: "u", password: "p" } },
    secrets: { a: "value a" },
    secretsVia: "session",
  });
  assertEquals(await gatewayWay.run(ready.build, SESSION), {
    imageId: IMAGE_ID,
    told: true,
  });
  assertEquals(Object.keys(ready.asked[0]!.headers!), ["content-type"]);
  assertEquals(ready.query().session, "session-id");
});

Deno.test("the classic builder is asked for version 1, and has no id to cancel by", async () => {
  const ready = await readyBuild({ version: "1", secrets: { a: "b" } }, {
    script: () => lines([{ aux: { ID: IMAGE_ID } }]),
  });
  assertEquals(await classicWay.run(ready.build, undefined), {
    imageId: IMAGE_ID,
    told: false,
  });
  assertEquals(ready.query(), { version: "1" });
  assertEquals(Object.keys(ready.asked[0]!.headers!), ["content-type"]);
  assertEquals(ready.asked[0]!.body!.length, 2048);
});

Deno.test("podman is asked in its own forms, and has no secrets to ask for", async () => {
  const ready = await readyBuild({
    extrahosts: { h: "1.2.3.4" },
    ulimits: [{ name: "nofile", soft: 1, hard: 2 }],
  });
  assertEquals(podmanWay.needs(ready.build), {
    warnings: [],
    session: undefined,
    unread: [],
  });
  assertEquals(await podmanWay.run(ready.build, undefined), {
    imageId: IMAGE_ID,
    told: false,
  });
  const { buildid, ...query } = ready.query();
  assert(buildid !== undefined);
  assertEquals(query, {
    version: "2",
    extrahosts: '["h:1.2.3.4"]',
    ulimits: '["nofile=1:2"]',
  });
  const plain = await readyBuild();
  await podmanWay.run(plain.build, undefined);
  assertEquals(Object.keys(plain.query()), ["version", "buildid"]);
});

Deno.test("podman gets secrets as files, if that is allowed", async () => {
  const ready = await readyBuild({
    secrets: { a: "value a" },
    allowSecretFiles: true,
  });
  podmanWay.needs(ready.build);
  await podmanWay.run(ready.build, undefined);
  const [mount] = JSON.parse(ready.query().secrets!);
  const name = /^id=a,src=(davit-secret-[0-9a-f]{32})$/.exec(mount)![1]!;
  const body = ready.asked[0]!.body!;
  assert(body.startsWith(`${name}\0`));
  assertEquals(body.slice(512, 519), "value a");
  assertEquals(body.length, 1024 + 2048);
});

Deno.test("podman refuses what it would not obey", async () => {
  const secrets = { a: "value a" };
  const allowed = { secrets, allowSecretFiles: true };
  const f = { f: () => "value" };
  for (
    const [options, feature, words] of [
      [
        { session: "mine" },
        "the option session on podman",
        "podman has no sessions; leave the option out",
      ],
      [
        { ssh: "default" },
        "ssh on podman",
        "podman has no sessions to ask over",
      ],
      [
        { ssh: "default", version: "1" },
        "ssh on podman",
        "podman has no sessions to ask over",
      ],
      [
        { secrets, version: "1" },
        'secrets and version "1"',
        "podman has one builder; leave version out",
      ],
      ...(["missing", "unused", true] as const).map((strictSecrets) => [
        { strictSecrets },
        "strictSecrets on podman",
        "podman does not say which secrets a build asks for; leave strictSecrets out",
      ]),
      [
        { secrets: { a: "b", ...f }, allowSecretFiles: true },
        "secrets from functions on podman",
        'podman does not ask for secret "f" when it needs it; give the value itself',
      ],
    ] as [ImageBuildOptions, string, string][]
  ) {
    const error = await assertRejects(
      () => needsOf(podmanWay, options),
      UnsupportedError,
    );
    assertEquals(error.feature, feature);
    assertEquals(error.message, `Cannot build with ${feature}: ${words}`);
  }
  const files = await assertRejects(
    () => needsOf(podmanWay, { secrets }),
    UnsupportedError,
    "podman has no sessions, and secrets can only go as files",
  );
  assertEquals(files.feature, "secrets on podman");
  const outputs = await assertRejects(
    () => needsOf(podmanWay, { outputs: { type: "moby" } }),
    UnsupportedError,
    "Podman can not build with outputs",
  );
  assertEquals(outputs.feature, "outputs on podman");
  const caches = await assertRejects(
    () => needsOf(podmanWay, { cacheto: "type=inline" }),
    UnsupportedError,
    "Podman can not build with cacheto",
  );
  assertEquals(caches.feature, "cacheto on podman");
  const epoch = await assertRejects(
    () => needsOf(podmanWay, { sourceDateEpoch: 0 }),
    UnsupportedError,
    "Podman can not build with sourceDateEpoch",
  );
  assertEquals(epoch.feature, "sourceDateEpoch on podman");
  const remote = await assertRejects(
    () => needsOf(podmanWay, { remote: "https://a.example/x.git" }),
    UnsupportedError,
    "Podman can not fetch a context",
  );
  assertEquals(remote.feature, "a remote context on podman");
  for (
    const options of [allowed, { session: false }, { secrets: {} }, {
      memory: 5,
    }, { version: "1" }] as ImageBuildOptions[]
  ) {
    assertEquals((await needsOf(podmanWay, options)).warnings, []);
  }
});

Deno.test("dialler() asks the engine for a session", async () => {
  const { build } = await readyBuild();
  await assertRejects(
    () => dialler(build.engine)([], new AbortController().signal),
    Error,
    "not in this test",
  );
  const plain = await readyBuild({}, { canServe: false });
  await assertRejects(
    () => dialler(plain.build.engine)([], new AbortController().signal),
    UnsupportedError,
    "can not be asked for a session",
  );
});

Deno.test("what is fetched by the engine is asked for by its address, without a body", async () => {
  const ready = await readyBuild({ remote: "https://a.example/x.git" }, {
    source: { kind: "tar", stream: dockerfileTar("FROM unread") },
  });
  await engineWay.run(ready.build, undefined);
  const { buildid: _, ...query } = ready.query();
  assertEquals(query, { version: "2", remote: "https://a.example/x.git" });
  assertEquals(ready.asked[0]!.body, undefined);
  assertEquals(ready.told.some(({ kind }) => kind === "own"), false);
});

import {
  checkStore,
  commitExports,
  exportSet,
} from "../../lib/imagebuild/export.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import { accountForInputs } from "../../lib/imagebuild/account.ts";
import type { Build } from "../../lib/imagebuild/build_way.ts";
import {
  explainFailure,
  type FailureFacts,
  maskMessages,
} from "../../lib/imagebuild/failure.ts";
import { watchInputs } from "../../lib/imagebuild/inputs.ts";
import { checkLeaks, refuseLeak } from "../../lib/imagebuild/leak_check.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { buildResult } from "../../lib/imagebuild/result.ts";
import { checkUnserved } from "../../lib/imagebuild/session.ts";
import { verifyResult } from "../../lib/imagebuild/verify.ts";
import type { SshAgents } from "../../lib/ssh/agents.ts";
import { SshError } from "../../lib/ssh/ssh_error.ts";
import type { RequestedOutput } from "../../lib/imagebuild/checks/requested_output.ts";
import { ExportSet } from "../../lib/exporter/export_set.ts";
import type { Exporter, ExportReport } from "../../lib/exporter/exporter.ts";
import {
  BuildError,
  ContextError,
  EngineError,
  SecretError,
  SecretLeakError,
  SessionError,
  UnsupportedError,
  VerifyError,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import type { Asked } from "../engine/scripted_engine.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { type Ready, readyBuild, type Readying } from "./ready_build.ts";

/** A build of a Dockerfile that is known before. */
async function dockerfileBuild(
  text: string,
  options: ImageBuildOptions = {},
  readying: Readying = {},
): Promise<Ready> {
  const ready = await readyBuild(options, {
    source: {
      kind: "folder",
      path: undefined,
      dockerfile: { text },
      ignore: undefined,
    },
    ...readying,
  });
  const { record, context } = ready.build;
  record.dockerfile = () => context.dockerfile;
  return ready;
}

/** What happened, as davit tells it: secrets and agents. */
function toldOf(ready: Ready): unknown[] {
  return ready.told.flatMap((fact) => fact.kind === "own" ? [fact.event] : []);
}

const MOUNTS = "FROM a\nRUN --mount=type=secret,id=a --mount=type=ssh true\n";

Deno.test("accountForInputs() knows nothing where nobody tells", async () => {
  const ready = await dockerfileBuild(MOUNTS, {
    secrets: { a: "value a", b: "value b" },
    strictSecrets: true,
  });
  assertEquals(await accountForInputs(ready.build, false), {
    served: [],
    missing: [],
    cached: [],
    unused: [],
  });
  assertEquals([toldOf(ready), ready.warnings()], [[], []]);
});

Deno.test("accountForInputs() sorts what was served, missing, cached and unused, and tells", async () => {
  const ready = await dockerfileBuild(MOUNTS, {
    secrets: { a: "value a", b: "value b", c: "value c" },
  });
  const { secrets } = ready.build.inputs;
  await secrets.get("c");
  await secrets.get("gone");
  assertEquals(await accountForInputs(ready.build, true), {
    served: ["c"],
    missing: ["gone"],
    cached: ["a"],
    unused: ["b"],
  });
  assertEquals(toldOf(ready), [
    { type: "secret", id: "a", state: "cached" },
    { type: "secret", id: "b", state: "unused" },
  ]);
  assertEquals(ready.warnings(), [
    ["secret-missing", 'secret "gone" was asked for and not given'],
    [
      "secret-unused",
      'secret "b" was given and never asked for: no step of what was built mounts it',
    ],
  ]);
});

Deno.test("accountForInputs() fails a build for what strictSecrets names alone", async () => {
  const account = async (strictSecrets: "missing" | "unused", id: string) => {
    const ready = await dockerfileBuild(MOUNTS, {
      secrets: { b: "value b" },
      strictSecrets,
    });
    if (id !== "b") await ready.build.inputs.secrets.get(id);
    return await accountForInputs(ready.build, true);
  };
  const missing = await assertRejects(
    () => account("missing", "gone"),
    SecretError,
  );
  assertEquals(missing.id, "gone");
  assertEquals(
    missing.message,
    'The image was built, but secret "gone" was asked for and not given',
  );
  const unused = await assertRejects(
    () => account("unused", "gone"),
    SecretError,
  );
  assertEquals(unused.id, "b");
  assertEquals(
    unused.message,
    'The image was built, but secret "b" was given and never asked for: no step of what was built mounts it',
  );
  assertEquals((await account("missing", "b")).unused, ["b"]);
});

Deno.test("accountForInputs() says why it can't know, by API and by what fetched the context", async () => {
  const variable = "FROM a\nARG I=a\nRUN --mount=type=secret,id=$I true\n";
  const unknown = async (
    text: string,
    options: ImageBuildOptions,
    readying: Readying = {},
  ) => {
    const ready = await dockerfileBuild(text, options, readying);
    const report = await accountForInputs(ready.build, true);
    return [...report.cached, ...report.unused, ...ready.warnings().flat()];
  };
  const secrets = { a: "value a" };
  const sentence = (why: string, what = 'secret "a"') =>
    `${what} was given and not asked for, and whether a step mounts it can't be known: ${why}`;
  // No step was reported: the Dockerfile alone is known.
  assertEquals(await unknown(variable, { secrets }), [
    "secret-unknown",
    sentence("a variable of the Dockerfile decides on it"),
  ]);
  assertEquals(
    await unknown("FROM a\n# nothing\n", {
      secrets: { GIT_AUTH_TOKEN: "value" },
      remote: "https://a.example/x.git",
    }, { source: { kind: "tar", stream: new ReadableStream() } }),
    [
      "secret-unknown",
      sentence(
        "davit did not see the Dockerfile on its way to the engine",
        'secret "GIT_AUTH_TOKEN"',
      ),
    ],
  );
  for (
    const [apiVersion, found] of [["1.41", "secret-unknown"], ["1.42", "a"]]
  ) {
    const ready = await dockerfileBuild(variable, { secrets }, {
      facts: { apiVersion: apiVersion! },
    });
    ready.build.record.tellStatus({
      vertexes: [{
        digest: "sha256:1",
        name: "[1/1] RUN --mount=type=secret,id=a true",
        inputs: [],
        cached: false,
        started: { seconds: 1, nanos: 0 },
        completed: undefined,
        error: "",
        group: undefined,
      }],
      statuses: [],
      warnings: [],
      logs: [],
    });
    const { cached } = await accountForInputs(ready.build, true);
    assertEquals([...cached, ...ready.warnings().flat()][0], found);
  }
  // A stage or an argument may decide.
  const stages = "ARG B=x\nFROM a AS one\nRUN --mount=type=secret,id=a true\n" +
    "FROM a AS two\nRUN true\nFROM $B\n";
  assertEquals(await unknown(stages, { secrets, target: "one" }), ["a"]);
  assertEquals(
    (await unknown(stages, { secrets, target: "two" }))[0],
    "a",
  );
  assertEquals(
    await unknown(stages, { secrets, buildargs: { B: "one" } }),
    ["a"],
  );
});

/** No agent has to answer to be reported. */
function stubAgents(ids: string[]): SshAgents {
  return {
    size: ids.length,
    onUse: undefined,
    report: () => ({ used: [], missing: ["gone"], unasked: ids }),
  } as unknown as SshAgents;
}

Deno.test("accountForInputs() tells of ssh agents, too", async () => {
  const { build, ...ready } = await dockerfileBuild(MOUNTS);
  const agents = stubAgents(["default", "other"]);
  const withAgents: Build = { ...build, inputs: { ...build.inputs, agents } };
  await watchInputs(withAgents.inputs, build.record);
  agents.onUse!("used", "used");
  await accountForInputs(withAgents, true);
  assertEquals(toldOf({ build, ...ready }), [
    { type: "ssh", id: "used", state: "used" },
    { type: "ssh", id: "default", state: "cached" },
    { type: "ssh", id: "other", state: "unused" },
  ]);
  assertEquals(ready.warnings(), [
    [
      "ssh-unused",
      'ssh id "other" was given and never asked for: no step of what was built mounts it',
    ],
    ["ssh-missing", 'ssh id "gone" was asked for and not given'],
  ]);
  const unseen = await readyBuild();
  await accountForInputs({
    ...unseen.build,
    inputs: { ...unseen.build.inputs, agents: stubAgents(["x"]) },
  }, true);
  assertEquals(unseen.warnings()[0], [
    "ssh-unknown",
    `ssh id "x" was given and not asked for, and whether a step mounts it can't be known: davit did not see the Dockerfile on its way to the engine`,
  ]);
});

Deno.test("watchInputs() masks and tells of each value, also of one that comes later", async () => {
  const ready = await readyBuild({
    secrets: {
      a: "value of a",
      empty: "",
      later: () => "value that comes later",
      nothing: () => "",
    },
    credentials: { "a.example": { username: "u", password: "value of login" } },
  });
  const { inputs, record } = ready.build;
  assertEquals(record.text("value of a"), "value of a");
  await watchInputs(inputs, record);
  assertEquals(record.text("value of a"), "***");
  assertEquals(record.text("value of login"), "***");
  assertEquals(record.text("value that comes later"), "value that comes later");
  await inputs.secrets.get("later");
  assertEquals(record.text("value that comes later"), "***");
  await inputs.secrets.get("nothing");
  await inputs.logins.get("a.example");
  const empty = (id: string) => [
    "secret-empty",
    `secret "${id}" is empty: is the variable or file that it is read from set?`,
  ];
  assertEquals(ready.warnings(), [empty("empty"), empty("nothing")]);
  assertEquals(toldOf(ready), [
    { type: "secret", id: "later", state: "requested" },
    { type: "secret", id: "later", state: "served" },
    { type: "secret", id: "nothing", state: "requested" },
    { type: "secret", id: "nothing", state: "served" },
    { type: "login", registry: "a.example", state: "served" },
  ]);
  const names = ready.told.flatMap((fact) =>
    fact.kind === "warning" ? [fact.name] : []
  );
  assertEquals(names, ["empty", "nothing"]);
});

/** What is known of a failure: nothing, unless it is given. */
async function factsOf(
  given: Partial<FailureFacts> = {},
  ready?: Ready,
): Promise<FailureFacts> {
  const { build } = ready ?? await readyBuild();
  return {
    store: build.inputs.secrets,
    session: undefined,
    served: undefined,
    strict: false,
    unread: [],
    platforms: [],
    record: build.record,
    ...given,
  };
}

Deno.test("explainFailure() says what a program for another processor means", async () => {
  const ready = await readyBuild({ platform: "linux/arm64" });
  const detail = "runc failed: exec format error";
  const facts = await factsOf({ platforms: ["linux/arm64"] }, ready);
  const error = explainFailure(new BuildError({ detail }), facts);
  assertInstanceOf(error, BuildError);
  assertEquals(error.detail, detail);
  const [first, second] = error.message.split("\n");
  assertEquals(first, detail);
  assertStringIncludes(second!, "steps for linux/arm64 need emulation there");
});

Deno.test("explainFailure() leaves alone what no engine said of a build", async () => {
  const facts = await factsOf({ served: new ContextError("first") });
  for (const error of [new ContextError("x"), new RangeError("y"), "z"]) {
    assertEquals(explainFailure(error, facts) === error, true);
  }
});

Deno.test("explainFailure() masks what an engine quotes of a request", async () => {
  const ready = await readyBuild({ secrets: { a: "value of a" } });
  await watchInputs(ready.build.inputs, ready.build.record);
  const facts = await factsOf({}, ready);
  const init = { status: 400, method: "POST", path: "/build" };
  const plain = new EngineError({ ...init, detail: "not today" });
  assertEquals(explainFailure(plain, facts) === plain, true);
  const quoting = new EngineError({ ...init, detail: "bad value of a" });
  const masked = explainFailure(quoting, facts);
  assertInstanceOf(masked, EngineError);
  const { status, method, path, detail } = masked;
  assertEquals({ status, method, path, detail }, {
    ...init,
    detail: "bad ***",
  });
});

Deno.test("explainFailure() names what could not be given, with the engine's words", async () => {
  const error = new BuildError({ detail: "step failed" });
  const cause = new RangeError("why");
  for (const Class of [SecretError, SshError]) {
    for (const given of [undefined, cause]) {
      const served = new Class(
        "a",
        "could not be read",
        given === undefined ? {} : { cause: given },
      );
      const told = explainFailure(error, await factsOf({ served }));
      assertInstanceOf(told, Class);
      assertEquals(told.id, "a");
      assertEquals(
        told.message,
        "could not be read; the build failed: step failed",
      );
      assertEquals(told.cause, given ?? error);
    }
  }
  const served = new ContextError("a file is gone");
  assertEquals(
    explainFailure(error, await factsOf({ served })) === served,
    true,
  );
});

Deno.test("explainFailure() says that the session was lost, where that is why", async () => {
  const session = (lost: boolean) => ({
    id: "x",
    lost: () => lost,
    close: () => Promise.resolve(),
  });
  for (
    const detail of [
      "no active session for x",
      "rpc error: code = Unavailable",
      "transport is closing",
      "connection reset by peer",
      "connection closed",
      "connection error",
      "unexpected EOF",
    ]
  ) {
    const error = new BuildError({ detail });
    const told = explainFailure(
      error,
      await factsOf({ session: session(true) }),
    );
    assertInstanceOf(told, SessionError);
    assertEquals(
      told.message,
      `The session was lost while the build needed it: ${detail}; build again, and look into the engine's log if it happens twice`,
    );
    assertEquals(told.cause, error);
    for (const other of [session(false), undefined]) {
      assertInstanceOf(
        explainFailure(error, await factsOf({ session: other })),
        BuildError,
      );
    }
  }
  const error = new BuildError({ detail: "exit code: 1" });
  assertInstanceOf(
    explainFailure(error, await factsOf({ session: session(true) })),
    BuildError,
  );
});

Deno.test("explainFailure() names the first secret that was missing, where that is an error", async () => {
  const ready = await readyBuild();
  const error = new BuildError({ detail: "step failed" });
  assertInstanceOf(
    explainFailure(error, await factsOf({ strict: true }, ready)),
    BuildError,
  );
  await ready.build.inputs.secrets.get("first");
  assertInstanceOf(
    explainFailure(error, await factsOf({ strict: true }, ready)),
    SecretError,
  );
  await ready.build.inputs.secrets.get("second");
  const strict = explainFailure(error, await factsOf({ strict: true }, ready));
  assertInstanceOf(strict, SecretError);
  assertEquals(strict.id, "first");
  assertEquals(
    strict.message,
    'The build was stopped: secret "first" was asked for and not given; give it, or build without strictSecrets',
  );
  assertEquals(strict.cause, error);
  const lenient = explainFailure(error, await factsOf({}, ready));
  assertInstanceOf(lenient, BuildError);
  assertEquals(lenient.missingSecrets, ["first", "second"]);
});

Deno.test("explainFailure() finds what a step asked for and may not do", async () => {
  const ready = await readyBuild();
  for (
    const [detail, name] of [
      ["network.host is not allowed", "network.host"],
      ["failed to load LLB: network.host is not allowed", "network.host"],
      ["a: security.insecure is not allowed", "security.insecure"],
      ["failed to load LLB: device a/b=c is not allowed", undefined],
      ["failed to load LLB: device=a/b is not allowed", "device=a/b"],
      ["xnetwork.host is not allowed", undefined],
      ["network.host is not allowed here", undefined],
      ["networkxhost is not allowed", undefined],
    ] as const
  ) {
    const error = explainFailure(
      new BuildError({ detail }),
      await factsOf({}, ready),
    );
    assertInstanceOf(error, BuildError);
    assertEquals(
      error.missingEntitlements,
      name === undefined ? [] : [name],
      detail,
    );
    const words =
      `${detail}\na step asks for ${name}: give the option allow: ["${name}"]`;
    assertEquals(error.message, name === undefined ? detail : words);
  }
  assertEquals(new BuildError({ detail: "a" }).missingEntitlements, []);
});

Deno.test("explainFailure() finds the step that failed, its place, and what it mounts that nobody reads", async () => {
  const text = "FROM a\n# value-of-a\n" +
    "RUN --mount=type=secret,id=a --mount=type=ssh,id=b make it\n";
  const ready = await dockerfileBuild(text, {
    secrets: { a: "value-of-a", b: "value of b" },
  });
  const { record, inputs } = ready.build;
  await watchInputs(inputs, record);
  record.tellStatus({
    vertexes: [{
      digest: "sha256:1",
      name: "[2/2] RUN --mount=type=secret,id=a --mount=type=ssh,id=b make it",
      inputs: [],
      cached: false,
      started: { seconds: 1, nanos: 0 },
      completed: { seconds: 2, nanos: 0 },
      error: "process did not complete successfully: exit code: 7",
      group: undefined,
    }],
    statuses: [],
    warnings: [],
    logs: [],
  });
  const cause = new RangeError("why");
  const detail = "process did not complete successfully: exit code: 7";
  const facts = await factsOf({ unread: ["a", "b"] }, ready);
  const told = explainFailure(new BuildError({ detail, cause }), facts);
  assertInstanceOf(told, BuildError);
  assertEquals(
    [told.detail, told.exitCode, told.vertex, told.cause],
    [detail, 7, "sha256:1", cause],
  );
  assertEquals([told.source?.file, told.source?.startLine], ["Dockerfile", 3]);
  assert(told.source!.excerpt.includes("# ***"), told.source!.excerpt);
  assert(told.message.includes('secret "a" went in the'), told.message);
  assert(!told.message.includes('secret "b" went in the'), told.message);
  const own = explainFailure(new BuildError({ detail, exitCode: 3 }), facts);
  assertEquals((own as BuildError).exitCode, 3);
  record.dockerfile = () => undefined;
  const unseen = explainFailure(new BuildError({ detail }), facts);
  assertEquals((unseen as BuildError).source, undefined);
});

Deno.test("checkLeaks() names the place of each value, and refuses long ones alone", async () => {
  const check = async (
    options: ImageBuildOptions,
    text = "FROM scratch\n",
  ): Promise<string | string[][]> => {
    const ready = await dockerfileBuild(text, {
      secrets: {
        a: "longvalue",
        s: "words",
        v: { value: "visible-value", visible: true },
      },
      ...options,
    });
    const { request, context, contexts, inputs, record } = ready.build;
    await record.protect(inputs.secrets.atHand());
    try {
      await checkLeaks({ request, context, contexts, inputs, record });
    } catch (error) {
      assertInstanceOf(error, SecretError);
      return `${error.id}: ${error.message}`;
    }
    return ready.warnings();
  };
  const refused = (place: string, as = "") =>
    `a: Cannot build: ${place} holds the value of secret "a"${as}, and is stored with the image or its log; mount the secret where it is used, or mark it visible if it may be seen there`;
  const warned = (place: string) => [[
    "secret-visible",
    `${place} holds the short value of secret "s", and is stored with the image or its log: if that is secret, mount it where it is used, else mark the secret visible`,
  ]];
  assertEquals(
    await check({ buildargs: { A: "x", B: "longvalue" } }),
    refused('the build argument "B"'),
  );
  assertEquals(
    await check({ buildargs: { A: "x", longvalue: null } }),
    refused("the name of build argument number 2"),
  );
  assertEquals(
    await check({ labels: { l: "x", m: "longvalue" } }),
    refused("label number 2"),
  );
  assertEquals(
    await check({ labels: { longvalue: "x" } }),
    refused("label number 1"),
  );
  assertEquals(
    await check({ annotations: { k: "x", "index:m": "longvalue" } }),
    refused("annotation number 2"),
  );
  assertEquals(
    await check({ annotations: { longvalue: "x" } }),
    refused("annotation number 1"),
  );
  const builderId = "https://longvalue.example";
  assertEquals(
    await check({ attest: { provenance: { mode: "max", builderId } } }),
    refused("attribute number 2 of the provenance"),
  );
  assertEquals(
    await check({ attest: { sbom: { parameters: { longvalue: "x" } } } }),
    refused("attribute number 1 of the sbom"),
  );
  const image = (attrs: Record<string, string>) => ({
    outputs: { type: "image", attrs: { push: "false", ...attrs } } as const,
  });
  assertEquals(
    await check(image({ "annotation.k": "longvalue" })),
    refused("attribute number 2 of the output image"),
  );
  assertEquals(
    await check(image({ "annotation.longvalue": "x" })),
    refused("attribute number 2 of the output image"),
  );
  assertEquals(await check(image({ name: "longvalue/app" })), []);
  for (const option of ["cachefrom", "cacheto"] as const) {
    assertEquals(
      await check({ [option]: "type=gha,url=u,scope=longvalue" }),
      refused("attribute number 2 of the cache gha"),
    );
    assertEquals(await check({ [option]: "longvalue/app:1" }), []);
    // A token is a secret by itself.
    assertEquals(await check({ [option]: "type=gha,token=longvalue" }), []);
  }
  for (const url of ["git://a.example/longvalue", "https://longvalue/a"]) {
    assertEquals(
      await check({ contexts: { x: "https://a.example", deps: url } }),
      refused('the context "deps"'),
    );
  }
  assertEquals(
    await check({ contexts: { longvalue: "docker-image://longvalue" } }),
    [],
  );
  assertEquals(
    await check({ annotations: { k: "x" }, attest: { provenance: "max" } }),
    [],
  );
  assertEquals(
    await check({}, "FROM scratch\n\nENV A=longvalue\n"),
    refused("the Dockerfile, line 3,"),
  );
  assertEquals(
    await check({ buildargs: { A: btoa("longvalue") } }),
    refused('the build argument "A"', " (as base64)"),
  );
  assertEquals(
    await check({ buildargs: { A: "words" } }),
    warned('the build argument "A"'),
  );
  assertEquals(
    await check({}, "FROM scratch\nENV A=words\nENV B=words\n"),
    warned("the Dockerfile, line 2,"),
  );
  assertEquals(await check({ buildargs: { A: "visible-value" } }), []);
  assertEquals(await check({ buildargs: { A: null }, labels: { b: "c" } }), []);
});

Deno.test("refuseLeak() tells all of a long value from a part of it", async () => {
  const letters = Array.from(
    { length: 300 },
    (_, at) => String.fromCharCode(97 + at * at * 7 % 23 + at % 4),
  ).join("");
  for (const length of [64, 128, 130, 192, 300]) {
    const value = letters.slice(0, length);
    const ready = await readyBuild({ secrets: { long: value } });
    const { inputs, record } = ready.build;
    await record.protect(inputs.secrets.atHand());
    for (const text of [value, `x ${value}`, `${value} x`, `x${value}x`]) {
      assertThrows(
        () => refuseLeak({ inputs, record }, "it", text),
        SecretError,
        'it holds the value of secret "long", and',
      );
    }
    assertEquals(ready.warnings(), []);
    if (length === 64) continue;
    refuseLeak({ inputs, record }, "it", `x${value.slice(0, -1)}`);
    const [[, warned] = []] = ready.warnings();
    assert(warned?.includes('holds a part of secret "long"'), warned);
    // Its parts, apart from each other.
    const [a, b] = [value.slice(0, 64), value.slice(64)];
    refuseLeak({ inputs, record }, "that", `${a} ${b}`);
    const [, [, second] = []] = ready.warnings();
    assert(second?.includes('that holds a part of secret "long"'), second);
  }
});

Deno.test("a record gives out what it held back before it tells anything else, and sizes all", async () => {
  for (const other of ["event", "warning", "line", "end"]) {
    const ready = await readyBuild({ secrets: { a: "hunter2-the-secret" } });
    const { inputs, record } = ready.build;
    await record.protect(inputs.secrets.atHand());
    record.tellLine({ stream: "hunt" });
    if (other === "event") {
      record.tell({ type: "secret", id: "a", state: "unused" });
    } else if (other === "warning") record.warn("secret-unused", "why", "a");
    else if (other === "line") record.tellLine({ status: "next" });
    else record.end();
    const texts = ready.told.map((fact) =>
      fact.kind === "line" ? fact.message.stream ?? "" : fact.kind
    );
    const kind = { event: "own", warning: "warning", line: "" }[other];
    assertEquals(
      texts.filter((text, at) => at > 0 || text !== ""),
      ["hunt", ...kind === undefined ? [] : [kind]],
      other,
    );
    for (const { size } of ready.told) assert(size >= 300, `${size}`);
  }
});

Deno.test("a record masks no value that may be seen", async () => {
  const ready = await readyBuild({
    secrets: {
      seen: { value: "may-be-seen", visible: true },
      other: "may-not-be-seen",
    },
  });
  const { inputs, record } = ready.build;
  await record.protect(inputs.secrets.atHand());
  assertEquals(
    record.text("may-be-seen, may-not-be-seen"),
    "may-be-seen, ***",
  );
});

Deno.test("refuseLeak() tells a line of a value from all of it, once", async () => {
  const ready = await readyBuild({
    secrets: {
      f: "first-line\nsecond-line\n",
      eight: "12345678",
      seven: "abcdefg",
    },
  });
  const { inputs, record } = ready.build;
  refuseLeak({ inputs, record }, "it", "12345678");
  await record.protect(inputs.secrets.atHand());
  const sentence = (place: string, what: string, id: string) =>
    `${place} holds ${what} of secret "${id}", and is stored with the image or its log: if that is secret, mount it where it is used, else mark the secret visible`;
  refuseLeak({ inputs, record }, "it", "x\nfirst-line");
  refuseLeak({ inputs, record }, "it", "x\nfirst-line");
  refuseLeak({ inputs, record }, "it", "abcdefg");
  refuseLeak({ inputs, record }, "it", "nothing");
  assertEquals(ready.warnings().map(([, text]) => text), [
    sentence("it, line 2,", "a line", "f"),
    sentence("it", "the short value", "seven"),
  ]);
  assertThrows(
    () => refuseLeak({ inputs, record }, "it", "12345678"),
    SecretError,
    'it holds the value of secret "eight", and',
  );
  assertThrows(
    () => refuseLeak({ inputs, record }, "it", "\n12345678"),
    SecretError,
    'it, line 2, holds the value of secret "eight", and',
  );
  // The whole value goes before a line of it.
  assertThrows(
    () =>
      refuseLeak(
        { inputs, record },
        "it",
        "second-line\n\nfirst-line\nsecond-line\n",
      ),
    SecretError,
    "it, line 3, holds the value",
  );
  const none = await readyBuild();
  refuseLeak(none.build, "it", "anything");
  assertEquals(none.warnings(), []);
});

Deno.test("checkLeaks() warns of a secret's file that COPY could take", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, {
      Dockerfile: "FROM scratch\n",
      ".dockerignore": "ignored\n",
      "sub/token": "a secret value",
      ignored: "another secret value",
    });
    const ready = await readyBuild({
      secrets: {
        a: { file: `${root}/sub/token` },
        i: { file: `${root}/ignored` },
        v: { file: `${root}/sub/token`, visible: true },
        e: { value: "x" },
        t: "some text",
      },
      contexts: {
        deps: root,
        none: { context: root, ignore: ["sub"] },
        memory: { files: { "sub/token": "x" } },
      },
    }, {
      source: {
        kind: "folder",
        path: root,
        dockerfile: undefined,
        ignore: undefined,
      },
    });
    await checkLeaks(ready.build);
    const warned = (id: string, where: string) => [
      "secret-in-context",
      `the file of secret "${id}" lies in the context ${where}, and COPY can take it into the image: name it in .dockerignore`,
    ];
    assertEquals(ready.warnings(), [
      warned("a", 'as "sub/token"'),
      warned("a", '"deps" as "sub/token"'),
      warned("i", '"none" as "ignored"'),
    ]);
  });
});

/** A set of exports that have received these. */
function exportsOf(
  reports: readonly ExportReport[],
  built: unknown[] = [],
): ExportSet {
  return {
    commit: (images: readonly string[]) => {
      built.push(...images);
      return Promise.resolve(reports);
    },
  } as unknown as ExportSet;
}

Deno.test("commitExports() tells what was exported, and what was left out", async () => {
  const report = {
    dest: "out",
    entries: 3,
    bytes: 5,
    skipped: 0,
    skippedPaths: [] as string[],
  };
  const exported = { dest: "out", entries: 3, bytes: 5, skipped: 0 };
  const stream = { dest: undefined, entries: 0, bytes: 7, skipped: 0 };
  const whole = await readyBuild({
    tag: ["a", "b"],
    outputs: [{ type: "local", dest: "out" }, { type: "moby" }],
  });
  const built: unknown[] = [];
  assertEquals(
    await commitExports(
      whole.build,
      exportsOf([report, { ...stream, skippedPaths: [] }], built),
      "sha256:1",
    ),
    [exported, stream],
  );
  assertEquals(toldOf(whole), [
    { type: "export", ...exported },
    { type: "export", ...stream },
  ]);
  assertEquals(whole.warnings(), []);
  assertEquals(built, ["image a and b"]);
  const unnamed = await readyBuild({
    outputs: [{ type: "local", dest: "out" }, { type: "moby" }],
  });
  await commitExports(unnamed.build, exportsOf([report], built), "sha256:1");
  assertEquals(built, ["image a and b", "image sha256:1"]);
  for (
    const [skipped, skippedPaths, words] of [
      [2, ["a", "b"], "a, b"],
      [3, ["a", "b"], "a, b, …"],
    ] as const
  ) {
    const ready = await readyBuild({ outputs: { type: "local", dest: "out" } });
    await commitExports(
      ready.build,
      exportsOf([{ ...report, skipped, skippedPaths }], built),
      "",
    );
    assertEquals(ready.warnings(), [[
      "export-skipped",
      `${skipped} devices, FIFOs or sockets were left out of the export: ${words}`,
    ]]);
  }
  assertEquals(built.length, 2); // these made no image
});

Deno.test("exportSet() is there where a result comes back", async () => {
  const exporter = {} as Exporter;
  const outputs = (list: object[]) => ({ outputs: list as RequestedOutput[] });
  assertEquals(exportSet(outputs([])), undefined);
  assertEquals(exportSet(outputs([{ type: "moby" }])), undefined);
  const got: unknown[] = [];
  const receiving = {
    receive: () => Promise.resolve(void got.push("tar")),
  } as unknown as Exporter;
  // The engine is asked for the image last, and so for the archive first.
  const set = exportSet(
    outputs([{ type: "moby" }, { type: "tar", exporter: receiving }]),
  );
  await set!.receive(["0"], () => ({}) as never);
  assertEquals(got, ["tar"]);
  assert(exportSet(outputs([{ type: "tar", exporter }])) !== undefined);
});

Deno.test("checkStore() asks for the image store where that matters, and refuses what graph drivers would drop", async () => {
  const local = { type: "local", dest: "out" } as const;
  const image = (attrs: Record<string, string>) =>
    ({ type: "image", attrs }) as const;
  const two = ["linux/amd64", "linux/arm64"];
  for (
    const [options, feature] of [
      [{}, undefined],
      [{ outputs: local }, undefined],
      [{ outputs: { type: "tar", dest: "out" } }, undefined],
      [{ outputs: [{ type: "moby" }, local] }, undefined],
      [{ outputs: { type: "cacheonly" }, attest: { sbom: true } }, undefined],
      [{ outputs: local, platform: two }, undefined],
      [{ outputs: local, attest: { provenance: "max" } }, undefined],
      [{ platform: "linux/arm64" }, undefined],
      [{ outputs: image({ name: "a", push: "false" }) }, undefined],
      [{ outputs: image({ "push-by-digest": "false" }) }, undefined],
      [{ outputs: [local, { type: "oci", dest: "a" }] }, 'output "oci"'],
      [{ outputs: { type: "docker", dest: "a" } }, 'output "docker"'],
      [{ outputs: image({ push: "true" }) }, "push"],
      [{ outputs: [local, image({ push: "" })] }, "push"],
      [
        { outputs: image({ name: "a", compression: "zstd" }) },
        'the attribute "compression"',
      ],
      [{ platform: two }, "several platforms"],
      [{ platform: two, outputs: [local, image({})] }, "several platforms"],
      [{ attest: { provenance: "max" } }, "attest"],
      [{ annotations: { a: "b" } }, "annotations"],
      [{ cacheto: "type=registry,ref=a" }, "cacheto"],
      [{ cacheto: ["type=inline", "type=gha,token=t,url=u"] }, "cacheto"],
      [{ cacheto: "type=inline" }, undefined],
    ] as [ImageBuildOptions, string | undefined][]
  ) {
    for (const driver of ["overlay2", "io.containerd.snapshotter.v1"]) {
      const ready = await readyBuild(options, {
        script: () =>
          Response.json({ DriverStatus: [["driver-type", driver]] }),
      });
      const checking = checkStore(ready.build);
      if (feature !== undefined && driver === "overlay2") {
        const error = await assertRejects(() => checking, UnsupportedError);
        assertEquals(error.feature, feature);
        assertStringIncludes(error.message, `Cannot build with ${feature}: `);
      } else await checking;
      assertEquals(
        ready.asked.length,
        feature === undefined ? 0 : 1,
        Deno.inspect(options),
      );
    }
  }
});

Deno.test("checkUnserved() refuses agents and exports without a session", async () => {
  const { build } = await readyBuild();
  checkUnserved(build);
  const inputs = { ...build.inputs, agents: stubAgents(["a"]) };
  const exports = new ExportSet([]);
  for (
    const [given, what] of [
      [{ inputs }, "ssh"],
      [{ exports }, "an export"],
      [{ inputs, exports }, "ssh"],
    ] as const
  ) {
    const error = assertThrows(
      () => checkUnserved({ ...build, ...given }),
      UnsupportedError,
    );
    assertEquals(error.feature, what);
    assertEquals(
      error.message,
      `Cannot build with ${what}: it takes a session with the engine, and this transport or engine can not serve one; use a Docker engine's own socket`,
    );
  }
});

Deno.test("buildResult() says of the context what was told of it, or nothing", async () => {
  const ready = await readyBuild();
  const { record } = ready.build;
  const facts = {
    ref: "r",
    imageId: "sha256:1",
    image: undefined,
    names: ["a"],
    secrets: { served: [], missing: [], cached: [], unused: [] },
    verification: undefined,
    exports: [],
  };
  const none = { files: 0, filesReused: 0, bytesOffered: 0, bytesSent: 0 };
  assertEquals(buildResult(facts, record), {
    ...facts,
    caches: [],
    warnings: [],
    steps: [],
    context: none,
    contexts: {},
  });
  const sent = {
    files: undefined,
    filesReused: 1,
    bytesOffered: 2,
    bytesSent: 3,
  };
  record.tell({ type: "context", name: undefined, ...sent });
  const other = { files: 7, filesReused: 6, bytesOffered: 5, bytesSent: 4 };
  record.tell({ type: "context", name: "deps", ...other });
  const result = buildResult(facts, record);
  assertEquals(result.context, sent);
  assertEquals(result.contexts, { deps: other });
});

/** A build whose export is this folder. */
async function exportedBuild(
  folder: string,
  options: ImageBuildOptions,
  staged: () => Promise<string> = () => Promise.resolve(folder),
): Promise<Ready> {
  const ready = await readyBuild({
    outputs: { type: "local", dest: `${folder}/never` },
    verify: true,
    ...options,
  });
  const exports = {
    staged: async () => [{ label: "local", path: await staged() }],
  } as unknown as ExportSet;
  return { ...ready, build: { ...ready.build, exports } };
}

Deno.test("verifyResult() tells what was not looked for, and fails for it if it is strict", async () => {
  await withTempFolder(async (folder) => {
    const files = Object.fromEntries(
      Array.from(
        { length: 12 },
        (_, index) => [`z${index}.gz`, "\x1f\x8b\x08"],
      ),
    );
    await writeTree(
      folder,
      Object.fromEntries(
        Object.entries(files).map(([name]) => [
          name,
          Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff),
        ]),
      ),
    );
    let asked = 0;
    const secrets = {
      a: "value of a",
      short: "abc",
      f: () => {
        asked++;
        return null;
      },
      broken: () => {
        throw new Error("no value today");
      },
      known: () => "known value",
    };
    const ready = await exportedBuild(folder, { secrets });
    const verification = await verifyResult(ready.build, "");
    assertEquals(verification.finds, []);
    assertEquals(verification.searched, ["a", "known"]);
    assertEquals(asked, 1);
    const codes = ready.warnings().map(([code]) => code);
    assertEquals(codes, [
      ...Array(3).fill("secret-unverified"),
      ...Array(8).fill("file-unverified"),
    ]);
    const texts = ready.warnings().map(([, text]) => text);
    const unsearched = (id: string, why: string) =>
      `secret "${id}" was not looked for in the result: ${why}`;
    for (
      const text of [
        unsearched("short", "it has fewer than 4 bytes"),
        unsearched("f", "its function gave no value"),
        unsearched("broken", "its function gave no value"),
        "5 more of the result was not looked through",
      ]
    ) assert(texts.includes(text), text);
    const strict = await exportedBuild(folder, {
      secrets,
      verify: { strict: true },
    });
    const error = await assertRejects(
      () => verifyResult(strict.build, ""),
      VerifyError,
    );
    assertEquals(
      error.message.split("; ").filter((part) =>
        part.includes("was not looked")
      ).length,
      11,
    );
    assertStringIncludes(
      error.message,
      "; 5 more of the result was not looked through",
    );
    assertEquals([error.imageId, error.removed, error.kept], ["", [], []]);
    // Those that the search itself no longer names are counted as well.
    const many = Array.from({ length: 130 }, (_, at) => `y${at}.bz2`);
    await writeTree(
      folder,
      Object.fromEntries(many.map((name) => [name, "BZh91AY&SY"])),
    );
    const most = await exportedBuild(folder, { secrets });
    const { unreadable, unreadableLost } = await verifyResult(most.build, "");
    assertEquals([unreadable.length, unreadableLost], [100, 42]);
    assertStringIncludes(
      most.warnings().at(-1)![1] ?? "",
      "135 more of the result was not looked through",
    );
    for (const name of many) await Deno.remove(`${folder}/${name}`);
    // Ten are all told, and no rest.
    for (const name of ["z0.gz", "z1.gz", "z2.gz", "z3.gz", "z4.gz"]) {
      await Deno.remove(`${folder}/${name}`);
    }
    const ten = await exportedBuild(folder, { secrets });
    await verifyResult(ten.build, "");
    assertEquals(ten.warnings().length, 10);
    const clean = await exportedBuild(folder, {
      secrets: { a: "value of a" },
      verify: { strict: true },
    });
    for (let at = 5; at < 12; at++) await Deno.remove(`${folder}/z${at}.gz`);
    assertEquals((await verifyResult(clean.build, "")).searched, ["a"]);
    assertEquals(clean.warnings(), []);
  });
});

Deno.test("verifyResult() fails where a secret is found, or nothing can be looked through", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, { file: "it holds the value of a" });
    const secrets = { a: "value of a" };
    const found = await exportedBuild(folder, { secrets });
    const error = await assertRejects(
      () => verifyResult(found.build, "sha256:1"),
      SecretLeakError,
    );
    assertEquals(error.imageId, "");
    assertEquals(error.finds.map(({ id, path }) => [id, path]), [[
      "a",
      "file",
    ]]);
    const ignored = await exportedBuild(folder, {
      secrets,
      verify: { ignore: ({ path }) => path === "file" },
    });
    assertEquals((await verifyResult(ignored.build, "")).finds, []);

    const gone = new Error("no value of a here");
    const broken = await exportedBuild(
      folder,
      { secrets },
      () => Promise.reject(gone),
    );
    await watchInputs(broken.build.inputs, broken.build.record);
    const unread = await assertRejects(
      () => verifyResult(broken.build, ""),
      VerifyError,
    );
    assert(unread.message.includes("no *** here"), unread.message);
    assertEquals(unread.cause, gone);

    const own = new RangeError("the caller's own");
    const throwing = await exportedBuild(folder, {
      secrets,
      verify: {
        ignore() {
          throw own;
        },
      },
    });
    assertEquals(
      await verifyResult(throwing.build, "").catch((error) => error),
      own,
    );

    const stop = new AbortController();
    stop.abort(own);
    const stopped = await exportedBuild(folder, { secrets });
    assertEquals(
      await verifyResult({ ...stopped.build, stop: stop.signal }, "")
        .catch((error) => error),
      own,
    );
    // Functions are not waited for, nor asked.
    let asked = 0;
    const waiting = await exportedBuild(folder, {
      secrets: { f: () => (asked++, new Promise<string>(() => {})) },
    });
    assertEquals(
      await verifyResult({ ...waiting.build, stop: stop.signal }, "")
        .catch((error) => error),
      own,
    );
    assertEquals(asked, 0);
    const later = new AbortController();
    const hanging = await exportedBuild(folder, {
      secrets: {
        f: () => {
          later.abort(own);
          return new Promise<string>(() => {});
        },
      },
    });
    assertEquals(
      await verifyResult({ ...hanging.build, stop: later.signal }, "")
        .catch((error) => error),
      own,
    );
  });
});

Deno.test("verifyResult() takes its names from an image that can't be looked through, unless they stay", async () => {
  const ID = `sha256:${"b".repeat(64)}`;
  const script = ({ method, path }: Asked) => {
    if (method === "DELETE") {
      return path.includes("kept")
        ? Response.json({ message: "in use" }, { status: 409 })
        : Response.json([]);
    }
    if (path.includes("/json")) return Response.json({ Id: ID });
    return Response.json({ message: "no such image" }, { status: 500 });
  };
  const options: ImageBuildOptions = {
    secrets: { a: "value of a" },
    tag: ["one:1", "kept:1", "one:1"],
    outputs: { type: "image", attrs: { name: "two:1,one:1" } },
  };
  const unverified = (name: string) => [
    "image-unverified",
    `${name} was built, still names the image, and could not be looked through for secrets`,
  ];
  const ready = await readyBuild({ ...options, verify: true }, { script });
  const error = await assertRejects(
    () => verifyResult(ready.build, ID),
    VerifyError,
  );
  assertEquals([error.imageId, error.removed, error.kept], [
    ID,
    ["one:1", "two:1"],
    ["kept:1"],
  ]);
  assertEquals(ready.warnings(), [unverified("kept:1")]);
  const keeping = await readyBuild({ ...options, verify: { keepTags: true } }, {
    script,
  });
  const kept = await assertRejects(
    () => verifyResult(keeping.build, ID),
    VerifyError,
  );
  assertEquals([kept.removed, kept.kept], [[], ["one:1", "kept:1", "two:1"]]);
  assertEquals(
    keeping.warnings(),
    ["one:1", "kept:1", "two:1"].map(unverified),
  );
  assertEquals(
    keeping.asked.filter(({ method }) => method === "DELETE"),
    [],
  );
});

Deno.test("maskMessages() masks what an error and its causes say, whatever errors they are", async () => {
  const { build: { record } } = await readyBuild();
  await record.protect([["token", new Secret("hunter2hunter2")]]);
  class Odd extends Error {
    override get message() {
      return "odd hunter2hunter2";
    }
  }
  const first = new Error("the first", { cause: "hunter2hunter2" });
  const odd = new Odd(undefined, { cause: first });
  const refused = new DOMException("no hunter2hunter2", "OddError");
  const error = new TypeError('Cannot export: "hunter2hunter2" is odd', {
    cause: odd,
  });
  for (const thrown of [error, refused, "hunter2hunter2", undefined]) {
    maskMessages(thrown, record);
  }
  assertEquals(
    [error, odd, first, refused].map(({ message }) => message),
    ['Cannot export: "***" is odd', "odd ***", "the first", "no ***"],
  );
  assertEquals(
    Deno.inspect([error.stack, odd.stack]).includes("hunter2"),
    false,
  );
  // It ends where causes go in a circle.
  first.cause = error;
  maskMessages(error, record);
});

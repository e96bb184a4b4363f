/** strictSecrets by an outline, against a frontend whose answers a test decides. */
import type { Bridge, BridgeRequest } from "../../lib/buildkit/bridge.ts";
import { SolveError } from "../../lib/buildkit/solve_error.ts";
import { SecretError } from "../../lib/errors.ts";
import { GrpcCode } from "../../lib/grpc/status.ts";
import type { Build } from "../../lib/imagebuild/build_way.ts";
import { checkOutline } from "../../lib/imagebuild/outline.ts";
import { SecretStore } from "../../lib/secrets/store.ts";
import { assertEquals } from "../support/assert.ts";

const { signal } = new AbortController();

/** What a test says of a build. */
interface Case {
  readonly given?: readonly string[];
  readonly missing?: boolean;
  readonly unused?: boolean;
  readonly platforms?: readonly string[];
  readonly buildArgs?: Record<string, string>;
  readonly apiVersion?: string;
  /** Answers as JSON, one for each question, or what the question fails with. */
  readonly answers?: readonly unknown[];
}

const TEXT = "FROM a\nRUN b\nRUN c\n";

function outline(secrets: readonly unknown[], text = TEXT) {
  return { secrets, ssh: [{ name: "default" }], sources: [btoa(text)] };
}

function secret(name: string, line?: number, required?: boolean) {
  return {
    name,
    ...(required === undefined ? {} : { required }),
    ...(line === undefined
      ? {}
      : { location: { ranges: [{ start: { line }, end: { line } }] } }),
  };
}

async function run(
  {
    given = [],
    missing = true,
    unused = true,
    platforms = [],
    buildArgs = {},
    apiVersion = "1.51",
    answers = [],
  }: Case,
) {
  const asked: Record<string, string>[] = [];
  const told: unknown[] = [];
  const rest = [...answers];
  const bridge = {
    solve({ frontendAttrs = {} }: BridgeRequest) {
      asked.push(frontendAttrs);
      const next = rest.shift();
      if (next instanceof Error) return Promise.reject(next);
      const json = new TextEncoder().encode(JSON.stringify(next));
      return Promise.resolve({
        refs: new Map(),
        metadata: new Map([["result.json", json]]),
        message: new Uint8Array(),
      });
    },
  } as unknown as Bridge;
  const record = {
    tell: (event: unknown) => told.push(event),
    dockerfile: () => ({ name: "sub/Dockerfile", text: TEXT }),
    mounts: undefined as
      | {
        secret: ReadonlyMap<string, unknown>;
        ssh: ReadonlyMap<string, unknown>;
      }
      | undefined,
  };
  const build = {
    facts: { apiVersion },
    request: {
      strict: { missing, unused },
      platforms,
      buildArgs,
      context: { kind: "folder" },
    },
    context: { dockerfile: { name: "Dockerfile", text: TEXT } },
    inputs: {
      secrets: await SecretStore.open(
        Object.fromEntries(given.map((id) => [id, `value of ${id}`])),
        signal,
      ),
    },
    record,
  } as unknown as Build;
  const frontendAttrs: Record<string, string> = { target: "t" };
  for (const [name, value] of Object.entries(buildArgs)) {
    frontendAttrs[`build-arg:${name}`] = value;
  }
  if (platforms.length > 0) frontendAttrs.platform = platforms.join(",");
  const request = { ref: "r", frontend: "f", frontendAttrs };
  let error: unknown;
  await checkOutline(bridge, { request }, build, signal).catch((thrown) =>
    error = thrown
  );
  return {
    error: error as SecretError | undefined,
    asked,
    told,
    mounts: record.mounts && [
      [...record.mounts.secret.keys()],
      [...record.mounts.ssh.keys()],
    ],
  };
}

Deno.test("the frontend is asked only where something is strict and it can know", async () => {
  const answers = [outline([])];
  for (
    const [given, count] of [
      [{ missing: false, unused: false }, 0],
      [{ apiVersion: "1.42" }, 0],
      [{ apiVersion: "1.43" }, 1],
      [{ unused: false }, 1],
      [{ missing: false }, 1],
    ] as const
  ) {
    const { asked, error } = await run({ ...given, answers });
    assertEquals([asked.length, error], [count, undefined]);
  }
  const { asked, mounts } = await run({ answers });
  assertEquals(asked, [{
    target: "t",
    requestid: "frontend.outline",
    "frontend.caps": "moby.buildkit.frontend.subrequests+forward",
    // The build warns, and the question does not.
    "build-arg:BUILDKIT_DOCKERFILE_CHECK": "skip=all",
  }]);
  assertEquals(mounts, [[], ["default"]]);
});

Deno.test("a Dockerfile that reads the argument by which the question is quiet is asked again, with the build's own", async () => {
  const text = "FROM a\nARG BUILDKIT_DOCKERFILE_CHECK=x\n";
  const CHECK = "build-arg:BUILDKIT_DOCKERFILE_CHECK";
  for (const own of [undefined, "error=true"]) {
    const { asked, error, mounts } = await run({
      answers: [
        outline([secret("skip=all")], text),
        outline([secret("x")], text),
      ],
      given: ["x"],
      ...(own === undefined
        ? {}
        : { buildArgs: { BUILDKIT_DOCKERFILE_CHECK: own } }),
    });
    assertEquals([asked.map((attrs) => attrs[CHECK]), error, mounts?.[0]], [
      ["skip=all", own],
      undefined,
      ["x"],
    ]);
  }
  // What the second question fails with, the build tells.
  const failed = await run({
    answers: [
      outline([secret("skip=all")], text),
      new SolveError({ code: GrpcCode.UNKNOWN, detail: "lint" }),
    ],
  });
  assertEquals([failed.error, failed.mounts], [undefined, undefined]);
});

Deno.test("missing secrets are told in the order of their places, and which of them are required", async () => {
  const answers = [
    outline([
      secret("last", 3),
      secret("given", 2),
      secret("first", 2, true),
      secret("nowhere", undefined, false),
    ]),
  ];
  const { error, told } = await run({ answers, given: ["given", "spare"] });
  assertEquals(error instanceof SecretError, true);
  assertEquals(error?.id, "nowhere");
  assertEquals(
    error?.message,
    'The build was stopped before its first step: this target mounts secret "nowhere" and requires secret "first" (sub/Dockerfile:2) and mounts secret "last" (sub/Dockerfile:3), which are not given; give them, or build without strictSecrets',
  );
  assertEquals(
    told,
    ["nowhere", "first", "last"].map((id) => ({
      type: "secret",
      id,
      state: "missing",
    })),
  );
});

Deno.test("unused secrets are told, but for those that sources take without a mount", async () => {
  const answers = [outline([secret("a", 2)])];
  const given = ["a", "GIT_AUTH_TOKEN", "GIT_AUTH_TOKEN.github.com", "b", "c"];
  const two = await run({ answers, given });
  assertEquals(
    two.error?.message,
    'The build was stopped before its first step: secret "b" and secret "c" were given, and no step of this target mounts them; leave them out, or build without strictSecrets',
  );
  assertEquals(two.error?.id, "b");
  assertEquals(
    two.told,
    ["b", "c"].map((id) => ({
      type: "secret",
      id,
      state: "unused",
    })),
  );
  const one = await run({ answers, given: ["a", "b"] });
  assertEquals(
    one.error?.message,
    'The build was stopped before its first step: secret "b" was given, and no step of this target mounts it; leave it out, or build without strictSecrets',
  );
  // Each of the two is a mistake only where it is to be one.
  assertEquals(
    (await run({ answers, given: ["b"], missing: false })).error?.id,
    "b",
  );
  assertEquals(
    (await run({ answers, given: ["b"], unused: false })).error?.id,
    "a",
  );
  const none = await run({ answers, given: ["a"] });
  assertEquals([none.error, none.told], [undefined, []]);
});

Deno.test("for each platform the frontend is asked, with the variables of the platform", async () => {
  const answers = [
    outline([secret("a", 2), secret("both", 2)]),
    outline([secret("both", 3), secret("b", 3)]),
  ];
  const { asked, mounts, error } = await run({
    answers,
    platforms: ["linux/amd64", "linux/arm/v7"],
    given: ["a", "b", "both"],
    buildArgs: { TARGETOS: "own" },
  });
  assertEquals(error, undefined);
  assertEquals(mounts?.[0]?.toSorted(), ["a", "b", "both"]);
  const variables = asked.map((attrs) => [
    attrs.platform,
    ...["PLATFORM", "OS", "ARCH", "VARIANT"].map((name) =>
      attrs[`build-arg:TARGET${name}`]
    ),
    attrs["build-arg:BUILDKIT_DOCKERFILE_CHECK"],
  ]);
  assertEquals(variables, [
    ["linux/amd64", "linux/amd64", "own", "amd64", "", "skip=all"],
    ["linux/arm/v7", "linux/arm/v7", "own", "arm", "v7", "skip=all"],
  ]);
});

Deno.test("a platform has BuildKit's spelling in the variables; where only BuildKit knows it, nothing is asked", async () => {
  for (
    const [platform, ...expected] of [
      ["linux/arm", "linux/arm/v7", "linux", "arm", "v7"],
      ["Linux/ARM64/v8", "linux/arm64", "linux", "arm64", ""],
      ["linux/x86_64", "linux/amd64", "linux", "amd64", ""],
      ["linux/amd64/v2", "linux/amd64/v2", "linux", "amd64", "v2"],
      ["arm64", "linux/arm64", "linux", "arm64", ""],
      ["ARM", "linux/arm/v7", "linux", "arm", "v7"],
      ["i386", "linux/386", "linux", "386", ""],
      // As the outline has them.
      ["Linux", undefined, undefined, undefined, undefined],
    ] as const
  ) {
    const { asked } = await run({
      answers: [outline([])],
      platforms: [platform],
    });
    const [attrs] = asked;
    assertEquals(attrs?.platform, platform);
    assertEquals(
      ["PLATFORM", "OS", "ARCH", "VARIANT"].map((name) =>
        attrs?.[`build-arg:TARGET${name}`]
      ),
      expected,
    );
  }
  for (const platform of ["windows", "myarm64", "linux/", "arm/v7/x/y"]) {
    const { asked, mounts, error } = await run({
      answers: [outline([secret("a")])],
      platforms: [platform],
    });
    assertEquals([asked, mounts, error], [[], undefined, undefined]);
  }
});

Deno.test("where the frontend does not know, or the answer is none, the build goes on", async () => {
  const unknown = new SolveError({
    code: GrpcCode.UNKNOWN,
    detail: "unsupported request frontend.outline",
  });
  const fault = new SolveError({
    code: GrpcCode.UNKNOWN,
    detail: "parse error",
  });
  for (
    const answers of [
      [unknown],
      [fault],
      ["no outline"],
      [{ secrets: 1 }],
      [outline([secret("a")], `# syntax=own/frontend:1\n${TEXT}`)],
    ]
  ) {
    const { error, mounts } = await run({ answers, given: ["spare"] });
    assertEquals([error, mounts], [undefined, undefined]);
  }
  const own = await run({
    answers: [outline([secret("a")])],
    buildArgs: { BUILDKIT_SYNTAX: "own/frontend:1" },
  });
  assertEquals([own.error, own.mounts], [undefined, undefined]);
  // That of docker is known, in whatever version.
  const docker = await run({
    answers: [outline([secret("a")], `# syntax=docker/dockerfile:1\n${TEXT}`)],
  });
  assertEquals(docker.error?.id, "a");
  const broken = new TypeError("broken");
  const { error } = await run({ answers: [broken] });
  assertEquals(error as unknown, broken);
});

import { inspectText } from "../../lib/cli/history_inspect_text.ts";
import { inspectValues } from "../../lib/cli/history_inspect_values.ts";
import { BuildError, type BuildHistoryDetails } from "../../mod.ts";
import { assertEquals } from "../support/assert.ts";

const RUNNING: BuildHistoryDetails = {
  ref: "abc",
  name: "",
  status: "running",
  createdAt: "2026-01-02T03:04:05.6Z",
  completedAt: undefined,
  duration: 65_400,
  totalSteps: 0,
  completedSteps: 0,
  cachedSteps: 0,
  warnings: 0,
  pinned: false,
  error: undefined,
  outputs: [],
  attrs: {},
  context: undefined,
  dockerfile: undefined,
  target: undefined,
  platforms: [],
  buildArgs: {},
  labels: {},
  namedContexts: {},
  vcs: { source: undefined, revision: undefined },
  materials: [],
  attachments: [],
  failure: undefined,
};

/** Where it is this time by this machine's clock. */
function here(time: string): string {
  const date = new Date(time);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace("T", " ");
}

function text(details: BuildHistoryDetails, named = true): string {
  return inspectText(details, inspectValues(details), {
    named,
    node: "b/n",
  });
}

/** What is given, without what is not. */
function given(details: BuildHistoryDetails): Record<string, unknown> {
  const values = JSON.parse(JSON.stringify(inspectValues(details)));
  // They are by this machine's clock, to the digit.
  for (const name of ["StartedAt", "CompletedAt"]) {
    if (values[name] === undefined) continue;
    const time = new Date(values[name]).toISOString();
    const [, part = ""] = /(\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.exec(values[name])!;
    values[name] = time.replace(/\.\d+Z/, `${part}Z`);
  }
  return values;
}

const END = `Print build logs: davit history logs abc
View build in Docker Desktop: docker-desktop://dashboard/build/b/n/abc
`;

Deno.test("of a build that runs, what is known is shown", () => {
  assertEquals(
    text(RUNNING, false),
    `Ref:\tabc

Started:\t${here(RUNNING.createdAt)}
Duration:\t1m  5s (running)
Build Steps:\t0/0 (NaN% cached)


${END}`,
  );
  assertEquals(given(RUNNING), {
    Ref: "abc",
    StartedAt: RUNNING.createdAt,
    Duration: 65_400_000_000,
    Status: "running",
    NumCompletedSteps: 0,
    NumTotalSteps: 0,
    NumCachedSteps: 0,
    Config: {},
  });
});

const FULL: BuildHistoryDetails = {
  ...RUNNING,
  name: "app (t)",
  status: "completed",
  completedAt: "2026-01-02T03:04:07Z",
  duration: 1_400,
  totalSteps: 8,
  completedSteps: 7,
  cachedSteps: 3,
  context: ".",
  dockerfile: "Dockerfile",
  target: "t",
  platforms: ["linux/amd64", "linux/arm64"],
  vcs: { source: "https://git.example/a", revision: "1234" },
  buildArgs: { B: "2", A: "1", BUILDKIT_CONTEXT_KEEP_GIT_DIR: "1" },
  labels: { l: "" },
  namedContexts: { deps: "local:deps" },
  materials: [
    { uri: "pkg:docker/a@1", digests: ["sha256:1", "sha512:2"] },
    { uri: "b", digests: [] },
  ],
  attachments: [
    {
      digest: "sha256:3",
      platform: "linux/amd64",
      type: "t1",
      mediaType: "m",
      size: 1,
    },
    {
      digest: "sha256:4",
      platform: undefined,
      type: "t2",
      mediaType: "m",
      size: 1,
    },
  ],
  attrs: {
    "add-hosts": "a=1.2.3.4,b=::1",
    "attest:provenance": "mode=max",
    "build-arg:BUILDKIT_CACHE_MOUNT_NS": "ns",
    "build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR": "1",
    "build-arg:BUILDKIT_DOCKERFILE_CHECK": "skip=all",
    "build-arg:SANDBOX_HOSTNAME": "sandbox",
    "build-arg:SOURCE_DATE_EPOCH": "0",
    "cgroup-parent": "/c",
    "context:deps": "local:deps",
    filename: "Dockerfile",
    "force-network-mode": "none",
    "frontend.caps": "x",
    hostname: "h",
    "image-resolve-mode": "pull",
    "label:l": "",
    "multi-platform": "true",
    "no-cache": "",
    other: "<1>",
    platform: "linux/amd64,linux/arm64",
    "shm-size": "1",
    target: "t",
    ulimit: "nofile=1",
    "vcs:source": "https://git.example/a",
  },
};

Deno.test("all that is known of a build is shown as buildx shows it", () => {
  assertEquals(
    text(FULL),
    `Name:\t\tapp (t)
Context:\t.
Dockerfile:\tDockerfile
VCS Repository:\thttps://git.example/a
VCS Revision:\t1234
Target:\t\tt
Platforms:\tlinux/amd64, linux/arm64
Keep Git Dir:\ttrue

NAMED CONTEXT\tVALUE
deps\t\tlocal:deps

Started:\t${here(FULL.createdAt)}
Duration:\t1.4s
Build Steps:\t7/8 (38% cached)

Network:\t\t\tnone
Hostname:\t\t\th
Extra Hosts:\t\t\ta=1.2.3.4, b=::1
Cgroup Parent:\t\t\t/c
Image Resolve Mode:\t\tpull
Multi-Platform:\t\t\ttrue
No Cache:\t\t\ttrue
Shm Size:\t\t\t1
Resource Limits:\t\tnofile=1
Cache Mount Namespace:\t\tns
Dockerfile Check Config:\tskip=all
Source Date Epoch:\t\t0
Sandbox Hostname:\t\tsandbox
other:\t\t\t\t<1>

BUILD ARG\tVALUE
A\t\t1
B\t\t2

LABEL\tVALUE
l\t

Materials:
URI\t\tDIGEST
pkg:docker/a@1\tsha256:1, sha512:2
b\t\t

Attachments:
DIGEST\t\tPLATFORM\tTYPE
sha256:3\tlinux/amd64\tt1
sha256:4\t\t\tt2

${END}`,
  );
  assertEquals(given(FULL), {
    Name: "app (t)",
    Ref: "abc",
    Context: ".",
    Dockerfile: "Dockerfile",
    VCSRepository: "https://git.example/a",
    VCSRevision: "1234",
    Target: "t",
    Platform: ["linux/amd64", "linux/arm64"],
    KeepGitDir: true,
    NamedContexts: [{ Name: "deps", Value: "local:deps" }],
    StartedAt: FULL.createdAt,
    CompletedAt: FULL.completedAt,
    Duration: 1_400_000_000,
    Status: "completed",
    NumCompletedSteps: 7,
    NumTotalSteps: 8,
    NumCachedSteps: 3,
    BuildArgs: [{ Name: "A", Value: "1" }, { Name: "B", Value: "2" }],
    Labels: [{ Name: "l" }],
    Config: {
      Network: "none",
      ExtraHosts: ["a=1.2.3.4", "b=::1"],
      Hostname: "h",
      CgroupParent: "/c",
      ImageResolveMode: "pull",
      MultiPlatform: true,
      NoCache: true,
      ShmSize: "1",
      Ulimit: "nofile=1",
      CacheMountNS: "ns",
      DockerfileCheckConfig: "skip=all",
      SourceDateEpoch: "0",
      SandboxHostname: "sandbox",
      RestRaw: [{ Name: "other", Value: "<1>" }],
    },
    Materials: [
      { URI: "pkg:docker/a@1", Digests: ["sha256:1", "sha512:2"] },
      { URI: "b", Digests: [] },
    ],
    Attachments: [
      { Digest: "sha256:3", Platform: "linux/amd64", Type: "t1" },
      { Digest: "sha256:4", Type: "t2" },
    ],
  });
});

Deno.test("a build of a repository, and stages without cache, have their places", () => {
  const { VCSRepository, VCSRevision, Config } = inspectValues({
    ...FULL,
    attrs: {
      context: "https://git.example/a",
      "no-cache": "a,b",
      "build-arg:BUILDKIT_MULTI_PLATFORM": "1",
    },
  });
  assertEquals([VCSRepository, VCSRevision], [undefined, undefined]);
  assertEquals([Config.NoCache, Config.NoCacheFilter, Config.MultiPlatform], [
    undefined,
    ["a", "b"],
    true,
  ]);
});

Deno.test("a build that failed has its error, its place and its last lines; one that was stopped has none of them", () => {
  const failure = new BuildError({
    detail: "exit code: 7",
    step: "[2/2] RUN x",
    log: ["one", "two"],
    source: { file: "D", startLine: 1, endLine: 1, excerpt: "D:1\n---" },
  });
  const failed: BuildHistoryDetails = {
    ...RUNNING,
    status: "error",
    completedAt: "2026-01-02T03:04:07Z",
    duration: 1_400,
    totalSteps: 8,
    completedSteps: 8,
    cachedSteps: 1,
    error: { code: 2, message: "exit code: 7" },
    failure,
  };
  assertEquals(
    text(failed),
    `
Started:\t${here(failed.createdAt)}
Duration:\t1.4s
Error:\t\tUnknown exit code: 7
Build Steps:\t8/8 (12% cached)


D:1
---

Logs:
> => [2/2] RUN x:
> one
> two

${END}`,
  );
  assertEquals(
    given(failed).Error,
    {
      Code: 2,
      Message: "exit code: 7",
      Name: "[2/2] RUN x",
      Logs: ["one", "two"],
      Sources: btoa("D:1\n---\n\n"),
    },
  );
  const stopped: BuildHistoryDetails = {
    ...failed,
    status: "canceled",
    error: { code: 1, message: "context canceled" },
    failure: new BuildError({ detail: "context canceled" }),
  };
  assertEquals(
    text(stopped),
    `
Started:\t${here(failed.createdAt)}
Duration:\t1.4s
Status:\t\tCanceled
Build Steps:\t8/8 (12% cached)


${END}`,
  );
  assertEquals(given(stopped).Status, "canceled");
  assertEquals(given(failed).Status, "failed");
});

Deno.test("a terminal obeys nothing that a build says of itself", () => {
  const evil = "a\x1b[2Jb\x1b]0;title\x07c";
  const shown = text({
    ...RUNNING,
    name: evil,
    buildArgs: { [evil]: `${evil}\tx\ny` },
    context: evil,
  });
  assertEquals(
    ["\x07", "\x1b"].some((one) => shown.includes(one)),
    false,
    shown,
  );
  assertEquals(shown.startsWith("Name:\t\tabc\nContext:\tabc\n"), true, shown);
});

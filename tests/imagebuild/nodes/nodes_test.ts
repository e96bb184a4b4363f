import { openNodes } from "../../../lib/builder/open_nodes.ts";
import type { OpenedCaches } from "../../../lib/imagebuild/caches.ts";
import type { OwnWarning } from "../../../lib/imagebuild/fact.ts";
import { daemonHost } from "../../../lib/imagebuild/host.ts";
import {
  ImportWarnings,
  nodeCaches,
} from "../../../lib/imagebuild/nodes/caches.ts";
import { pushedDigest } from "../../../lib/imagebuild/nodes/join.ts";
import {
  NodeMark,
  NodeRecord,
  SentContexts,
} from "../../../lib/imagebuild/nodes/node_record.ts";
import {
  checkNodesOutputs,
  nodeExporter,
} from "../../../lib/imagebuild/nodes/outputs.ts";
import { shareAmong } from "../../../lib/imagebuild/nodes/plan.ts";
import { SharedMounts } from "../../../lib/imagebuild/nodes/shared_mounts.ts";
import type { TargetMounts } from "../../../lib/imagebuild/target_mounts.ts";
import { BuildRecord } from "../../../lib/imagebuild/record.ts";
import { checkRequest } from "../request.ts";
import type { ImageBuildOptions } from "../../../lib/imagebuild/options.ts";
import { Secret } from "../../../lib/secrets/secret.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "../../support/assert.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;
const TIME = { seconds: 1, nanos: 0 };

function vertex(digest: string, name: string, inputs: string[] = []) {
  return {
    digest,
    name,
    inputs,
    cached: false,
    started: TIME,
    completed: undefined,
    error: "",
    group: undefined,
  };
}

Deno.test("a node's steps have its name, and digests of their own", () => {
  const status = {
    vertexes: [
      vertex(DIGEST, "[1/2] RUN make", ["sha256:a"]),
      {
        ...vertex("sha256:a", "exporting to image"),
        group: { id: "g", name: "group", weak: false },
      },
    ],
    statuses: [{
      id: "x",
      vertex: DIGEST,
      name: "",
      current: 1,
      total: 2,
      timestamp: TIME,
      started: TIME,
      completed: undefined,
    }],
    logs: [{
      vertex: DIGEST,
      timestamp: TIME,
      stream: 1,
      data: new Uint8Array([1]),
    }],
    warnings: [{
      vertex: "",
      level: 1,
      short: new Uint8Array(),
      detail: [],
      url: "",
      info: undefined,
      ranges: [],
    }],
  };
  const mark = new NodeMark("arm");
  const marked = mark.status(status);
  const [first, second] = marked.vertexes;
  assertEquals(first!.name, "[arm 1/2] RUN make");
  assertEquals(second!.name, "[arm] exporting to image");
  assertEquals(second!.group, {
    id: "arm g",
    name: "[arm] group",
    weak: false,
  });
  assertEquals(first!.inputs, [second!.digest]);
  assertEquals(/^sha256:[0-9a-f]{64}$/.test(first!.digest), true);
  assertNotEquals(first!.digest, DIGEST);
  assertEquals(marked.statuses[0]!.vertex, first!.digest);
  assertEquals(marked.logs[0]!.vertex, first!.digest);
  assertEquals(marked.warnings[0]!.vertex, "");
  assertEquals(mark.status(status), marked);
  const other = new NodeMark("intel").status(status);
  assertNotEquals(other.vertexes[0]!.digest, first!.digest);
});

Deno.test("what a node reports goes into the build's record, masked, and what was sent is summed up", async () => {
  const facts: unknown[] = [];
  const whole = new BuildRecord((fact) => {
    facts.push(fact.kind);
    return undefined;
  }, []);
  await whole.protect([["token", new Secret("hunter2hunter2")]]);
  const contexts = new SentContexts();
  const nodes = ["intel", "arm"].map((name) =>
    new NodeRecord(whole, name, contexts)
  );
  const [intel, arm] = nodes as [NodeRecord, NodeRecord];
  intel.tellStatus({
    vertexes: [vertex(DIGEST, "[1/1] RUN echo hunter2hunter2")],
    statuses: [],
    logs: [],
    warnings: [],
  });
  assertEquals(whole.state.names(), ["[intel 1/1] RUN echo ***"]);
  // Errors are made of what is here.
  assertEquals(intel.state.names(), ["[1/1] RUN echo ***"]);
  await whole.protect([["later", new Secret("RUN")]]);
  assertEquals(intel.state.names(), ["[1/1] RUN echo ***"]);
  await whole.protect([["latest", new Secret("1/1] RUN")]]);
  assertEquals(intel.state.names(), ["[*** echo ***"]);
  assertEquals(whole.state.names(), ["[intel *** echo ***"]);
  assertEquals(arm.text("hunter2hunter2"), "***");
  const sent = (files: number, filesReused: number, bytesSent: number) => ({
    type: "context" as const,
    name: undefined,
    files,
    filesReused,
    bytesOffered: 10,
    bytesSent,
  });
  intel.tell(sent(3, 1, 7));
  arm.tell(sent(3, 2, 5));
  assertEquals(whole.state.context, sent(3, 1, 12));
  arm.warn("option-ignored", "it has no effect", "x");
  assertEquals(whole.state.warnings.map(({ short }) => short).slice(1), [
    "it has no effect",
  ]);
  arm.tellLine({ error: "no", errorDetail: { message: "no" } });
  assertEquals(facts, [
    "status",
    "warning", // of a value that is too short
    "own",
    "own",
    "warning",
    "line",
  ]);
});

const caches = (
  imports: OpenedCaches["imports"],
  exports: OpenedCaches["exports"] = [],
): OpenedCaches => ({
  imports,
  exports,
  local: [],
  secrets: [],
  warnings: [],
  unopened: [],
});

Deno.test("each node writes a cache of its own, and reads that first", () => {
  const registry = (ref: string) => ({ type: "registry", attrs: { ref } });
  const given = [
    registry("r.io:5000/a"),
    registry("r.io/a:1"),
    registry(`r.io/a@${DIGEST}`),
    { type: "gha", attrs: { scope: "main" } },
    { type: "gha", attrs: {} },
    { type: "s3", attrs: { bucket: "b" } },
    { type: "azblob", attrs: { name: "n" } },
    { type: "inline", attrs: {} },
  ];
  const own = [
    registry("r.io:5000/a:latest-arm"),
    registry("r.io/a:1-arm"),
    given[2],
    { type: "gha", attrs: { scope: "main-arm" } },
    { type: "gha", attrs: { scope: "buildkit-arm" } },
    { type: "s3", attrs: { bucket: "b", name: "buildkit-arm" } },
    { type: "azblob", attrs: { name: "n-arm" } },
    given[7],
  ];
  const { exports, imports } = nodeCaches(caches(given, given), "arm");
  assertEquals(exports, own as typeof exports);
  assertEquals(
    imports,
    given.flatMap((entry, i) =>
      i === 2 || i === 7 ? [entry] : [own[i]!, entry]
    ),
  );
  // A folder that is read is the same for all.
  const folder = { type: "local", attrs: { src: "/a", digest: DIGEST } };
  assertEquals(nodeCaches(caches([folder]), "arm").imports, [folder]);
  const local = {
    ...caches([]),
    local: [{}] as unknown as OpenedCaches["local"],
  };
  assertThrows(
    () => nodeCaches(local, "arm"),
    Error,
    "would write to one folder",
  );
});

Deno.test("of a node's own cache and the given one it is enough that one is there", () => {
  const given = caches([{ type: "registry", attrs: { ref: "r.io/a:1" } }, {
    type: "registry",
    attrs: { ref: `r.io/a@${DIGEST}` },
  }]);
  const told = (...failed: string[]) => {
    const warned: unknown[] = [];
    const warnings = new ImportWarnings(
      "arm",
      (...warning: OwnWarning) => warned.push(warning[2]),
    );
    warnings.warn("option-ignored", "at once", "x");
    for (const place of failed) {
      warnings.warn("cache-import-failed", "no", place);
    }
    assertEquals(warned, ["x"]);
    warnings.end(given);
    return warned.slice(1);
  };
  assertEquals(told("r.io/a:1"), []);
  assertEquals(told("r.io/a:1-arm"), []);
  assertEquals(told("r.io/a:1-arm", "r.io/a:1"), ["r.io/a:1"]);
  assertEquals(told(`r.io/a@${DIGEST}`), [`r.io/a@${DIGEST}`]);
  assertEquals(told("another"), ["another"]);
});

Deno.test("a node pushes to the repositories of all names, by digest alone", () => {
  const exporter = {
    type: "image",
    attrs: {
      push: "true",
      name: "r.io/a:1,r.io/a:2,docker.io/library/b:1",
      "annotation.a": "b",
    },
  };
  assertEquals(nodeExporter(exporter), {
    type: "image",
    attrs: {
      push: "true",
      name: "r.io/a,docker.io/library/b",
      "annotation.a": "b",
      "push-by-digest": "true",
    },
  });
  const other = { type: "local", attrs: {} };
  assertEquals(nodeExporter(other), other);
});

Deno.test("several nodes make an image in a registry, or nothing", () => {
  const check = (options: ImageBuildOptions) =>
    checkNodesOutputs(
      checkRequest(options, { kind: "remote", url: "x" }, {
        keepsImages: false,
      }),
    );
  check({});
  check({ outputs: { type: "cacheonly" } });
  check({ outputs: { type: "registry" }, tag: "r.io/a" });
  check({ outputs: { type: "image", push: true }, tag: "r.io/a" });
  for (
    const [words, options] of [
      ["push it", { outputs: { type: "image" }, tag: "a" }],
      ["push it", { outputs: { type: "image", push: false }, tag: "a" }],
      ["a part of it", { outputs: { type: "local", dest: "x" } }],
      ["a part of it", { outputs: { type: "oci", dest: "x" } }],
      ["give a tag", { outputs: { type: "registry" } }],
      ["needs a name", {
        outputs: { type: "registry", attrs: { "push-by-digest": "true" } },
        tag: "r.io/a",
      }],
    ] as [string, ImageBuildOptions][]
  ) {
    assertThrows(() => check(options), Error, words);
  }
  assertEquals(
    pushedDigest(new Map([["containerimage.digest", DIGEST]]), "arm"),
    DIGEST,
  );
  assertThrows(
    () => pushedDigest(new Map(), "arm"),
    ProtocolError,
    'The node "arm"',
  );
});

Deno.test("platforms go to the nodes that were given for them, without a question", async () => {
  const never = () => Promise.reject(new Error("it is not asked"));
  const node = (name: string, ...platforms: string[]) => ({
    name,
    platforms,
    host: daemonHost({
      where: name,
      isHere: true,
      isPlain: false,
      connect: never,
      dialSession: never,
    }),
  });
  const nodes = [
    node("a", "linux/amd64"),
    node("b", "linux/arm64", "linux/riscv64"),
  ];
  const { signal } = new AbortController();
  const share = async (given: typeof nodes, ...platforms: string[]) =>
    (await shareAmong(given, platforms, signal)).map(({ node, platforms }) =>
      `${node.name}: ${platforms}`
    );
  assertEquals(await share(nodes, "linux/amd64", "linux/arm64/v8"), [
    "a: linux/amd64",
    "b: linux/arm64/v8",
  ]);
  assertEquals(
    await share(nodes, "linux/riscv64", "linux/amd64", "linux/arm64"),
    ["b: linux/riscv64,linux/arm64", "a: linux/amd64"],
  );
  assertEquals(await share(nodes), ["a: "]);
  assertEquals(await share(nodes.slice(0, 1), "linux/s390x"), [
    "a: linux/s390x",
  ]);
  // A node that can't be reached matters where the others run it not.
  await assertRejects(
    () => share(nodes, "linux/s390x"),
    Error,
    "it is not asked",
  );
  assertEquals(await share(nodes, "linux/386"), ["a: linux/386"]);
});

Deno.test("openNodes() takes nodes with names of their own", async () => {
  const address = "unix:///run/buildkit/buildkitd.sock";
  const opened = await openNodes([
    { name: "a", address, platforms: "linux/amd64, linux/386" },
    { name: "b.2", address: "tcp://127.0.0.1:1", platforms: ["linux/arm64"] },
  ]);
  assertEquals(opened.map(({ name, platforms }) => [name, platforms]), [
    ["a", ["linux/amd64", "linux/386"]],
    ["b.2", ["linux/arm64"]],
  ]);
  assert(opened[0]!.daemon.where.startsWith("unix:"));
  for (
    const [words, ...nodes] of [
      ["at least one node"],
      ["the node's name", { name: "a b", address }],
      ["the node's name", { name: "", address }],
      ["two nodes", { name: "a", address }, { name: "a", address }],
      ["has no address", { name: "a" }],
      ["Cannot use platform", { name: "a", address, platforms: "bogus" }],
      ["tls", { name: "a", address, tls: {} }],
    ] as const
  ) {
    await assertRejects(
      () => openNodes(nodes as unknown as Parameters<typeof openNodes>[0]),
      TypeError,
      words,
    );
  }
});

Deno.test("what all nodes mount is checked once, when the last of them can tell it", async () => {
  const mount = (id: string, required = false) => ({
    id,
    required,
    place: undefined,
  });
  const mounts = (...ids: string[]): TargetMounts => ({
    secret: new Map(ids.map((id) => [id, mount(id)])),
    ssh: new Map([["default", mount("default", true)]]),
  });
  const { signal } = new AbortController();
  const checked: string[][] = [];
  const check = ({ secret, ssh }: TargetMounts) => {
    checked.push([...secret.keys(), ...ssh.keys()].sort());
  };
  const shared = new SharedMounts(2);
  let isOver = false;
  const first = shared.join(mounts("a", "both"), check, signal)
    .then(() => isOver = true);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals([isOver, checked], [false, []]);
  await shared.join(mounts("b", "both"), check, signal);
  await first;
  assertEquals(checked, [["a", "b", "both", "default"]]);

  // What is wrong ends all of them, with one error.
  const wrong = new Error("unused");
  const refused = new SharedMounts(2);
  const fail = () => {
    throw wrong;
  };
  const errors = await Promise.allSettled([
    refused.join(mounts("a"), fail, signal),
    refused.join(mounts("b"), fail, signal),
  ]);
  assertEquals(errors.map((one) => one.status === "rejected" && one.reason), [
    wrong,
    wrong,
  ]);
  // Where one can't tell, nothing is known of all.
  const unknown = new SharedMounts(2);
  await Promise.all([
    unknown.join(mounts("a"), fail, signal),
    unknown.join(undefined, fail, signal),
  ]);
  // Who is stopped waits no longer for a node that never tells.
  const stop = new AbortController();
  const waiting = new SharedMounts(2).join(mounts(), fail, stop.signal);
  stop.abort(new Error("another node failed"));
  await assertRejects(() => waiting, Error, "another node failed");
});

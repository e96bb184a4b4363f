import type { SolveEntry } from "../../lib/buildkit/solve_request.ts";
import { CacheWatch } from "../../lib/imagebuild/cache_watch.ts";
import type { OwnWarning } from "../../lib/imagebuild/fact.ts";
import type { CacheEvent } from "../../lib/progress/event.ts";
import type { SolveStatus } from "../../lib/progress/solve_status.ts";
import { BuildError } from "../../mod.ts";
import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { sha256 } from "../support/digest.ts";
import {
  type BuildKitScript,
  refusal,
  scriptedBuildKit,
} from "./scripted_buildkit.ts";

const TIME = { seconds: 1, nanos: 0 };
const MANIFEST = `sha256:${"a".repeat(64)}`;

interface Step {
  readonly digest?: string;
  readonly name: string;
  readonly error?: string;
  /** Whether it has not ended. */
  readonly open?: boolean;
  /** Actions of the step that ended. */
  readonly did?: readonly string[];
  /** Actions of the step that have not ended. */
  readonly does?: readonly string[];
}

/** A part of a log: one step. */
function step(
  { name, digest = `sha256:${name}`, error = "", open, did = [], does = [] }:
    Step,
): SolveStatus {
  const action = (completed: typeof TIME | undefined) => (id: string) => ({
    id,
    vertex: digest,
    name: "",
    current: 0,
    total: 0,
    timestamp: TIME,
    started: TIME,
    completed,
  });
  return {
    vertexes: [{
      digest,
      inputs: [],
      name,
      cached: false,
      started: TIME,
      completed: open ? undefined : TIME,
      error,
      group: undefined,
    }],
    statuses: [...did.map(action(TIME)), ...does.map(action(undefined))],
    logs: [],
    warnings: [],
  };
}

function registry(ref: string): SolveEntry {
  return { type: "registry", attrs: { ref } };
}

/** What is told of caches, behind a mask of the word "hidden". */
function watched(
  caches: { imports?: readonly SolveEntry[]; exports?: readonly SolveEntry[] },
) {
  const told: CacheEvent[] = [];
  const warnings: OwnWarning[] = [];
  const watch = new CacheWatch({ imports: [], exports: [], ...caches }, {
    tell: (event) => told.push(event),
    warn: (...warning) => warnings.push(warning),
    text: (text) => text.replaceAll("hidden", "***"),
  });
  return { watch, told, warnings };
}

function event(fields: Partial<CacheEvent>): CacheEvent {
  return {
    type: "cache",
    action: "import",
    kind: "registry",
    place: undefined,
    state: "done",
    digest: undefined,
    error: undefined,
    ...fields,
  };
}

Deno.test("a cache that is read is known by the name of its step", () => {
  const gha: SolveEntry = { type: "gha", attrs: { scope: "main" } };
  const local: SolveEntry = { type: "local", attrs: { src: "dir" } };
  const { watch, told, warnings } = watched({
    imports: [registry("a:1"), gha, local, local],
  });
  const from = "importing cache manifest from";
  watch.read(step({ name: `${from} a:1`, open: true }));
  watch.read(step({ name: "[1/2] importing cache manifest from a:1" }));
  assertEquals(told, []);
  watch.read(step({ name: `${from} a:1` }));
  watch.read(step({ name: `${from} a:1` }));
  watch.read(step({ name: `${from} b:5` }));
  watch.read(step({ name: `${from} gha:123456` }));
  watch.read(step({ name: `${from} local:12` }));
  watch.read(step({ name: `${from} s3:12` }));
  assertEquals(told, [
    event({ place: "a:1" }),
    event({ place: "b:5" }),
    event({ kind: "gha", place: "main" }),
    event({ kind: "local" }),
    event({ place: "s3:12" }),
  ]);
  assertEquals(watch.seen, told);
  assertEquals(warnings, []);
  const single = watched({ imports: [local] });
  single.watch.read(step({ name: `${from} local:12` }));
  assertEquals(single.told, [event({ kind: "local", place: "dir" })]);
});

Deno.test("a cache that can't be read is told and warned of once, masked", () => {
  const { watch, told, warnings } = watched({
    imports: [registry("a:1"), { type: "gha", attrs: {} }],
  });
  const name = "importing cache manifest from a:1";
  const error = "a:1: not found, says hidden";
  watch.read(step({ name, error, open: true }));
  watch.read(step({ name, error }));
  watch.read(step({ name: "importing cache manifest from gha:1" }));
  watch.read(
    step({ name: "importing cache manifest from gha:2", error: "no" }),
  );
  const masked = "a:1: not found, says ***";
  assertEquals(told, [
    event({ place: "a:1", state: "failed", error: masked }),
    event({ kind: "gha" }),
    event({ kind: "gha", state: "failed", error: "no" }),
  ]);
  assertEquals(warnings, [
    [
      "cache-import-failed",
      `the cache registry a:1 could not be read, and is not used: ${masked}`,
      "a:1",
    ],
    [
      "cache-import-failed",
      "the cache gha could not be read, and is not used: no",
      "gha",
    ],
  ]);
  watch.warnOfExports();
  assertEquals(warnings.length, 2);
  assertEquals(watch.failedIn(masked), undefined);
});

Deno.test("caches that are written are told apart by the digests of their steps, and else by their kind", async () => {
  const { watch, told, warnings } = watched({
    exports: [
      { type: "inline", attrs: {} },
      registry("a:1"),
      registry("a:2"),
      { type: "gha", attrs: {} },
      { type: "local", attrs: { dest: "out" } },
      { type: "s3", attrs: { bucket: "b" } },
      { type: "azblob", attrs: { container: "c" } },
    ],
  });
  await watch.expect("session");
  const digest = async (index: number) =>
    `sha256:${await sha256(
      new TextEncoder().encode(`session-cache-${index}`),
    )}`;
  const name = "exporting cache to registry";
  watch.read(
    step({
      name,
      digest: await digest(1),
      did: [`writing cache image manifest ${MANIFEST}`],
    }),
  );
  watch.read(
    step({
      name,
      digest: await digest(0),
      open: true,
      did: [`writing cache manifest ${MANIFEST}`],
    }),
  );
  watch.read(step({ name, digest: await digest(0), error: "died" }));
  watch.read(
    step({
      name: "exporting to image",
      open: true,
      does: ["preparing layers for inline cache"],
    }),
  );
  assertEquals(told.length, 2);
  watch.read(
    step({
      name: "exporting to image",
      open: true,
      did: ["preparing layers for inline cache"],
    }),
  );
  watch.read(step({ name: "exporting to image" }));
  watch.read(step({ name: "exporting to GitHub Actions Cache" }));
  watch.read(step({ name: "exporting cache to client directory" }));
  watch.read(step({ name: "exporting cache to Amazon S3" }));
  watch.read(step({ name: "exporting cache to Azure Blob Storage" }));
  watch.read(step({ name }));
  watch.read(step({ name: "toString" }));
  const exported = (fields: Partial<CacheEvent>) =>
    event({ action: "export", ...fields });
  assertEquals(told, [
    exported({ place: "a:2", digest: MANIFEST }),
    exported({ place: "a:1", state: "failed", error: "died" }),
    exported({ kind: "inline" }),
    exported({ kind: "gha" }),
    exported({ kind: "local", place: "out" }),
    exported({ kind: "s3", place: "b" }),
    exported({ kind: "azblob", place: "c" }),
    exported({ place: undefined }),
  ]);
  assertEquals(warnings, []);
  assertEquals(watch.failedIn("failed to solve: died"), {
    kind: "registry",
    place: "a:1",
  });
  assertEquals(watch.failedIn("another"), undefined);
  watch.warnOfExports();
  assertEquals(warnings, [[
    "cache-export-failed",
    "the cache registry a:1 could not be written: died",
    "a:1",
  ]]);
});

Deno.test("20.10's step that writes a cache is that of the cache in an image", () => {
  const { watch, told } = watched({ exports: [{ type: "inline", attrs: {} }] });
  watch.read(step({ name: "exporting cache" }));
  assertEquals(told, [event({ action: "export", kind: "inline" })]);
});

const FILES = { files: { Dockerfile: "FROM scratch\nCOPY a /\n", a: "1" } };

/** A build with a cache that it can't write. */
function failing(script: BuildKitScript, cacheto: string, quiet = false) {
  const { buildkit, docker } = scriptedBuildKit({
    containerdStore: true,
    log: async function* (ref) {
      await Promise.resolve();
      const { session } = buildkit.solved.find((one) => one.ref === ref)!;
      const id = new TextEncoder().encode(`${session}-cache-0`);
      yield step({
        name: "exporting cache to registry",
        digest: `sha256:${await sha256(id)}`,
        error: "the registry died with token-of-cache",
      });
    },
    ...script,
  });
  const build = docker.imageBuild(FILES, {
    outputs: { type: "moby" },
    cachefrom: { type: "gha", url: "u", token: "token-of-cache" },
    cacheto,
    quiet,
  });
  return { buildkit, docker, build };
}

Deno.test("a cache that can't be written fails the build with an error that names it, or is a warning, if that is asked for", async () => {
  for (const quiet of [false, true]) {
    const solve = () =>
      Promise.reject(refusal("the registry died with token-of-cache"));
    const failed = failing({ solve }, "a:1", quiet);
    const error = await assertRejects(() => failed.build.result(), BuildError);
    assertEquals(error.detail, "the registry died with ***");
    assertEquals(error.failedCache, { kind: "registry", place: "a:1" });
    assertStringIncludes(
      error.message,
      "the cache registry a:1 could not be written: ignoreError: true makes that a warning",
    );
    await failed.docker.close();

    const ignored = failing(
      {},
      "type=registry,ref=a:1,ignore-error=true",
      quiet,
    );
    const { caches, warnings } = await ignored.build.result();
    assertEquals(caches, [{
      action: "export",
      kind: "registry",
      place: "a:1",
      state: "failed",
      digest: undefined,
      error: "the registry died with ***",
    }]);
    assertEquals(warnings.map(({ code, short }) => [code, short]), [[
      "cache-export-failed",
      "the cache registry a:1 could not be written: the registry died with ***",
    ]]);
    const [request] = ignored.buildkit.solved;
    // The engine's history would keep the token.
    assertEquals(request!.internal, true);
    assertEquals(
      request!.cache!.exports.map((
        { type, attrs },
      ) => [type, Object.fromEntries(attrs)]),
      [
        ["registry", { ref: "a:1", "ignore-error": "true" }],
      ],
    );
    assertEquals(
      request!.cache!.imports.map((
        { type, attrs },
      ) => [type, Object.fromEntries(attrs)]),
      [
        ["gha", { url: "u", token: "token-of-cache" }],
      ],
    );
    assertMatch(
      request!.frontendAttrs.get("cache-imports")!,
      /^\[\{"Type":"gha","Attrs":\{"url":"u","token":"token-of-cache"\}\}\]$/,
    );
    await ignored.docker.close();
  }
});

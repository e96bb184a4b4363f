/** What BuildKit tells about an error besides its words. */
import { buildkitOf } from "../../lib/buildkit/engine_host.ts";
import { readDetails } from "../../lib/buildkit/error_details.ts";
import { openControl } from "../../lib/buildkit/control.ts";
import { SolveError } from "../../lib/buildkit/solve_error.ts";
import type { GrpcDetail } from "../../lib/grpc/status.ts";
import { rpcStatus } from "../../lib/proto/status.ts";
import { assertEquals, assertFalse, assertRejects } from "../support/assert.ts";
import { NEVER } from "./engine_builds.ts";
import { refuse, requestOf, ScriptedEngine } from "./scripted_engine.ts";

const NOTHING = { exitCode: undefined, vertex: undefined, sources: [] };
const DOCKERFILE = "FROM scratch\nRUN näh\n";

function detail(type: string, value: unknown): GrpcDetail {
  return {
    typeUrl: `github.com/moby/buildkit/${type}`,
    value: new TextEncoder().encode(
      typeof value === "string" ? value : JSON.stringify(value),
    ),
  };
}

function base64(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}

function source(ranges: unknown, info: Record<string, unknown> = {}) {
  return detail("errdefs.Source+json", {
    info: {
      filename: "Dockerfile",
      data: base64(DOCKERFILE),
      language: "Dockerfile",
      ...info,
    },
    ranges,
  });
}

const LINES = [{ start: { line: 2 }, end: { line: 2 } }];

Deno.test("the step, its exit code and its places are read", () => {
  assertEquals(
    readDetails([
      detail("errdefs.Frontend+json", { name: "dockerfile.v0" }),
      detail("errdefs.Vertex+json", { digest: "sha256:1" }),
      source([
        { start: { line: 2, character: 4 }, end: { line: 2, character: 9 } },
        { start: { line: 3 }, end: { line: 5 } },
        { start: { line: 7 } },
        { start: { line: 1 }, end: { line: "5" } },
      ]),
      source(LINES, { filename: "other/Dockerfile" }),
      detail("gatewayapi.ExitMessage+json", { Code: 7 }),
      detail("stack.Stack+json", { cmdline: ["dockerd"], frames: [] }),
    ]),
    {
      exitCode: 7,
      vertex: "sha256:1",
      sources: [
        {
          file: "Dockerfile",
          text: DOCKERFILE,
          ranges: [
            { start: 2, end: 2 },
            { start: 3, end: 5 },
            { start: 7, end: 7 },
            { start: 1, end: 1 },
          ],
        },
        {
          file: "other/Dockerfile",
          text: DOCKERFILE,
          ranges: [{ start: 2, end: 2 }],
        },
      ],
    },
  );
});

Deno.test("the first step and the first exit code count; types are told by their last part", () => {
  assertEquals(
    readDetails([
      { ...detail("", { digest: "a" }), typeUrl: "errdefs.Vertex+json" },
      {
        ...detail("", { Code: 0 }),
        typeUrl: "x/y/gatewayapi.ExitMessage+json",
      },
      detail("errdefs.Vertex+json", { digest: "b" }),
      detail("gatewayapi.ExitMessage+json", { Code: 9 }),
      detail("errdefs.Vertex", { digest: "c" }),
    ]),
    { exitCode: 0, vertex: "a", sources: [] },
  );
});

Deno.test("an error without details has none", () => {
  const { sources, vertex, exitCode } = new SolveError({
    code: 2,
    detail: "no",
  });
  assertEquals({ sources, vertex, exitCode }, NOTHING);
});

Deno.test("details that have another form are left out, and nothing else", () => {
  for (
    const wrong of [
      detail("errdefs.Vertex+json", "{"),
      detail("errdefs.Vertex+json", "null"),
      detail("errdefs.Vertex+json", '"text"'),
      detail("errdefs.Vertex+json", { digest: 5 }),
      detail("errdefs.Vertex+json", { digest: "" }),
      detail("gatewayapi.ExitMessage+json", {}),
      detail("gatewayapi.ExitMessage+json", { Code: "7" }),
      detail("gatewayapi.ExitMessage+json", { Code: 1.5 }),
      detail("errdefs.Source+json", "[]"),
      detail("errdefs.Source+json", { ranges: LINES }),
      detail("errdefs.Source+json", { info: null, ranges: LINES }),
      source(LINES, { data: "***" }),
      source(LINES, { data: undefined }),
      source(LINES, { filename: "" }),
      source(LINES, { filename: undefined }),
      source(undefined),
      source({}),
      source([]),
      source([null, 1, {}, { start: {} }, { end: { line: 1 } }]),
      source([{ start: { line: 0 }, end: { line: 1 } }]),
      source([{ start: { line: 3 }, end: { line: 2 } }]),
      source([{ start: { line: "2" }, end: { line: "2" } }]),
    ]
  ) {
    assertEquals(readDetails([wrong]), NOTHING);
    assertEquals(
      readDetails([wrong, detail("errdefs.Vertex+json", { digest: "d" })]),
      { ...NOTHING, vertex: "d" },
    );
  }
});

Deno.test("an error whose trailers have four megabytes comes whole, without stack and command line", async () => {
  const text = "# a line of no interest at all\n".repeat(72_000);
  const details = rpcStatus.encode({
    details: [
      source(LINES, { data: base64(text) }),
      detail("stack.Stack+json", {
        cmdline: ["/usr/bin/dockerd", "--secret-flag"],
      }),
    ],
  }).toBase64({ omitPadding: true });
  assertEquals(details.length > 3_900_000, true, `${details.length}`);
  const here = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  // The server ends a connection on which it gets frames while so much waits to
  // be sent: the requests are read before.
  await using scripted = new ScriptedEngine({
    async Solve(stream) {
      await requestOf(stream);
      await refuse(2, "failed", [["grpc-status-details-bin", details]])(stream);
    },
    async ListWorkers(stream) {
      await requestOf(stream);
      here.resolve();
      await go.promise;
      await refuse(2, "still there")(stream);
    },
  });
  await using control = await openControl(buildkitOf(scripted.engine), {
    signal: NEVER,
  });
  const other = control.workers({ signal: NEVER });
  await here.promise;
  const error = await assertRejects(
    () => control.solve({ ref: "r" }, { signal: NEVER }),
    SolveError,
  );
  assertEquals(error.sources, [{
    file: "Dockerfile",
    text,
    ranges: [{ start: 2, end: 2 }],
  }]);
  assertFalse(Deno.inspect(error, { depth: 9 }).includes("secret-flag"));
  assertFalse(Deno.inspect(error, { depth: 9 }).includes("dockerd"));
  // Another call on the same connection goes on.
  go.resolve();
  await assertRejects(() => other, SolveError, "still there");
});

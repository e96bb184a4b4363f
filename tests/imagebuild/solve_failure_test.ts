import { SolveError } from "../../lib/buildkit/solve_error.ts";
import { GrpcCode } from "../../lib/grpc/status.ts";
import { explainFailure } from "../../lib/imagebuild/failure.ts";
import { BuildRecord } from "../../lib/imagebuild/record.ts";
import { solveFailure } from "../../lib/imagebuild/ways/solve_failure.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import { SecretStore } from "../../lib/secrets/store.ts";
import { BuildError } from "../../mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { step } from "./scripted_buildkit.ts";

const TEXT = "FROM a\nRUN \\\n  make \\\n  it\nCOPY b c\n";

function failure(
  record: BuildRecord,
  init: Partial<ConstructorParameters<typeof SolveError>[0]> = {},
): BuildError {
  return solveFailure(
    new SolveError({ code: GrpcCode.UNKNOWN, detail: "it failed", ...init }),
    record,
  );
}

/** The lines that these ranges are reported as. */
function linesOf(...ranges: readonly (readonly [number, number])[]): unknown {
  const record = new BuildRecord(() => undefined, []);
  const { source } = failure(record, {
    sources: [{
      file: "Dockerfile",
      text: TEXT,
      ranges: ranges.map(([start, end]) => ({ start, end })),
    }],
  });
  return source && [source.startLine, source.endLine];
}

Deno.test("a failure has the words, the exit code and the step that BuildKit names", () => {
  const record = new BuildRecord(() => undefined, []);
  const error = failure(record, { exitCode: 7, vertex: "sha256:1" });
  assertEquals(error.detail, "it failed");
  assertEquals([error.exitCode, error.vertex], [7, "sha256:1"]);
  assertEquals([error.source, error.cause], [undefined, undefined]);
});

Deno.test("a place over several lines comes line by line, and is one", () => {
  assertEquals(linesOf([5, 5]), [5, 5]);
  assertEquals(linesOf([2, 2], [3, 3], [4, 4]), [2, 4]);
  assertEquals(linesOf([4, 4], [2, 2], [3, 3]), [2, 4]);
  assertEquals(linesOf([2, 4], [3, 3]), [2, 4]);
  // Another place is not the first one's.
  assertEquals(linesOf([2, 2], [4, 5]), [2, 2]);
  assertEquals(linesOf([5, 5], [2, 3]), [2, 3]);
  assertEquals(linesOf(), undefined);
});

Deno.test("the first source counts, and has the name that davit knows it by", () => {
  const record = new BuildRecord(() => undefined, []);
  const ranges = [{ start: 5, end: 5 }];
  const sources = [
    { file: "Dockerfile", text: TEXT, ranges },
    { file: "other", text: "FROM b\n", ranges: [{ start: 1, end: 1 }] },
  ];
  const place = () => {
    const { file, excerpt } = failure(record, { sources }).source!;
    return [file, excerpt.split("\n")[0], excerpt.includes(">>> COPY b c")];
  };
  assertEquals(place(), ["Dockerfile", "Dockerfile:5", true]);
  record.dockerfile = () => ({ name: "d/x.Dockerfile", text: TEXT });
  assertEquals(place(), ["d/x.Dockerfile", "d/x.Dockerfile:5", true]);
  record.dockerfile = () => ({ name: "d/x.Dockerfile", text: "FROM c\n" });
  assertEquals(place(), ["Dockerfile", "Dockerfile:5", true]);
});

Deno.test("words and excerpt are masked", async () => {
  const record = new BuildRecord(() => undefined, []);
  const secret = new Secret("hunter2222");
  await record.protect([["token", secret]]);
  const error = failure(record, {
    detail: "hunter2222 is wrong",
    sources: [{
      file: "Dockerfile",
      text: "FROM a\nRUN hunter2222\n",
      ranges: [{ start: 2, end: 2 }],
    }],
  });
  assertEquals(error.detail, "*** is wrong");
  assert(!Deno.inspect(error, { depth: 9 }).includes("hunter2222"));
});

Deno.test("the step that BuildKit names is the failed one, with its output", async () => {
  const record = new BuildRecord(() => undefined, []);
  const digest = (name: string) => `sha256:${name}`;
  // By the words alone it would be the other one.
  record.tellStatus(step("[1/2] RUN a", "one\n", {
    digest: digest("a"),
    error: "wrong",
  }));
  record.tellStatus(step("[2/2] RUN b", "two\n", {
    digest: digest("b"),
    error: "b did not complete successfully: exit code: 3",
  }));
  record.dockerfile = () => ({ name: "Dockerfile", text: "FROM x\nRUN a\n" });
  const explained = async (
    vertex: string | undefined,
    init: Parameters<typeof failure>[1] = {},
  ) => {
    const detail = "b did not complete successfully: exit code: 3";
    const error = explainFailure(failure(record, { detail, vertex, ...init }), {
      store: await SecretStore.open({}, new AbortController().signal),
      session: undefined,
      served: undefined,
      strict: false,
      unread: [],
      platforms: [],
      record,
    });
    assert(error instanceof BuildError);
    return error;
  };
  const named = await explained(digest("a"));
  assertEquals(
    [named.step, named.log, named.vertex, named.exitCode],
    ["[1/2] RUN a", ["one"], digest("a"), 3],
  );
  assertEquals(named.source?.startLine, 2);
  const unnamed = await explained(undefined);
  assertEquals(
    [unnamed.step, unnamed.vertex, unnamed.source],
    ["[2/2] RUN b", digest("b"), undefined],
  );
  // One that the log does not have is kept, with what the words say.
  const unknown = await explained(digest("c"), { exitCode: 9 });
  assertEquals(
    [unknown.step, unknown.vertex, unknown.exitCode],
    ["[2/2] RUN b", digest("c"), 9],
  );
  // BuildKit's place comes before davit's.
  const placed = await explained(digest("a"), {
    sources: [{ file: "x", text: TEXT, ranges: [{ start: 5, end: 5 }] }],
  });
  assertEquals([placed.source?.file, placed.source?.startLine], ["x", 5]);
});

import { unknownStages } from "../../lib/imagebuild/unknown_stages.ts";
import { isOwnSyntax } from "../../lib/progress/own_syntax.ts";
import { assertEquals } from "../support/assert.ts";

const DOCKERFILE = [
  "ARG AS=no",
  "FROM a AS One",
  "# FROM b AS comment",
  "RUN <<EOF",
  "FROM b AS text",
  "EOF",
  "RUN x AS ran",
  "from --platform=linux/arm64 b \\",
  "  as TWO",
  "FROM one",
].join("\n");

Deno.test("names of nocachefilter that no stage has are found, as BuildKit compares them", () => {
  const find = (
    noCacheStages: readonly string[],
    text: string | undefined = DOCKERFILE,
    buildArgs?: Record<string, string | null>,
  ) =>
    unknownStages(
      { noCacheStages, buildArgs },
      { name: "Dockerfile", text },
    );
  assertEquals(find([]), []);
  assertEquals(find(["one", "ONE", "two", "Two"]), []);
  const unknown = [
    "0",
    "stage-0",
    "2",
    "stage-2",
    "comment",
    "text",
    "no",
    "ran",
  ];
  assertEquals(find(["one", ...unknown]), unknown);
  assertEquals(find(["x"], "RUN true"), ["x"]);
  assertEquals(
    unknownStages({ noCacheStages: ["x"], buildArgs: undefined }, undefined),
    [],
  );
  // Another frontend may mean something else by it.
  for (const syntax of ["own/frontend", "docker/dockerfiles:1"]) {
    assertEquals(find(["x"], `# syntax=${syntax}\n${DOCKERFILE}`), []);
    assertEquals(find(["x"], DOCKERFILE, { BUILDKIT_SYNTAX: syntax }), []);
  }
  assertEquals(find(["x"], `# syntax=docker/dockerfile:1\n${DOCKERFILE}`), [
    "x",
  ]);
  assertEquals(
    find(["x"], "# syntax=own/frontend\nFROM a", {
      BUILDKIT_SYNTAX: "docker/dockerfile",
    }),
    ["x"],
  );
  assertEquals(find(["x"], DOCKERFILE, { BUILDKIT_SYNTAX: null }), ["x"]);
});

Deno.test("isOwnSyntax() knows docker's own frontend in each of its forms", () => {
  for (
    const syntax of [
      "docker/dockerfile",
      "docker/dockerfile:1.7-labs",
      "docker/dockerfile@sha256:0",
      "docker.io/docker/dockerfile:1",
      "docker/dockerfile-upstream:master",
      "docker.io/docker/dockerfile-upstream",
    ]
  ) assertEquals(isOwnSyntax(syntax), true, syntax);
  for (
    const syntax of [
      "",
      "dockerfile",
      "docker/dockerfiles",
      "me/docker/dockerfile",
      "example.org/docker/dockerfile:1",
      "docker/dockerfile-other:1",
    ]
  ) assertEquals(isOwnSyntax(syntax), false, syntax);
});

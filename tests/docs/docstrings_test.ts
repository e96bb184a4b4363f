import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { docstrings, readExamples } from "./docstrings.ts";

const IMPORT = 'import { DockerClient } from "@davit/build";';

const file = (...lines: string[]) =>
  readExamples(
    "lib/a.ts",
    ["/**", ...lines.map((line) => ` * ${line}`), " */"].join("\n"),
  );

Deno.test("readExamples() finds the programs in the comments of a file", () => {
  assertEquals(
    file(
      "Words.",
      "```sh",
      "no program of ours",
      "```",
      "@example",
      "```ts",
      IMPORT,
      "",
      "await a(); /* b *\\/",
      "```",
      "```ts",
      IMPORT,
      "await serveGateway();",
      "```",
    ),
    [
      {
        where: "lib/a.ts:7",
        language: "ts",
        text: `${IMPORT}\n\nawait a(); /* b */\n`,
        fate: { kind: "run" },
      },
      {
        where: "lib/a.ts:12",
        language: "ts",
        text: `${IMPORT}\nawait serveGateway();\n`,
        fate: {
          kind: "skip",
          why: "it goes on for ever; its page is run",
        },
      },
    ],
  );
});

Deno.test("readExamples() refuses what nobody can copy, and what is not checked", () => {
  for (const words of ["docker.imageBuild();", 'import "@std/path";']) {
    assertThrows(
      () => file("```ts", words, "```"),
      SyntaxError,
      "lib/a.ts:2: an example is a whole program",
    );
  }
  assertThrows(() => file("```ts ignore", IMPORT, "```"), SyntaxError);
});

Deno.test("the names that a stranger meets first have examples, and most examples are run", async () => {
  const examples = await docstrings();
  const files = examples.map(({ where }) => where.replace(/:\d+$/, ""));
  for (
    const path of [
      "mod.ts", // the module itself
      "lib/types.ts",
      "lib/timings/mod.ts",
      "lib/client/docker_client.ts", // DockerClient
      "lib/client/build_client.ts", // imageBuild() and its siblings
      "lib/imagebuild/image_build.ts", // ImageBuild
      "lib/imagebuild/options.ts", // ImageBuildOptions
      "lib/imagebuild/message.ts", // BuildMessage
      "lib/progress/event.ts", // BuildEvent
      "lib/errors.ts", // BuildError
      "lib/display/display_build.ts",
      "lib/builder/builder.ts",
      "lib/verify/leak_error.ts",
    ]
  ) assert(files.includes(path), `no example in ${path}`);
  const skipped = examples.filter(({ fate }) => fate.kind === "skip");
  assert(skipped.length * 5 <= examples.length, `${skipped.length} not run`);
});

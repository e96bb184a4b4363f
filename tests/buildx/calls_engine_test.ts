// What the command prints of a Dockerfile beside what buildx prints of it, byte
// for byte.

import { runProgram } from "../cli/command.ts";
import { davitHere } from "../cli/in_process.ts";
import { assert, assertEquals } from "../support/assert.ts";
import type { EngineDescription } from "../engines/environment.ts";
import { engineTest, isRecent } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

/** Dockerfiles in a folder `app`. One of each mount: engines sort no more. */
const FILES = {
  "app/Dockerfile": [
    "FROM davit-test/base AS base",
    "# COLOUR is what it shows",
    "ARG COLOUR=red",
    "ARG NONE",
    "FROM base AS made",
    "ENV a b",
    "RUN --mount=type=secret,id=token,required \\",
    "  # a comment between",
    "  true",
    "run --mount=type=ssh true",
    'CMD echo "$COLOUR"',
    "",
  ].join("\n"),
  "app/clean": "FROM davit-test/base\nRUN true\n",
  "app/sub/wrong": "FROM davit-test/base\nrun true\nRUNN true\n",
  "app/strict": "# check=error=true\nFROM davit-test/base\nENV a b\nENV c d\n",
  "app/one-line": "FROM davit-test/base\nENV a b",
};

/** What is asked, in the folder above `app`; and whether the errors are alike. */
const CASES: readonly (readonly string[])[] = [
  ["--check", "app"],
  ["--check", "-f", "app/clean", "app"],
  ["--check", "-f", "app/sub/wrong", "app"],
  ["--check", "-f", "app/strict", "app"],
  ["--check", "--quiet", "-f", "app/one-line", "app"],
  ["--call=check,ignorestatus=true", "app"],
  ["--call=lint", "-f", "./app/sub/../strict", "./app/"],
  ["--call=check", "--check=false", "--target=base", "app"],
  ["--call=outline", "--build-arg", "COLOUR=blue", "app"],
  ["--call=outline,format=json", "--target=base", "app"],
  ["--call=targets", "--check", "app"],
  ["--call=targets,format=json", "-q", "app"],
  ["--call=targets,format=other", "app"],
  ["--call=subrequests.describe", "app"],
  ["--call=subrequests.describe,format=json", "app"],
];

/** One engine with buildx is enough: the frontend is the same. */
const withBuildx = (engine: EngineDescription) =>
  isRecent(engine) && engine.cli !== undefined && !engine.containerdStore;

engineTest(
  "--check and --call print what buildx prints, and exit as it does",
  async ({ host, cli, cliEnv }) => {
    await withTempFolder(async (cwd) => {
      await writeTree(cwd, FILES);
      const env = { ...cliEnv, DOCKER_HOST: host };
      for (const words of CASES) {
        const [ours, theirs] = await Promise.all([
          davitHere(["build", ...words], { cwd, env }),
          runProgram([cli!, "buildx", "build", ...words], { cwd, env }),
        ]);
        const what = words.join(" ");
        assertEquals(
          new TextDecoder().decode(ours.stdout),
          new TextDecoder().decode(theirs.stdout),
          what,
        );
        assertEquals(ours.code, theirs.code, what);
        if (theirs.code === 0) continue;
        assertEquals(errorOf(ours.stderr), errorOf(theirs.stderr), what);
      }
    });
  },
  withBuildx,
);

/** The error at the end of what is written beside the steps. */
function errorOf(stderr: string): string {
  const at = stderr.search(/^ERROR: /m);
  return at < 0 ? "" : stderr.slice(at);
}

engineTest(
  "as JSON, a check says the same as buildx's but for the way by which the file came",
  async ({ host, cli, cliEnv }) => {
    await withTempFolder(async (cwd) => {
      await writeTree(cwd, FILES);
      const env = { ...cliEnv, DOCKER_HOST: host };
      const words = ["--call=check,format=json", "-f", "app/strict", "app"];
      const [ours, theirs] = await Promise.all([
        davitHere(["build", ...words], { cwd, env }),
        runProgram([cli!, "buildx", "build", ...words], { cwd, env }),
      ]);
      const read = (stdout: Uint8Array) => {
        const { sources, ...rest } = JSON.parse(
          new TextDecoder().decode(stdout),
        );
        for (const source of sources) delete source.definition;
        return { ...rest, sources };
      };
      assertEquals(read(ours.stdout), read(theirs.stdout));
      assertEquals(ours.code, theirs.code);
      assertEquals(errorOf(ours.stderr), errorOf(theirs.stderr));
    });
  },
  withBuildx,
);

engineTest(
  "a question that the engine does not know is an error of one line, as is one by an engine's API",
  async ({ host, generation }) => {
    await withTempFolder(async (cwd) => {
      await writeTree(cwd, FILES);
      const run = (...words: string[]) =>
        davitHere(["-H", host, "build", ...words], { cwd });
      const old = await run("--check", "-f", "app/clean", "app");
      if (!isRecent({ generation } as never)) {
        assertEquals(old.code, 1);
        assert(
          /^ERROR: Cannot check the Dockerfile: [^\n]+\n$/m.test(old.stderr),
        );
      } else assertEquals(old.code, 0);
      const other = await run("--call=outline", "--api=engine", "app");
      assertEquals([other.code, other.stdout.length], [1, 0]);
      assert(
        other.stderr.includes("Cannot outline the Dockerfile"),
        other.stderr,
      );
    });
  },
);

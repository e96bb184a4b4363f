import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../support/assert.ts";
import {
  type EngineContext,
  engineTest,
  isRecent,
} from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { tarBytes } from "../support/tar.ts";
import { imageListing, tarEntries } from "../context/image_listing.ts";
import { startRegistry } from "../support/registry.ts";
import { BUILD_FLAGS } from "../../lib/cli/build_flags.ts";
import { type Case, CASES } from "./dockerfiles.ts";
import { FLAG_CASES } from "./flag_cases.ts";
import { INPUT_CASES } from "./input_cases.ts";
import { type CommandRun, DAVIT, runDavit, runProgram } from "./command.ts";

const ENV = { DAVIT_TEST_ARG: "of the environment" };

/** What a build came to, but for times. */
interface Outcome {
  readonly code: number;
  readonly image?: unknown;
  readonly output?: unknown;
}

/** Builds a case with one of the two commands, in a folder of its own. */
async function outcome(
  { docker, host }: EngineContext,
  test: Case,
  command: readonly string[],
  env: Record<string, string>,
): Promise<Outcome & { run: CommandRun }> {
  const tag = `davit-cli-${crypto.randomUUID()}`;
  let result: Outcome & { run: CommandRun } | undefined;
  await withTempFolder(async (folder) => {
    const cwd = `${folder}/context`;
    await Deno.mkdir(cwd);
    await writeTree(cwd, test.files);
    if (test.name === "ADD of a local tar") {
      await Deno.writeFile(`${cwd}/a.tar`, await tarBytes({ "in/a": "a" }));
    }
    const isExport = test.output !== undefined || test.pipes === true;
    const run = await runProgram(
      [
        ...command,
        "build",
        "--no-cache",
        "--network=none",
        ...(isExport ? [] : ["-t", tag]),
        ...test.args ?? [],
        test.path ?? ".",
      ],
      {
        cwd,
        env: { DOCKER_HOST: host, ...ENV, ...env },
        ...(test.stdin === undefined ? {} : { stdin: bytesOf(test.stdin) }),
      },
    );
    const { code } = run;
    if (code !== 0) {
      result = { code, run };
    } else if (test.pipes) {
      result = { code, output: tarListing(run.stdout), run };
    } else if (test.output !== undefined) {
      result = { code, output: await listing(`${folder}/${test.output}`), run };
    } else {
      const { Config, Id } = await docker.imageInspect(tag);
      if (test.args?.includes("--iidfile")) {
        assertEquals(await Deno.readTextFile(`${folder}/id`), Id);
      }
      const image = [
        Object.entries(Config ?? {}).filter(([, value]) =>
          // Engines differ in how they write nothing.
          value !== null && value !== "" && value !== false
        ).sort(),
        [...await imageListing(docker, tag)].map(withoutTime),
      ];
      result = { code, image, run };
      await docker.imageRemove(tag, { force: true });
    }
  });
  return result!;
}

function bytesOf(given: string | Uint8Array): Uint8Array {
  return typeof given === "string" ? new TextEncoder().encode(given) : given;
}

/** Steps write files at another time. */
function withoutTime([path, entry]: [string, string]): string {
  const fields = entry.split(" ");
  fields[5] = "-";
  return `${path} ${fields.join(" ")}`;
}

function tarListing(tar: Uint8Array<ArrayBuffer>): string[] {
  return [...tarEntries(tar)].map(({ path, fields, content }) =>
    withoutTime([path, `${fields} ${new TextDecoder().decode(content)}`])
  );
}

async function listing(path: string, under = ""): Promise<string[]> {
  const info = await Deno.stat(path);
  if (info.isFile) {
    const bytes = await Deno.readFile(path);
    return path.endsWith(".tar")
      ? tarListing(bytes)
      : [`${under} ${info.mode} ${new TextDecoder().decode(bytes)}`];
  }
  const found: string[] = [];
  for await (const { name } of Deno.readDir(path)) {
    found.push(...await listing(`${path}/${name}`, `${under}/${name}`));
  }
  return found.sort();
}

const ALL_CASES = [...CASES, ...INPUT_CASES, ...FLAG_CASES];

engineTest(
  `davit build does what docker build does: ${ALL_CASES.length} Dockerfiles and commands`,
  async (context) => {
    for (const test of ALL_CASES) {
      if (test.recent && !isRecent(context)) continue;
      const docker = await outcome(context, test, [context.cli!], {
        ...context.cliEnv,
        DOCKER_BUILDKIT: "1",
      });
      const davit = await outcome(context, test, DAVIT, {});
      const { run: byDocker, ...expected } = docker;
      const { run: byDavit, ...actual } = davit;
      const what = `${test.name}\n${byDocker.stderr}\n---\n${byDavit.stderr}`;
      assertEquals(actual, expected, what);
      assert(!byDavit.stderr.includes("secret of a file"), what);
      // A failure ends with a sentence, and docker's has its words, too.
      if (actual.code !== 0) assertMatch(byDavit.stderr, /^ERROR: ./m, what);
    }
  },
  ({ cli }) => cli !== undefined,
);

engineTest(
  "every flag of buildx is known, with a value or without",
  async ({ cli, cliEnv }) => {
    const { stdout } = await runProgram([cli!, "buildx", "build", "--help"], {
      env: cliEnv,
    });
    const help = new TextDecoder().decode(stdout);
    const theirs = [
      ...help.matchAll(
        /^ +(?:-(\w), )?--([a-z-]+)(?: ([a-zA-Z]+))?(?: {2,}|$)/gm,
      ),
    ];
    assert(theirs.length > 30, help);
    for (const [line, short, name, value] of theirs) {
      const ours = BUILD_FLAGS.find((flag) => flag.name === name);
      assert(ours !== undefined, line);
      assertEquals(ours.short, short, line);
      assertEquals(ours.value === undefined, value === undefined, line);
      if (/^stringArray$/.test(value ?? "")) {
        assertEquals(ours.many, true, line);
      }
    }
  },
  (engine) => engine.cli !== undefined && isRecent(engine),
);

engineTest(
  "the id alone, the result's files, and a failure in quiet",
  async ({ host }) => {
    await withTempFolder(async (cwd) => {
      await writeTree(cwd, {
        Dockerfile: "FROM davit-test/base\nRUN echo boom && exit ${CODE:-0}\n"
          .replace("RUN", "ARG CODE\nRUN"),
      });
      const env = { DOCKER_HOST: host };
      const words = ["build", "--network=none", "-t", "davit-cli-quiet"];
      const { code, stdout, stderr } = await runDavit([
        ...words,
        "-q",
        ".",
      ], { cwd, env });
      assertEquals([code, stderr], [0, ""]);
      const id = new TextDecoder().decode(stdout);
      assertMatch(id, /^sha256:[0-9a-f]{64}\n$/);

      const failed = await runDavit(
        [...words, "-q", "--build-arg", "CODE=3", "."],
        { cwd, env },
      );
      assertEquals([failed.code, failed.stdout.length], [1, 0]);
      for (const part of ["boom", ">>> RUN echo boom", "ERROR: ", "code: 3"]) {
        assertStringIncludes(failed.stderr, part);
      }
      const plain = await runDavit(
        [...words, "--build-arg", "CODE=3", "."],
        { cwd, env },
      );
      assertEquals([plain.code, plain.stdout.length], [1, 0]);
      // One screen, and nothing twice.
      assertEquals(plain.stderr.match(/^ERROR: /gm)?.length, 1);
      const debug = await runDavit(
        [...words, "-D", "--progress=none", "--build-arg", "CODE=3", "."],
        { cwd, env },
      );
      assertStringIncludes(debug.stderr, "a BuildError");
      const raw = await runDavit(
        [...words, "--progress=rawjson", "."],
        { cwd, env },
      );
      for (const line of raw.stderr.trim().split("\n")) JSON.parse(line);
    });
  },
);

engineTest(
  "-D tells the causes of a failed build, and no secret",
  async ({ host }) => {
    await withTempFolder(async (cwd) => {
      const secret = `hunter2-${crypto.randomUUID()}`;
      await writeTree(cwd, {
        Dockerfile:
          "FROM davit-test/base\nRUN --mount=type=secret,id=t cat /run/secrets/t && exit 3\n",
      });
      for (const progress of ["plain", "none", "rawjson"]) {
        const { code, stdout, stderr } = await runDavit([
          ...["-D", "build", "--network=none", `--progress=${progress}`],
          ...["--no-cache", "--secret", "id=t,env=DAVIT_TEST_SECRET", "."],
        ], { cwd, env: { DOCKER_HOST: host, DAVIT_TEST_SECRET: secret } });
        assertEquals([code, stdout.length], [1, 0]);
        assertMatch(stderr, /^a BuildError$/m);
        assertEquals(stderr.includes(secret), false, stderr);
        assertEquals(stderr.includes(btoa(secret)), false, stderr);
      }
    });
  },
);

engineTest(
  "a secret of standard input, --push, push and prune",
  async (engine) => {
    const { host, docker } = engine;
    await using registry = await startRegistry();
    await withTempFolder(async (cwd) => {
      const mark = crypto.randomUUID();
      await writeTree(cwd, {
        Dockerfile:
          `FROM davit-test/base\nRUN --mount=type=secret,id=t,required=true : ${mark}; wc -c < /run/secrets/t > /n\n`,
      });
      const env = { DOCKER_HOST: host, DOCKER_CONFIG: cwd };
      const name = `${registry.host}/cli:1`;
      const built = await runDavit(
        ...[[
          "build",
          "--network=none",
          "--no-cache",
          "--secret=id=t,src=-",
          "-t",
          name,
          "--push",
          ".",
        ]] as const,
        { cwd, env, stdin: new TextEncoder().encode("of standard input") },
      );
      assertEquals(built.code, 0, built.stderr);
      assertStringIncludes(built.stderr, `${name}: pushed sha256:`);
      await docker.imageRemove(name, { force: true });
      await docker.imagePull(name).wait();
      const pushed = await runDavit(["push", "-q", name], { cwd, env });
      assertEquals(pushed.code, 0, pushed.stderr);
      assertMatch(
        new TextDecoder().decode(pushed.stdout),
        /^sha256:[0-9a-f]{64}\n$/,
      );
      await docker.imageRemove(name, { force: true });
      // All would be that of many other tests, which takes long.
      const pruned = await runDavit(
        ["prune", "-af", "--filter", `description~=${mark}`],
        { cwd, env },
      );
      assertEquals(pruned.code, 0, pruned.stderr);
      assertMatch(
        new TextDecoder().decode(pruned.stdout),
        // 20.10 finds none by a part of its description.
        isRecent(engine)
          ? /^ID\t.*\n\w+.*\nTotal:\t[\d.]+\w*B\n$/
          : /^Total:\t0B\n$/,
      );
    });
  },
);

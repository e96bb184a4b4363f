/** The commands about what an engine remembers, beside docker's own. */
import { readBundle } from "../history/read_bundle.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../support/assert.ts";
import {
  containerdTest,
  type EngineContext,
  engineTest,
  isRecent,
} from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { type CommandRun, runProgram } from "./command.ts";
import { davitHere } from "./in_process.ts";

/** The commands, both in the same folder and with the same configuration. */
interface Both {
  readonly folder: string;
  docker(...words: readonly string[]): Promise<CommandRun>;
  davit(...words: readonly string[]): Promise<CommandRun>;
}

async function withBoth(
  { host, cli, cliEnv }: EngineContext,
  work: (both: Both) => Promise<void>,
): Promise<void> {
  await withTempFolder(async (cwd) => {
    const env = {
      ...cliEnv,
      DOCKER_HOST: host,
      BUILDX_CONFIG: `${cwd}/buildx`,
      TZ: "UTC",
    };
    const folder = `${cwd}/app`;
    await Deno.mkdir(folder);
    await work({
      folder,
      docker: (...words) =>
        runProgram([cli!, "buildx", ...words], { cwd: folder, env }),
      davit: (...words) => davitHere(words, { cwd: folder, env }),
    });
  });
}

const decoder = new TextDecoder();

/** What is another one with each call, and the command's own name. */
function normal(text: string): string {
  return text
    // davit keeps what a step is on one line, and buildx has those of its text.
    .replace(
      /^Description:(?:.*\n)+?(?=Usage count:)/gm,
      (lines) => `${lines.replace(/\n+$/, "").replaceAll("\n", " ")}\n`,
    )
    .replace(
      /(?:Less than a|\d+|About an?) (?:second|minute|hour)s? ago/g,
      "AGO",
    )
    .replace(/ +$/gm, "")
    .replace(/ {2,}/g, "  ")
    .replace("docker buildx history", "davit history")
    // davit keeps no stacks of the engine's programmers.
    .replace("Enable --debug to see stack traces for error\n", "")
    .replace(/,\n +"Stack": ".*"/, "")
    // buildx can't read the empty lists of a build by POST /build.
    .replace(/,\n +"Errors": \[\n +"failed to parse : \(EOF\)"\n +\]/, "")
    // buildx inspects a build without the name that it lists it by, if that is
    // the Dockerfile's.
    .replace(/^Name:\t+Failing\n|^ +"Name": "Failing",\n/m, "")
    // Of a running build.
    .replace(/\d\.\ds\+/g, "TIME");
}

/** How often both are asked: a build of another test may end between them. */
const TRIES = 5;

async function compare(
  { docker, davit }: Both,
  words: readonly string[],
): Promise<string> {
  let theirs = await docker(...words);
  let ours = await davit(...words);
  for (let tries = 1; tries < TRIES && !areSame(ours, theirs); tries++) {
    theirs = await docker(...words);
    ours = await davit(...words);
  }
  const what = words.join(" ");
  assertEquals([ours.code, theirs.code], [0, 0], `${what}: ${ours.stderr}`);
  const text = normal(decoder.decode(ours.stdout));
  assertEquals(text, normal(decoder.decode(theirs.stdout)), what);
  assertEquals(normal(ours.stderr), normal(theirs.stderr), what);
  return text;
}

function areSame(ours: CommandRun, theirs: CommandRun): boolean {
  return normal(decoder.decode(ours.stdout)) ===
    normal(decoder.decode(theirs.stdout));
}

async function compareHistory(engine: EngineContext): Promise<void> {
  await withBoth(engine, async (both) => {
    const { folder, docker, davit } = both;
    const salt = crypto.randomUUID();
    await writeTree(folder, {
      Dockerfile:
        `FROM davit-test/base AS one\nARG V\nENV S=${salt}\nRUN --network=none echo "<${"$"}V>" && echo two >&2\nFROM one\nCOPY Dockerfile /\n`,
      Failing:
        `FROM davit-test/base\nENV S=${salt}\nRUN --network=none echo before && \\\n  exit 7\n`,
    });
    const name = `davit-history-${salt}:1`;
    const built = await docker(
      ...["build", "--build-arg", "V=a b", "--label", "l=<1>"],
      ...["--target", "one", "--add-host", "h:1.2.3.4", "-t", name],
      ...["--build-context", "other=.", "--metadata-file", "m.json", "."],
    );
    assertEquals(built.code, 0, built.stderr);
    assertEquals((await docker("build", "-f", "Failing", ".")).code, 1);
    // And one of davit's, with a name that is none of buildx's.
    const own = await davit("build", "-f", "Failing", "--label", "o=1", ".");
    assertEquals(own.code, 1);
    const listed = JSON.parse(
      `[${
        decoder.decode((await davit("history", "ls", "--format=json")).stdout)
          .trim().replaceAll("\n", ",")
      }]`,
    ).filter(({ ref }: { ref: string }) => ref.startsWith("default/default/"));
    const refs: string[] = listed.slice(0, 3).map((
      { ref }: { ref: string },
    ) => ref.split("/")[2]);
    const [mine, failed, good] = refs as [string, string, string];
    const { "buildx.build.ref": full } = JSON.parse(
      await Deno.readTextFile(`${folder}/m.json`),
    );
    assertEquals(full, `default/default/${good}`);
    assertMatch(failed, /^[0-9a-z]{25}$/);
    assertMatch(mine, /^[0-9a-z]{25,32}$/);

    const table = await compare(both, ["history", "ls"]);
    assertMatch(
      table,
      /^BUILD ID {2}NAME {2}STATUS {2}CREATED AT {2}DURATION$/m,
    );
    assertStringIncludes(table, `${good}  app (one)  Completed  AGO`);
    assertStringIncludes(table, `${failed}  app/Failing  Error  AGO`);
    // How lists are printed does not depend on the store.
    const forms = engine.containerdStore ? [] : [
      ["--format=json"],
      ["--no-trunc"],
      ["--format", String.raw`table {{.Name}}\t{{.Ref}}`],
      ["--format", "{{.FullRef}} {{.Status}} {{json .Name}} {{.Link}}"],
      ["--filter", "status=error"],
      ["--filter", `ref=${good}`],
      ["--filter", "startedAt>1h", "--filter", "duration<1h"],
      ["--filter", "status!=error", "--filter", "status=running"],
    ];
    for (const words of forms) await compare(both, ["history", "ls", ...words]);
    for (const ref of refs) {
      const text = await compare(both, ["history", "inspect", ref]);
      if (ref === good) assertMatch(text, /^V\t+a b$/m);
      else assertStringIncludes(text, ">>>  exit 7");
      await compare(both, ["history", "inspect", "--format=json", ref]);
      await compare(both, ["history", "logs", ref]);
    }
    await compare(both, [
      ...["history", "inspect", "--format"],
      ...["{{.Name}} {{.Config.ImageResolveMode}} {{.NumTotalSteps}}", good],
    ]);
    await compare(both, [
      ...["history", "inspect", "attachment", "--type=provenance", good],
    ]);
    const raw = await davit("history", "logs", "--progress=rawjson", good);
    assertStringIncludes(raw.stderr, '"vertexes"');

    // What both write for Docker Desktop is the same, but for BuildKit's trace,
    // which each writes anew.
    for (const words of [[good], [good, failed]]) {
      const bundles = [];
      for (
        const [command, file] of [[docker, "docker"], [davit, "davit"]] as const
      ) {
        const run = await command(
          ...["history", "export", "--finalize", "-o", file, ...words],
        );
        assertEquals(run.code, 0, run.stderr);
        bundles.push(
          await readBundle(await Deno.readFile(`${folder}/${file}`)),
        );
      }
      const [theirs, ours] = bundles;
      assertEquals(ours, theirs);
      assert(ours!.builds.every(({ spans }) => spans.length > 10));
    }
    // What runs stands first, and its time goes on.
    {
      const stop = new AbortController();
      const running = engine.docker.imageBuild({
        files: {
          Dockerfile:
            `FROM davit-test/base AS last\nENV S=${salt}\nRUN --network=none echo runs && sleep 60\n`,
        },
      }, { api: "buildkit", target: "last", signal: stop.signal });
      const over = running.wait().catch(() => {});
      for await (const event of running.events()) {
        if (event.type === "log" && event.text.includes("runs")) break;
      }
      const text = await compare(both, ["history", "ls"]);
      assertMatch(
        text.split("\n")[1]!,
        /^\w+ {2}last {2}Running {2}AGO {2}TIME$/,
      );
      stop.abort();
      await over;
    }

    const onTerminal = (...words: string[]) =>
      davitHere(words, {
        cwd: folder,
        env: { DOCKER_HOST: engine.host },
        terminals: ["stdout"],
      });
    assertStringIncludes(
      decoder.decode((await onTerminal("history", "ls")).stdout),
      `\x1b]8;;docker-desktop://dashboard/build/default/default/${good}\x1b\\Open\x1b]8;;\x1b\\`,
    );
    const refused = await onTerminal("history", "export", good);
    assertEquals([refused.code, refused.stderr], [
      1,
      "ERROR: refusing to write to console, use --output to specify a file\n",
    ]);
    const piped = await davit("history", "export", good);
    assertEquals(piped.code, 0, piped.stderr);
    assertEquals((await readBundle(piped.stdout)).builds.length, 1);

    // Only what docker's command has not looked at by its id is removed: an
    // engine of 28 would end itself with the next listing.
    await Deno.writeTextFile(
      `${folder}/evil.Dockerfile`,
      "FROM davit-test/base\nRUN --network=none : '\x1b]0;title\x07evil'\n",
    );
    const gone = await davit(
      ...["build", "--api=buildkit", "-f", "evil.Dockerfile"],
      ...["--build-arg", "BUILDKIT_BUILD_NAME=e\x1b[2Jvil", "."],
    );
    assertEquals(gone.code, 0, gone.stderr);
    // A terminal obeys nothing that a build says of itself.
    for (
      const words of [
        ["history", "ls"],
        ["history", "inspect"],
        ["du", "--verbose"],
        ["du", "--format", "table {{.Description}}"],
      ]
    ) {
      const shown = decoder.decode((await davit(...words)).stdout);
      assertStringIncludes(shown, "evil");
      assert(!shown.includes("\x1b"), JSON.stringify(shown));
    }
    assertEquals(
      (await davit("prune", "-af", "--filter", "description~=evil")).code,
      0,
    );
    const [newest] = decoder.decode(
      (await davit("history", "ls", "--format", "{{.Ref}}")).stdout,
    ).split("\n");
    const removed = await davit("history", "rm", newest!);
    assertEquals([removed.code, removed.stdout.length, removed.stderr], [
      0,
      0,
      "",
    ]);
    const none = await davit("history", "logs", newest!);
    assertEquals([none.code, none.stderr], [
      1,
      `ERROR: no record found for ref "${newest}"\n`,
    ]);
    await compare(both, ["history", "ls"]);
    await engine.docker.imageRemove(name, { force: true });
  });
}

engineTest(
  "davit history says what docker buildx history says",
  compareHistory,
  isRecent,
);
containerdTest(
  "davit history says what docker buildx history says",
  compareHistory,
);

engineTest(
  "davit du and davit prune say what docker buildx du and prune say",
  async (engine) => {
    await withBoth(engine, async (both) => {
      const { folder, docker, davit } = both;
      // Two like records of the cache, one for each command to delete.
      const salts = [crypto.randomUUID(), crypto.randomUUID()];
      for (const salt of salts) {
        await writeTree(folder, {
          Dockerfile:
            `FROM davit-test/base\nRUN --network=none <<END\necho ${salt}\n  head -c 1500000 /dev/zero > /z\n\nEND\n`,
        });
        assertEquals((await docker("build", ".")).code, 0);
      }
      const [first, second] = salts as [string, string];
      const table = await compare(both, ["du"]);
      assertMatch(table, /^ID {2}RECLAIMABLE {2}SIZE {2}LAST ACCESSED$/m);
      assertMatch(table, /\nTotal:\t+\d/);
      for (
        const words of [
          ["--verbose"],
          ["--format=json"],
          ["--format=pretty", "--filter", `description~=${first}`],
          ["--filter", "type=regular"],
          ["--filter", "type=nothing"],
          ["--format", String.raw`table {{.ID}}\t{{.Type}}\t{{.Parents}}`],
          ["--format", "{{.ID}} {{.Shared}} {{.UsageCount}}"],
        ]
      ) await compare(both, ["du", ...words]);
      for (const verbose of [[], ["--verbose"]]) {
        // Both print what they delete; ids, and what they are, differ.
        const words = (salt: string) => [
          ...["prune", "-af", ...verbose],
          ...["--filter", `description~=${salt}`],
        ];
        const told = (run: CommandRun) => {
          assertEquals([run.code, run.stderr], [0, ""]);
          return normal(decoder.decode(run.stdout))
            .replaceAll(/\b[0-9a-z]{25}\b/g, "ID")
            .replaceAll(/\d{4}-\d\d-\d\d \S+/g, "TIME");
        };
        const theirs = told(await docker(...words(first)));
        const ours = told(await davit(...words(second)));
        assertEquals(ours, theirs);
        if (verbose.length === 0) assertStringIncludes(ours, "1.5");
        else assertEquals(ours, "Total:\t0B\n");
      }
      // Nothing goes without a yes.
      for (const stdin of ["", "n\n", "yes\n"]) {
        const run = await davitHere(["prune", "-a", "-H", engine.host], {
          cwd: folder,
          stdin: new TextEncoder().encode(stdin),
        });
        assertEquals([run.code, decoder.decode(run.stdout)], [
          0,
          "WARNING! This will remove all build cache. Are you sure you want to continue? [y/N] ",
        ]);
      }
      const run = await davitHere(
        ["prune", "-H", engine.host, "--filter=id=^nothing$"],
        { cwd: folder, stdin: new TextEncoder().encode("Y\r\n") },
      );
      assertEquals([run.code, decoder.decode(run.stdout)], [
        0,
        "WARNING! This will remove all dangling build cache. Are you sure you want to continue? [y/N] Total:\t0B\n",
      ]);
    });
  },
  isRecent,
);

/** Timings of builds that an engine runs now, and of those that it remembers. */
import { DockerClient } from "../../mod.ts";
import { buildTimings } from "../../lib/timings/build_timings.ts";
import { timingsSvg } from "../../lib/timings/svg.ts";
import { readSaved } from "../../lib/timings/saved.ts";
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import {
  type EngineContext,
  engineTest,
  isRecent,
} from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { runProgram } from "../cli/command.ts";
import { davitHere } from "../cli/in_process.ts";

const decoder = new TextDecoder();

/** A build that takes half a second in one of its steps. */
function files(salt: string): Record<string, string> {
  return {
    Dockerfile: `FROM davit-test/base AS one
ENV S=${salt}
RUN sleep 0.5
FROM one
COPY hello.txt /
RUN cat /hello.txt
`,
    "hello.txt": "hello",
    Failing: `FROM davit-test/base\nENV S=${salt}\nRUN exit 7\n`,
  };
}

/** Where an engine keeps its images makes no difference here. */
const isOrdinary = (
  { containerdStore }: { readonly containerdStore: boolean },
) => !containerdStore;

engineTest(
  "a build's page has its steps, its lines, and where the time went",
  async ({ host, cliEnv }) => {
    await withTempFolder(async (cwd) => {
      await writeTree(`${cwd}/app`, files(crypto.randomUUID()));
      const build = async (
        file: string,
        words: string[] = [],
        expected = 0,
      ) => {
        const { code, stderr } = await davitHere([
          ...[
            "build",
            "-H",
            host,
            "--network=none",
            "--progress=plain",
            ...words,
          ],
          ...[`--timings=${cwd}/${file}`, "app"],
        ], { cwd, env: cliEnv });
        assertEquals(code, expected, stderr);
        return await Deno.readTextFile(`${cwd}/${file}`);
      };
      const page = await build("before.html");
      const { durationMs, steps } = readSaved(page);
      const slow = steps.find(({ key }) => key.endsWith("sleep 0.5"))!;
      assert(slow.durationMs >= 500 && slow.durationMs <= durationMs);
      assertStringIncludes(
        page,
        '<a href="#L3">RUN sleep 0.5</a>',
      );
      assert(
        /<li>\d+ % of the time \(\d+(?:\.\d s| ms)\) is “RUN sleep 0\.5” at line 3/
          .test(page),
      );
      const text = await build("a.txt", [
        `--timings-against=${cwd}/before.html`,
      ]);
      assertStringIncludes(text, "The build became faster by ");
      assert(/^.\s*\d+ +cached RUN sleep 0\.5/m.test(text), text);
      const anew = await build("anew.txt", ["--no-cache"]);
      assertStringIncludes(anew, "It was built without the cache.\n");
      assert(!anew.includes("because of"), anew);
      const failed = await build("failed.svg", ["-f", "app/Failing"], 1);
      assertStringIncludes(failed, "It failed in “RUN exit 7” at line 3.");
      assertStringIncludes(failed, "3 | &gt;&gt;&gt; RUN exit 7</text>");
      assert(/<rect class="e" /.test(failed));
    });
  },
  isOrdinary,
);

engineTest(
  "a build that is stopped has its picture, too",
  async ({ host }) => {
    await using docker = await DockerClient.fromDockerHost(host);
    await withTempFolder(async (folder) => {
      await writeTree(folder, {
        Dockerfile: `FROM davit-test/base
ENV S=${crypto.randomUUID()}
RUN sleep 60
`,
      });
      const stop = new AbortController();
      await using build = docker.imageBuild(folder, {
        networkmode: "none",
        signal: stop.signal,
      });
      const timings = buildTimings(build);
      for await (const event of build.events()) {
        const isRunning = event.type === "vertex" &&
          event.name.includes("RUN sleep 60") && event.started !== undefined;
        if (isRunning) break;
      }
      // For a while nothing is told, and the step runs.
      const begin = performance.now();
      await until(() => performance.now() - begin > 300, "no time passes");
      stop.abort();
      const { status, steps, summary } = await timings;
      assertEquals(status, "canceled");
      assert(
        summary[0]!.startsWith("The build was cancelled after "),
        summary[0],
      );
      const { words, critical, lines, durationMs } = steps.at(-1)!;
      assert(durationMs > 300 && durationMs < 60_000, `${durationMs}`);
      assertEquals([words, critical, lines], ["RUN sleep 60", true, {
        start: 3,
        end: 3,
      }]);
      assertStringIncludes(timingsSvg(await timings), "RUN sleep 60");
    });
  },
  isOrdinary,
);

async function remembered(
  { host, cli, cliEnv }: EngineContext,
): Promise<void> {
  await withTempFolder(async (cwd) => {
    const salt = crypto.randomUUID();
    const env = {
      ...cliEnv,
      DOCKER_HOST: host,
      BUILDX_CONFIG: `${cwd}/buildx`,
    };
    await writeTree(`${cwd}/app`, files(salt));
    /** Builds with docker's command. @returns The build's id. */
    const build = async (expected: number, ...words: string[]) => {
      const metadata = `${cwd}/${expected}.json`;
      const { code, stderr } = await runProgram([
        ...[cli!, "buildx", "build", "--network=none", ...words],
        ...[`--metadata-file=${metadata}`, "app"],
      ], { cwd, env });
      assertEquals(code, expected, stderr);
      return expected === 0
        ? JSON.parse(await Deno.readTextFile(metadata))["buildx.build.ref"]
        : await failedRef();
    };
    const failedRef = async () => {
      const records = await davitHere(
        [
          "history",
          "ls",
          "--filter=status=error",
          "--format={{.Ref}} {{.Name}}",
        ],
        { cwd, env },
      );
      return decoder.decode(records.stdout).split("\n").find((line) =>
        line.endsWith("app/Failing")
      )!.split(" ")[0]!;
    };
    const picture = async (ref: string) => {
      const file = `${cwd}/history.svg`;
      const { code, stderr } = await davitHere(
        ["history", "timings", "-o", file, ref],
        { cwd, env },
      );
      assertEquals(code, 0, stderr);
      return await Deno.readTextFile(file);
    };
    const timings = async (ref: string) => {
      const { code, stdout, stderr } = await davitHere(
        ["history", "timings", ref],
        { cwd, env },
      );
      assertEquals(code, 0, stderr);
      return decoder.decode(stdout);
    };
    const ref = await build(0, "--no-cache");
    assert(/<title>app · The build took /.test(await picture(ref)));
    const good = await timings(ref);
    assertStringIncludes(good, "It was built without the cache.\n");
    assert(
      /^ {4}3 +(?:\d\.\d s|\d+ ms) +\d+ % RUN sleep 0\.5$/m.test(good),
      good,
    );
    assertStringIncludes(good, "transferring dockerfile: ");
    const failed = await timings(await build(1, "-f", "app/Failing"));
    assertStringIncludes(failed, "The build failed after ");
    assertStringIncludes(failed, "   3 | >>> RUN exit 7");
  });
}

engineTest(
  "the times of a build of docker's own command come from the engine's history",
  remembered,
  (engine) => isRecent(engine) && isOrdinary(engine),
);

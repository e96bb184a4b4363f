import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { type EngineContext, engineTest } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { TmuxScreen } from "../display/tmux.ts";
import { delay, findProcesses } from "../engines/process.ts";
import { DAVIT } from "./command.ts";

const SIZE = { columns: 100, rows: 30 };
const HEADER_REGEXP = /^\[\+\] Building \d+\.\ds \(\d+\/\d+\)/;

/** A terminal in which the command runs. */
function start(
  { host }: EngineContext,
  folder: string,
  ...words: string[]
): Promise<TmuxScreen> {
  return TmuxScreen.start(
    `cd ${folder} && DOCKER_HOST=${host} ${
      DAVIT.join(" ")
    } build --network=none --no-cache ${words.join(" ")} .`,
    SIZE,
  );
}

function ended(code: number): (lines: readonly string[]) => boolean {
  return (lines) => lines.includes(`EXIT=${code}`);
}

engineTest(
  "in a terminal: a build, resized, to its end",
  (context) =>
    withTempFolder(async (folder) => {
      await writeTree(folder, {
        Dockerfile:
          "FROM davit-test/base\nRUN echo started && sleep 2 && echo done\n",
      });
      await using screen = await start(context, folder, "-t", "davit-cli-tty");
      await screen.waitFor(
        (lines) => lines.some((line) => line.includes("# started")),
        "the running step",
      );
      await screen.resize(60, 15);
      await delay(300);
      // Whole: it may be read while it is painted.
      await screen.waitFor(
        (lines) =>
          lines.filter((line) => HEADER_REGEXP.test(line)).length === 1 &&
          lines.some((line) => /=> \[2\/2\] RUN/.test(line)),
        "one header, and the step, in the smaller terminal",
      );
      const last = await screen.waitFor(ended(0), "its end");
      assert(last.some((line) => /Building .* FINISHED/.test(line)));
      assert(await screen.hasCursor());
    }),
);

engineTest(
  "in a terminal: a failure is one screen with its place",
  (context) =>
    withTempFolder(async (folder) => {
      await writeTree(folder, {
        Dockerfile: "FROM davit-test/base\nRUN echo boom && exit 7\n",
      });
      await using screen = await start(context, folder);
      const lines = await screen.waitFor(ended(1), "its end");
      for (const part of [/^boom$/, />>> RUN echo boom/, /^ERROR: .*code: 7/]) {
        assert(
          lines.some((line) => part.test(line)),
          `${part} in\n${lines.join("\n")}`,
        );
      }
      assertMatch(lines[0]!, HEADER_REGEXP);
    }),
);

engineTest(
  "in a terminal: Ctrl-C stops the engine's step, and ends with 130",
  (context) =>
    withTempFolder(async (folder) => {
      const seconds = String(100_000 + Math.floor(Math.random() * 900_000));
      await writeTree(folder, {
        Dockerfile:
          `FROM davit-test/base\nRUN echo started && sleep ${seconds}\n`,
      });
      await using screen = await start(context, folder);
      const sleeping = () => findProcesses((args) => args.includes(seconds));
      await screen.waitFor(
        (lines) => lines.some((line) => line.includes("# started")),
        "the running step",
      );
      await screen.press("C-c");
      const lines = await screen.waitFor(ended(130), "its end");
      // One frame, and nothing of an earlier one above it or below.
      assertMatch(lines[0]!, HEADER_REGEXP);
      const steps = lines.slice(1).filter((line) => line.startsWith(" => "));
      assertEquals(
        lines.slice(1 + steps.length),
        ["ERROR: canceled", "EXIT=130"],
        lines.join("\n"),
      );
      assertEquals(new Set(steps).size, steps.length, lines.join("\n"));
      const deadline = Date.now() + 5000;
      while ((await sleeping()).length > 0) {
        assert(Date.now() < deadline, "the step still runs");
        await delay(20);
      }
    }),
);

engineTest(
  "in a terminal: --watch builds at each change that matters",
  (context) =>
    withTempFolder(async (folder) => {
      await writeTree(folder, {
        Dockerfile: "FROM scratch\nCOPY . /\n",
        ".dockerignore": "ignored\n",
        "a.txt": "a",
        "ignored/b": "b",
      });
      await using screen = await start(context, folder, "--watch");
      const counts = (lines: readonly string[]) =>
        ["built sha256:", "failed in"].map((words) =>
          lines.filter((line) => line.includes(words)).length
        ).join();
      const waitFor = (expected: string) =>
        screen.waitFor((lines) => counts(lines) === expected, expected);
      await waitFor("1,0");
      await Deno.writeTextFile(`${folder}/a.txt`, "longer");
      const lines = await waitFor("2,0");
      assertMatch(
        lines.findLast((line) => line.includes("built"))!,
        /^\d\d:\d\d:\d\d built sha256:[0-9a-f]{12} in \d+\.\d\d s: \d of 3 files sent, \d+ bytes$/,
      );
      await Deno.writeTextFile(`${folder}/ignored/b`, "longer");
      await delay(1000);
      assertEquals(counts(await screen.lines()), "2,0");
      await Deno.writeTextFile(
        `${folder}/Dockerfile`,
        "FROM scratch\nCOPY no /\n",
      );
      await waitFor("2,1");
      await Deno.writeTextFile(
        `${folder}/Dockerfile`,
        "FROM scratch\nCOPY . /\n",
      );
      await waitFor("3,1");
      await Deno.writeTextFile(`${folder}/.dockerignore`, "none\n");
      await waitFor("4,1");
      await screen.press("C-c");
      await screen.waitFor(ended(130), "its end");
    }),
);

import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { engineTest, isRecent } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { delay } from "../engines/process.ts";
import { DAVIT } from "./command.ts";

/** Longer than the watch waits for more, and a build takes. */
const CALM_MS = 1500;

async function textOf(path: string): Promise<string> {
  return await Deno.readTextFile(path).catch(() => ""); // not there yet
}

/** Waits for so many builds in a log, and sees that no more come. */
async function builds(log: string, count: number): Promise<void> {
  const seen = async () =>
    (await textOf(log)).match(/^\d\d:\d\d:\d\d (?:built|failed) .*\n/gm)
      ?.length ?? 0;
  const deadline = Date.now() + 30_000;
  while (await seen() < count) {
    assert(Date.now() < deadline, await textOf(log));
    await delay(50);
  }
  await delay(CALM_MS);
  assertEquals(await seen(), count, await textOf(log));
}

engineTest(
  "--watch does not run for its own outputs in the context, and -q prints each id",
  async ({ host }) => {
    await withTempFolder(async (cwd) => {
      await writeTree(cwd, {
        "c/Dockerfile": "FROM scratch\nCOPY a /\n",
        "c/a": "a",
        "c/ids": "",
        "c/build.log": "",
      });
      const words = [...DAVIT, "build", "--watch", "-q", "c"];
      const child = new Deno.Command("sh", {
        args: ["-c", 'exec "$@" > c/ids 2> c/build.log', "sh", ...words],
        cwd,
        env: { NO_COLOR: "1", DOCKER_HOST: host },
        stdin: "null",
      }).spawn();
      try {
        await builds(`${cwd}/c/build.log`, 1);
        await Deno.writeTextFile(`${cwd}/c/a`, "b");
        await builds(`${cwd}/c/build.log`, 2);
        await Deno.writeTextFile(`${cwd}/c/Dockerfile`, "FROM scratch\nNOPE\n");
        await builds(`${cwd}/c/build.log`, 3);
      } finally {
        child.kill("SIGTERM");
        await child.status;
      }
      const ids = await Deno.readTextFile(`${cwd}/c/ids`);
      assertMatch(ids, /^(?:sha256:[0-9a-f]{64}\n){2}$/);
      assertEquals(new Set(ids.trim().split("\n")).size, 2);
    });
  },
);

engineTest(
  "--watch does not run for a log that another program writes, as tee does",
  async ({ host }) => {
    await withTempFolder(async (cwd) => {
      await writeTree(cwd, {
        "c/Dockerfile": "FROM scratch\nCOPY a /\n",
        "c/a": "a",
      });
      const words = [...DAVIT, "build", "--watch", "--progress=plain", "c"];
      const child = new Deno.Command("sh", {
        args: [
          "-c",
          `sh -c 'echo $$ > pid; exec "$@"' sh "$@" 2>&1 | tee c/build.log > /dev/null`,
          ...["sh", ...words],
        ],
        cwd,
        env: { NO_COLOR: "1", DOCKER_HOST: host },
        stdin: "null",
      }).spawn();
      try {
        await builds(`${cwd}/c/build.log`, 1);
        await Deno.writeTextFile(`${cwd}/c/a`, "b");
        await builds(`${cwd}/c/build.log`, 2);
      } finally {
        Deno.kill(Number(await Deno.readTextFile(`${cwd}/pid`)), "SIGTERM");
        await child.status;
      }
    });
  },
);

engineTest(
  "--watch builds again when a folder of --build-context changes, and ends when it is exchanged",
  async ({ host }) => {
    await withTempFolder(async (cwd) => {
      await writeTree(cwd, {
        "c/Dockerfile": "FROM scratch\nCOPY --from=deps / /\n",
        "deps/.dockerignore": "ignored\n",
        "deps/a": "a",
        log: "",
      });
      const words = [...DAVIT, "build", "--watch", "-q"];
      const child = new Deno.Command("sh", {
        args: [
          ...["-c", 'exec "$@" > ids 2> log', "sh", ...words],
          ...["--build-context", "deps=deps", "c"],
        ],
        cwd,
        env: { NO_COLOR: "1", DOCKER_HOST: host },
        stdin: "null",
      }).spawn();
      let ended = false;
      try {
        await builds(`${cwd}/log`, 1);
        await Deno.writeTextFile(`${cwd}/deps/ignored`, "b");
        await Deno.writeTextFile(`${cwd}/deps/a`, "b");
        await builds(`${cwd}/log`, 2);
        await Deno.rename(`${cwd}/deps`, `${cwd}/other`);
        await writeTree(cwd, { "deps/a": "another" });
        const { code } = await child.status;
        ended = true;
        assertEquals(code, 1);
        assertMatch(
          await textOf(`${cwd}/log`),
          /^ERROR: the folder "deps" is gone, or another one now/m,
        );
      } finally {
        if (!ended) child.kill("SIGTERM");
        await child.status;
      }
      const ids = await Deno.readTextFile(`${cwd}/ids`);
      assertMatch(ids, /^(?:sha256:[0-9a-f]{64}\n){2}$/);
      assertEquals(new Set(ids.trim().split("\n")).size, 2);
    });
  },
  isRecent,
);

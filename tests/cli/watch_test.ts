import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { delay } from "../engines/process.ts";
import { UsageError } from "../../lib/cli/exit.ts";
import { watchBuilds } from "../../lib/cli/watch.ts";
import type { BuildResult } from "../../lib/imagebuild/result.ts";

/** Longer than the watch waits for more. */
const CALM_MS = 300;

/** What is told of a build. */
interface Built {
  readonly imageId: string;
  readonly context: Partial<BuildResult["context"]>;
}

/** What a watch is tried with; paths are in the folder of the test. */
interface Trial {
  /** The context, in the folder `context`; other paths lie beside it. */
  readonly files: Readonly<Record<string, string>>;
  /** What `--file` names. */
  readonly dockerfile?: string;
  /** What `--iidfile` and the like name. */
  readonly results?: readonly string[];
  /** Where the export goes. */
  readonly output?: string;
  /** What is done before. */
  readonly prepare?: (at: (path: string) => string) => Promise<void>;
  /** Writes what is told of a build. */
  readonly log?: (at: (path: string) => string, text: string) => void;
  /** Whether each build fails. */
  readonly fails?: boolean;
  /** What each build does, and what comes of it. */
  readonly build?: (
    at: (path: string) => string,
    signal: AbortSignal,
  ) => Promise<Built | void>;
}

/** A watch under way. */
interface Watching {
  /** The path of a file of the test. */
  readonly at: (path: string) => string;
  /** Waits for one more build, and for the quiet behind it. */
  built(): Promise<void>;
  /** Changes something, and sees that nothing is built for it. */
  ignored(change: () => Promise<void>): Promise<void>;
}

/** Watches with a build that only counts. */
async function watching(
  { files, dockerfile, results = [], output, prepare, log, fails, build }:
    Trial,
  test: (watching: Watching) => Promise<void>,
): Promise<void> {
  await withTempFolder(async (folder) => {
    await writeTree(folder, files);
    const at = (path: string) => `${folder}/${path}`;
    await prepare?.(at);
    const abort = new AbortController();
    let builds = 0;
    const over = watchBuilds({
      folder: at("context"),
      context: dockerfile === undefined
        ? at("context")
        : { context: at("context"), dockerfile: at(dockerfile) },
      results: {
        files: results.map(at),
        outputs: output === undefined ? [] : [at(output)],
      },
      signal: abort.signal,
      tell: (text) => log?.(at, text),
      build: async (signal) => {
        const built = await build?.(at, signal);
        builds++;
        if (fails) throw new Error("the build failed");
        return (built ?? { imageId: "", context: {} }) as BuildResult;
      },
    });
    let failure: { error: unknown } | undefined;
    over.catch((error) => failure = { error });
    let seen = 0;
    const built = async () => {
      const deadline = Date.now() + 20_000;
      while (builds === seen) {
        assert(Date.now() < deadline, `behind build ${seen} came none`);
        await delay(20);
        if (failure !== undefined) throw failure.error;
      }
      // On a busy machine, what was done in one go may have made two.
      await delay(CALM_MS);
      seen = builds;
    };
    const ignored = async (change: () => Promise<void>) => {
      await change();
      await delay(CALM_MS);
      assertEquals(builds, seen);
    };
    try {
      await test({ at, built, ignored });
    } finally {
      abort.abort();
      await over.catch(() => {}); // the test has it, where it matters
    }
  });
}

const CONTEXT = { "context/Dockerfile": "FROM scratch\n", "context/a": "a" };

/** As editors save: beside it, and then in its place. */
async function save(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(`${path}.new`, text);
  await Deno.rename(`${path}.new`, path);
}

Deno.test("a watch does not run for what its own builds write", async () => {
  const write = async (at: (path: string) => string) => {
    await Deno.writeTextFile(at("context/id"), String(Math.random()));
    await Deno.writeTextFile(at("context/m.json"), String(Math.random()));
    await Deno.mkdir(at("context/.davit-export-0123456789abcdef"));
    await Deno.writeTextFile(
      at("context/.davit-export-0123456789abcdef/x"),
      "x",
    );
    await Deno.remove(at("context/out"), { recursive: true })
      .catch(() => {}); // the first one finds none
    await Deno.rename(
      at("context/.davit-export-0123456789abcdef"),
      at("context/out"),
    );
  };
  await watching({
    files: { ...CONTEXT, "context/.dockerignore": "out\n" },
    results: ["context/id", "context/m.json"],
    output: "context/out",
    build: write,
  }, async ({ at, built, ignored }) => {
    await built();
    await ignored(() => Promise.resolve());
    await Deno.writeTextFile(at("context/a"), "b");
    await built();
    await ignored(() => Deno.writeTextFile(at("context/out/y"), "y"));
  });
});

Deno.test("a watch is refused where each build would take what the last one exported", async () => {
  for (const output of ["context/out", "context/out.tar", "context"]) {
    const error = await assertRejects(
      () => watching({ files: CONTEXT, output }, ({ built }) => built()),
      UsageError,
    );
    assertStringIncludes(error.message, ".dockerignore");
  }
  await watching({ files: CONTEXT, output: "out" }, ({ built }) => built());
});

Deno.test("a watch follows a Dockerfile outside of the context, with its ignore file", async () => {
  await watching({
    files: {
      "context/a": "a",
      "context/b": "b",
      "context/.dockerignore": "b\n",
      "else/D": "FROM scratch\n",
      "else/D.dockerignore": "a\n",
      "else/other": "",
    },
    dockerfile: "else/D",
  }, async ({ at, built, ignored }) => {
    await built();
    await save(at("else/D"), "FROM scratch\nLABEL a=1\n");
    await built();
    await save(at("else/D"), "FROM scratch\nLABEL a=2\n");
    await built();
    await ignored(() => Deno.writeTextFile(at("context/a"), "changed"));
    await ignored(() => Deno.writeTextFile(at("else/other"), "changed"));
    await Deno.writeTextFile(at("context/b"), "changed");
    await built();
    await save(at("else/D.dockerignore"), "b\n");
    await built();
    await Deno.writeTextFile(at("context/a"), "changed again");
    await built();
  });
});

Deno.test("a watch follows a Dockerfile that is ignored, in small letters", async () => {
  await watching({
    files: {
      "context/dockerfile": "FROM scratch\n",
      "context/a": "a",
      "context/.dockerignore": "dockerfile\nDockerfile\n.dockerignore\n",
    },
  }, async ({ at, built }) => {
    await built();
    await Deno.writeTextFile(at("context/dockerfile"), "FROM scratch\n");
    await built();
    await Deno.writeTextFile(at("context/Dockerfile"), "FROM scratch\n");
    await built();
  });
});

Deno.test("a watch follows a Dockerfile that is a link to elsewhere", async () => {
  await withTempFolder(async (other) => {
    await writeTree(other, { D: "FROM scratch\n" });
    await watching({
      files: { "context/a": "a" },
      dockerfile: "link",
      prepare: (at) => Deno.symlink(`${other}/D`, at("link")),
    }, async ({ at, built }) => {
      await built();
      await save(`${other}/D`, "FROM scratch\nLABEL a=1\n");
      await built();
      await Deno.remove(at("link"));
      await built();
      await Deno.writeTextFile(at("link"), "FROM scratch\n");
      await built();
    });
  });
});

Deno.test("a watch goes on behind a malformed ignore file", async () => {
  await watching({
    files: { ...CONTEXT, "context/.dockerignore": "b\n", "context/b": "b" },
  }, async ({ at, built, ignored }) => {
    await built();
    await Deno.writeTextFile(at("context/.dockerignore"), "b\n[\n");
    await built();
    await ignored(() => Deno.writeTextFile(at("context/b"), "changed"));
    await Deno.writeTextFile(at("context/.dockerignore"), "a\n");
    await built();
    await Deno.writeTextFile(at("context/b"), "changed again");
    await built();
  });
});

Deno.test("a watch ends with a sentence where another folder takes the place", async () => {
  const error = await assertRejects(
    () =>
      watching({ files: CONTEXT }, async ({ at, built }) => {
        await built();
        await Deno.rename(at("context"), at("gone"));
        await Deno.mkdir(at("context"));
        await built();
      }),
    UsageError,
  );
  assertStringIncludes(error.message, "start --watch again");
});

Deno.test("a watch does not run for a log of its own, wherever it is", async () => {
  await Promise.all([false, true].map((fails) =>
    watching({
      files: CONTEXT,
      log: (at, text) =>
        Deno.writeTextFileSync(at("context/build.log"), `${text}\n`, {
          append: true,
        }),
      build: async (at) => {
        await Deno.writeTextFile(at("context/build.log"), "#1 x\n", {
          append: true,
        });
      },
      fails,
    }, async ({ at, built, ignored }) => {
      await built();
      await ignored(() => Promise.resolve());
      await Deno.writeTextFile(at("context/a"), "b");
      await built();
      // What somebody else writes into it counts.
      await Deno.writeTextFile(at("context/build.log"), "else\n");
      await built();
      await ignored(() => Promise.resolve());
      await Deno.remove(at("context/build.log"));
      await built();
    })
  ));
});

Deno.test("a watch tells what came of each build, and how long it took", async () => {
  const id = `sha256:${"0123456789abcdef".repeat(4)}`;
  const builds: (Built | undefined)[] = [
    { imageId: id, context: { files: 5, filesReused: 2, bytesSent: 7 } },
    { imageId: "", context: { files: 1, filesReused: 0, bytesSent: 0 } },
    { imageId: "", context: { filesReused: 0, bytesSent: 0 } },
    undefined,
  ];
  const told: string[] = [];
  const began = performance.now();
  await watching({
    files: CONTEXT,
    log: (_, text) => void told.push(text),
    build: (_, signal) => {
      const built = builds.shift();
      if (built !== undefined) return Promise.resolve(built);
      if (told.length === 3) throw new TypeError("no engine");
      // Ended by the end of the test, of which nothing is told.
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    },
  }, async ({ at }) => {
    for (let count = 1; count <= 4; count++) {
      await until(() => told.length === count, `build ${count} is told`);
      await delay(CALM_MS); // the builds' own events
      await Deno.writeTextFile(at("context/a"), `${count}`);
    }
    await delay(CALM_MS);
  });
  assertEquals(told.length, 4);
  const took = /in (\d+\.\d\d) s/;
  for (const text of told) {
    const seconds = Number(took.exec(text)![1]);
    assert(seconds <= (performance.now() - began) / 1000, text);
  }
  assertEquals(
    told.map((text) =>
      text.replace(took, "in TIME").replace(/^\d\d:\d\d:\d\d /m, "NOW ")
    ),
    [
      "NOW built sha256:0123456789ab in TIME: 3 of 5 files sent, 7 bytes",
      "NOW built the output in TIME: 1 of 1 files sent, 0 bytes",
      "NOW built the output in TIME: 0 of 0 files sent, 0 bytes",
      "ERROR: no engine\nNOW failed in TIME",
    ],
  );
});

Deno.test("a watch does not run for a file of the ids that it printed", async () => {
  const imageId = `sha256:${"0".repeat(64)}`;
  await watching({
    files: CONTEXT,
    build: async (at) => {
      await Deno.writeTextFile(at("context/ids"), `${imageId}\n`, {
        append: true,
      });
      return {
        imageId,
        context: { files: 0, filesReused: 0, bytesSent: 0 },
      };
    },
  }, async ({ at, built, ignored }) => {
    await built();
    await ignored(() => Promise.resolve());
    await Deno.writeTextFile(at("context/a"), "b");
    await built();
  });
});

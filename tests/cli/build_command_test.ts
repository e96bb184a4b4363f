import { encodeTrace } from "../../lib/progress/trace_encode.ts";
import { buildAll, buildsTwice } from "../../lib/cli/build_all.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import type { BuildOutput } from "../../lib/imagebuild/output_options.ts";
import type { BuildResult } from "../../lib/imagebuild/result.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../support/assert.ts";
import { type FakeEngine, PING } from "../support/fake_engine.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { tarBytes } from "../support/tar.ts";
import { davitHere, type HereOptions } from "./in_process.ts";
import { type Answer, askedFor, pong, startScripted } from "./scripted.ts";

const ID = `sha256:${"a".repeat(64)}`;
const DIGEST = `sha256:${"d".repeat(64)}`;
const OTHER = `sha256:${"e".repeat(64)}`;
const BUILT = [{ id: "moby.image.id", aux: { ID } }];
const TAR = await tarBytes({ Dockerfile: "FROM scratch\n" });

/** Builds from a tar of standard input, over an engine that builds all the same. */
async function built(
  words: readonly string[],
  {
    lines = BUILT,
    answers = [],
    ping,
    check = () => {},
    ...options
  }: HereOptions & {
    readonly lines?: readonly unknown[];
    readonly answers?: readonly Answer[];
    readonly ping?: string;
    readonly check?: (engine: FakeEngine) => void;
  } = {},
) {
  await using engine = await startScripted([
    { to: /^POST \/build\?/, lines },
    ...answers,
  ], ping);
  const { code, stdout, stderr } = await davitHere(
    ["build", "-H", engine.host, ...words, "-"],
    { stdin: TAR, ...options },
  );
  check(engine);
  return { code, stdout: new TextDecoder().decode(stdout), stderr };
}

const WHY = "is for the classic builder: BuildKit keeps no containers";

Deno.test("davit build prints the id alone with --quiet, and nothing on standard output else", async () => {
  for (
    const [words, stdout, stderr] of [
      [["-q"], `${ID}\n`, ""],
      [["--progress=quiet"], `${ID}\n`, ""],
      [["--progress=none"], "", ""],
      [["--progress=plain"], "", ""],
      [["--progress=none", "--rm"], "", `WARNING: --rm ${WHY}\n`],
      [["--progress=none", "--rm=false"], "", ""],
      [
        ["--progress=none", "--rm", "--force-rm"],
        "",
        `WARNING: --rm ${WHY}\nWARNING: --force-rm ${WHY}\n`,
      ],
    ] as const
  ) {
    assertEquals(
      await built(words),
      { code: 0, stdout, stderr },
      words.join(" "),
    );
  }
  // An output that is no image has no id.
  const none = await built(["-q", "-o", "type=cacheonly"], {
    lines: [],
    ping: PING,
  });
  assertEquals([none.code, none.stdout], [0, ""], none.stderr);
});

Deno.test("davit build shows the steps on standard error, in the way that is chosen", async () => {
  const time = (seconds: number) => ({ seconds, nanos: 0 });
  const aux = encodeTrace({
    vertexes: [{
      digest: "sha256:1",
      inputs: [],
      name: "[1/1] RUN a",
      cached: false,
      started: time(1),
      completed: time(2),
      error: "",
      group: undefined,
    }],
    statuses: [],
    logs: [],
    warnings: [],
  });
  const lines = [{ id: "moby.buildkit.trace", aux }, ...BUILT];
  const step = "[1/1] RUN a";
  for (
    const [words, shown] of [
      [[], `#1 ${step}\n#1 DONE 1.0s\n`],
      [["--progress=plain"], `#1 ${step}\n#1 DONE 1.0s\n`],
      [["--progress=none"], ""],
      [["-q"], ""],
    ] as const
  ) {
    const { code, stderr } = await built(words, { lines });
    assertEquals([code, stderr], [0, shown], words.join(" "));
  }
  const raw = await built(["--progress=rawjson"], { lines });
  assertEquals(JSON.parse(raw.stderr).vertexes[0].name, step);
  for (const words of [[], ["--progress=tty"]]) {
    const { code, stderr } = await built(words, {
      lines,
      terminals: ["stderr"],
    });
    assertEquals(code, 0, stderr);
    assert(stderr.startsWith("\x1b"), "it paints");
  }
});

Deno.test("a terminal that is painted has the words on Ctrl-C among the steps, other outputs on a line of their own", async () => {
  const words = "canceling; again to leave at once";
  for (
    const [progress, terminals, isPainted] of [
      ["--progress=tty", ["stderr"], true],
      ["--progress=auto", ["stderr"], true],
      ["--progress=auto", [], false],
      ["--progress=plain", ["stderr"], false],
      ["--progress=none", ["stderr"], false],
    ] as const
  ) {
    const aborted = Promise.withResolvers<void>();
    const told = Promise.withResolvers<void>();
    Deno.addSignalListener("SIGTERM", aborted.resolve);
    await using engine = await startScripted([
      {
        to: /^POST \/build\?/,
        // As a service is stopped, while the engine builds.
        first: async () => {
          Deno.kill(Deno.pid, "SIGTERM");
          await aborted.promise;
        },
      },
      { to: /^POST \/build\/cancel/, first: () => told.promise },
    ]);
    const { code, stderr } = await davitHere(
      ["build", "-H", engine.host, progress, "-"],
      {
        stdin: TAR,
        terminals,
        wrote: (text) => {
          if (text.includes(words)) told.resolve();
        },
      },
    );
    Deno.removeSignalListener("SIGTERM", aborted.resolve);
    assertEquals(code, 143, progress);
    assertStringIncludes(stderr, words, progress);
    assertEquals(stderr.includes(`\n${words}\n`), !isPainted, progress);
    assertEquals(stderr.startsWith("\x1b"), isPainted, progress);
    assert(stderr.endsWith("ERROR: canceled\n"), stderr);
  }
});

Deno.test("davit build --push pushes each name, and the files have what came of it", async () => {
  await withTempFolder(async (cwd) => {
    const answers = [
      {
        to: /^POST \/images\/localhost\/a\/push/,
        lines: [{ aux: { Tag: "1", Digest: DIGEST, Size: 1 } }],
      },
      {
        to: /^POST \/images\/localhost\/b\/push/,
        lines: [{ aux: { Tag: "1", Digest: OTHER, Size: 1 } }],
      },
      { to: /^GET \/info$/, json: {} },
    ];
    const words = ["-t", "localhost/a:1", "-t", "localhost/b"];
    const files = ["--iidfile=id", "--metadata-file=m", "--api=engine"];
    const read = (name: string) => Deno.readTextFile(`${cwd}/${name}`);
    for (const [mode, told] of [["none", true], ["quiet", false]] as const) {
      const asked: string[] = [];
      const { code, stdout, stderr } = await built(
        [...words, ...files, "--push", `--progress=${mode}`],
        {
          cwd,
          answers,
          check: (engine) => asked.push(...engine.requests.map(askedFor)),
        },
      );
      assertEquals(
        [code, stderr],
        [
          0,
          told
            ? `localhost/a:1: pushed ${DIGEST}\nlocalhost/b: pushed ${OTHER}\n`
            : "",
        ],
      );
      assertEquals(stdout, told ? "" : `${ID}\n`);
      assertEquals(asked.filter((what) => what.includes("/push")), [
        "POST /images/localhost/a/push?tag=1",
        "POST /images/localhost/b/push?tag=latest",
      ]);
      assertEquals(await read("id"), ID);
      assertEquals(
        await read("m"),
        `${
          JSON.stringify(
            {
              "containerimage.config.digest": ID,
              "containerimage.digest": DIGEST,
              "image.name": "localhost/a:1,localhost/b",
            },
            null,
            2,
          )
        }\n`,
      );
    }
    // Without a push, the id is all that there is.
    const { code, stderr } = await built(
      ["--metadata-file=m", "--api=engine"],
      {
        cwd,
        answers,
      },
    );
    assertEquals(code, 0, stderr);
    assertEquals(JSON.parse(await read("m")), {
      "containerimage.config.digest": ID,
      "containerimage.digest": ID,
    });
    // An id of an earlier build is gone before the next.
    const failed = await built(["-q", "--iidfile=id"], {
      cwd,
      lines: [{ error: "it broke" }],
    });
    assertEquals([failed.code, failed.stdout], [1, ""]);
    assertEquals(failed.stderr, "ERROR: it broke\n");
    const names = async () =>
      (await Array.fromAsync(Deno.readDir(cwd), ({ name }) => name)).sort();
    assertEquals(await names(), ["m"]);
    // Also where nothing is asked of an engine.
    await Deno.writeTextFile(`${cwd}/id`, ID);
    const wrong = await built(["-q", "--iidfile=id", "-t", "BAD"], {
      cwd,
      check: ({ requests }) => assertEquals(requests.length, 0),
    });
    assertEquals([wrong.code, await names()], [1, ["m"]]);
  });
});

Deno.test("an output of an image with further fields needs the containerd image store", async () => {
  const output = [
    ...["-o", "type=image,name=a,compression=zstd"],
    ...["-q", "--api=engine"],
  ];
  const store = (kind: string) => ({
    to: /^GET \/info$/,
    json: { DriverStatus: [["driver-type", kind]] },
  });
  const refused = await built(output, { answers: [store("overlay2")] });
  assertEquals([refused.code, refused.stdout], [1, ""]);
  assertStringIncludes(
    refused.stderr,
    "--output of an image takes a name and push here",
  );
  const { code, stdout, stderr } = await built(output, {
    answers: [store("io.containerd.snapshotter.v1")],
    check: ({ requests }) =>
      assertStringIncludes(
        decodeURIComponent(requests.at(-1)!.target),
        '"Type":"moby"',
      ),
  });
  assertEquals([code, stdout], [0, `${ID}\n`], stderr);
});

Deno.test("davit build says what the engine is to fetch, and which Dockerfile it reads", async () => {
  const asked = async (word: string, ...flags: string[]) => {
    await using engine = await startScripted([
      { to: /^POST \/build\?/, lines: BUILT },
    ]);
    const { code, stderr } = await davitHere(
      ["build", "-q", "-H", engine.host, ...flags, word],
      { stdin: TAR },
    );
    assertEquals(code, 0, stderr);
    const [request] = engine.requests.filter(({ target }) =>
      target.includes("/build?")
    );
    const query = new URLSearchParams(request!.target.split("?")[1]);
    return [query.get("remote"), query.get("dockerfile")];
  };
  const scp = "me@a.example:b.git";
  assertEquals(await asked(scp), [scp, null]);
  assertEquals(await asked(scp, "-f", "d"), [scp, "d"]);
  assertEquals(await asked("https://a.example/b.git", "-f", "d"), [
    "https://a.example/b.git",
    "d",
  ]);
  assertEquals(await asked("-", "-f", "d"), [null, "d"]);
  assertEquals(await asked("-"), [null, null]);
});

Deno.test("davit says which variables it does not obey, with none of their values", async () => {
  const told = async (env: Record<string, string>, ...flags: string[]) => {
    const { code, stdout, stderr } = await built(["-q", ...flags], {
      env: { ...UNSET, ...env },
    });
    assertEquals([code, stdout], [0, `${ID}\n`]);
    return stderr.split("\n").map((line) =>
      /^WARNING: (\w+) is not obeyed: .+/.exec(line)?.[1] ?? line
    ).join(" ");
  };
  for (
    const [name, obeyed, ignored] of [
      ["BUILDX_BUILDER", ["default", ""], []],
      ["DOCKER_BUILDKIT", ["1", "true", "x"], ["0", "false", "F"]],
      ["BUILDX_NO_DEFAULT_LOAD", ["0", "no", "11"], ["1", "t", "TRUE"]],
      ["BUILDX_GIT_LABELS", ["0", "false"], ["full", "1"]],
      ["BUILDKIT_NO_CLIENT_TOKEN", ["0"], ["true"]],
      ["BUILDX_METADATA_WARNINGS", ["1", "0"], []],
    ] as const
  ) {
    for (const value of obeyed) {
      assertEquals(await told({ [name]: value }), "", `${name}=${value}`);
    }
    for (const value of ignored) {
      assertEquals(await told({ [name]: value }), `${name} `);
    }
  }
  await withTempFolder(async (cwd) => {
    const file = `--metadata-file=${cwd}/m`;
    const answers = [{ to: /^GET \/info$/, json: {} }];
    for (const [value, warns] of [["1", true], ["0", false]] as const) {
      const { code, stderr } = await built(["-q", file, "--api=engine"], {
        answers,
        env: { ...UNSET, BUILDX_METADATA_WARNINGS: value },
      });
      assertEquals(code, 0, stderr);
      assertEquals(
        stderr.startsWith("WARNING: BUILDX_METADATA_WARNINGS is not"),
        warns,
      );
    }
  });
});

/** The variables that docker's command obeys, not set. */
const UNSET = {
  BUILDX_BUILDER: "",
  DOCKER_BUILDKIT: "",
  BUILDX_NO_DEFAULT_LOAD: "",
  BUILDX_GIT_LABELS: "",
  BUILDKIT_NO_CLIENT_TOKEN: "",
  BUILDX_METADATA_WARNINGS: "",
};

Deno.test("a build with a source policy that can't be read is no build", async () => {
  await withTempFolder(async (cwd) => {
    await writeTree(cwd, { "a.json": "{", "b.json": '{"rule":[]}' });
    for (
      const [name, words] of [
        [
          "none.json",
          /^ERROR: EXPERIMENTAL_BUILDKIT_SOURCE_POLICY names a file that can't be read: .*none\.json/,
        ],
        [
          "a.json",
          /^ERROR: EXPERIMENTAL_BUILDKIT_SOURCE_POLICY names a file that is no JSON: ".*a\.json"\n$/,
        ],
        [
          "b.json",
          /^ERROR: Cannot use sourcePolicy: there is no option "rule"/,
        ],
      ] as const
    ) {
      const { code, stdout, stderr } = await built(["-q"], {
        env: { EXPERIMENTAL_BUILDKIT_SOURCE_POLICY: `${cwd}/${name}` },
        check: ({ requests }) =>
          assertEquals(
            requests.some(({ target }) => target.includes("/build")),
            false,
          ),
      });
      assertEquals([code, stdout], [1, ""]);
      assertMatch(stderr, words);
    }
  });
});

const LOCAL: BuildOutput = { type: "local", dest: "out" };

Deno.test("buildAll builds for the image store as well: at once, or from the cache", async () => {
  const options = { tag: "a", nocache: true };
  const asked: ImageBuildOptions[] = [];
  const build = (given: ImageBuildOptions) => {
    asked.push(given);
    const context = { bytesSent: asked.length };
    const contexts = { deps: context };
    return Promise.resolve(
      {
        imageId: `${asked.length}`,
        context,
        contexts,
      } as unknown as BuildResult,
    );
  };
  const sum = async (
    twice: boolean,
    alsoImage: boolean,
    outputs: readonly BuildOutput[],
  ) => {
    asked.length = 0;
    const { imageId, context, contexts } = await buildAll(
      twice,
      { outputs, alsoImage },
      options,
      build,
    );
    assertEquals(contexts.deps?.bytesSent, context.bytesSent);
    return [imageId, context.bytesSent] as unknown[];
  };
  assertEquals(await sum(false, false, []), ["1", 1]);
  assertEquals(asked, [options]);
  assertEquals(await sum(false, false, [LOCAL]), ["1", 1]);
  assertEquals(asked, [{ ...options, outputs: [LOCAL] }]);
  assertEquals(await sum(false, true, [LOCAL]), ["1", 1]);
  assertEquals(asked, [{ ...options, outputs: [{ type: "moby" }, LOCAL] }]);
  assertEquals(await sum(true, true, [LOCAL]), ["2", 1]);
  assertEquals(asked, [{ ...options, outputs: [LOCAL] }, {
    tag: "a",
    nocache: false,
  }]);
});

const FOLDER = { type: "oci", dest: "dir", attrs: { tar: "false" } } as const;

Deno.test("buildsTwice() where an engine's build has one output", () => {
  const ping = {
    apiVersion: "1.45",
    osType: "linux",
    builderVersion: "2",
    experimental: false,
    libpodApiVersion: undefined,
    gateway: false,
  };
  const one = { outputs: [LOCAL], alsoImage: true };
  for (
    const [twice, plan, api, more] of [
      [false, one, undefined, {}],
      [false, one, undefined, { apiVersion: "1.100" }],
      [true, one, undefined, { apiVersion: "1.44" }],
      [true, one, undefined, { gateway: true }],
      [true, one, undefined, { libpodApiVersion: "4.3.1" }],
      [true, one, "engine", {}],
      [false, one, "buildkit", { apiVersion: "1.41" }],
      [false, { ...one, alsoImage: false }, "engine", {}],
      [true, { ...one, outputs: [FOLDER] }, "buildkit", {}],
      [
        true,
        { ...one, outputs: [{ ...FOLDER, type: "docker" }] },
        undefined,
        {},
      ],
      [false, { ...one, outputs: [{ ...FOLDER, attrs: {} }] }, undefined, {}],
      [false, { ...one, outputs: [{ ...FOLDER, type: "tar" }] }, undefined, {}],
      [false, { outputs: [FOLDER], alsoImage: false }, undefined, {}],
      // Nothing but BuildKit's API can make these, which says so.
      [false, { ...one, outputs: [LOCAL, LOCAL] }, "engine", {}],
    ] as const
  ) {
    assertEquals(buildsTwice(plan, api, { ...ping, ...more }), twice);
  }
});

Deno.test("standard input is read once: it can't be built twice", async () => {
  for (
    const [words, code] of [
      [["--load", "-o", "a", "-"], 1],
      [["--push", "-t", "a", "-o", "a", "-f", "-", "."], 1],
    ] as const
  ) {
    await using engine = await startScripted(
      [],
      pong("Libpod-Api-Version: 4.3.1"),
    );
    const run = await davitHere(["build", "-H", engine.host, ...words], {
      stdin: TAR,
    });
    assertEquals(run.code, code);
    assertStringIncludes(run.stderr, "build twice with this engine");
  }
  // Where it is built once, or the context can be read again, it is fine.
  await withTempFolder(async (cwd) => {
    await writeTree(cwd, { Dockerfile: "FROM scratch\n" });
    for (
      const [words, ping] of [
        [["--load", "-o", "a", "-"], pong()],
        [["--load", "-o", "a", "."], pong("Libpod-Api-Version: 4.3.1")],
      ] as const
    ) {
      await using engine = await startScripted([], ping);
      const run = await davitHere(["build", "-H", engine.host, ...words], {
        cwd,
        stdin: TAR,
      });
      assertEquals(run.stderr.includes("build twice"), false, run.stderr);
    }
  });
});

Deno.test("an archive is not written to a terminal", async () => {
  const { code, stdout, stderr } = await built(["-o", "type=tar"], {
    terminals: ["stdout"],
    check: ({ requests }) => assertEquals(requests.length, 0),
  });
  assertEquals([code, stdout], [1, ""]);
  assertStringIncludes(stderr, "is not for a terminal");
});

Deno.test("davit build --watch builds until it is stopped, and tells each build on standard error", async () => {
  await withTempFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/Dockerfile`, "FROM scratch\n");
    // It gives no session, so that no build goes well.
    await using engine = await startScripted([]);
    const { code, stdout, stderr } = await davitHere(
      ["build", "--watch", "-H", engine.host, "."],
      {
        cwd,
        wrote: (text) => {
          if (text.includes(" failed in ")) Deno.kill(Deno.pid, "SIGTERM");
        },
      },
    );
    assertEquals([code, stdout.length], [143, 0]);
    assertMatch(
      stderr,
      /^ERROR: .*\n\d\d:\d\d:\d\d failed in \d+\.\d\d s\n\ncanceling; /,
    );
  });
});

Deno.test("davit build --watch has no id of an earlier build while it builds again", async () => {
  for (const flags of [["--iidfile=id"], []]) {
    await withTempFolder(async (cwd) => {
      await writeTree(cwd, { "context/Dockerfile": "FROM scratch\n" });
      // It gives no session, so that no build goes well.
      await using engine = await startScripted([]);
      let builds = 0;
      const { code, stderr } = await davitHere(
        ["build", "--watch", ...flags, "-H", engine.host, "context"],
        {
          cwd,
          wrote: (text) => {
            if (!text.includes(" failed in ")) return;
            if (++builds === 2) return Deno.kill(Deno.pid, "SIGTERM");
            Deno.writeTextFileSync(`${cwd}/id`, ID);
            Deno.writeTextFileSync(`${cwd}/context/Dockerfile`, "FROM a\n");
          },
        },
      );
      assertEquals([code, builds], [143, 2], stderr);
      const names = await Array.fromAsync(Deno.readDir(cwd), (e) => e.name);
      assertEquals(names.includes("id"), flags.length === 0);
    });
  }
});

// The files of what was built, read on real engines before anything is exported.

import {
  BuildError,
  type BuildFilesOptions,
  BuiltFileError,
  type BuiltFiles,
  ConnectionError,
  DockerClient,
  SecretError,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { startRelay } from "../support/relay.ts";
import { sleeping } from "../support/sleeper.ts";
import { until } from "../support/until.ts";
import type { Builds } from "../support/way.ts";
import { buildkitTest } from "../support/ways.ts";

const SECRET = "the value of a secret";

/** Steps that make one of everything; no build before had them. */
function file(...more: string[]): string {
  return [
    "FROM davit-test/base",
    `RUN --mount=type=secret,id=s mkdir -p /d/sub && cat /run/secrets/s > /d/file && cat /run/secrets/s && chown 12:34 /d/file && chmod 4751 /d/file && ln -s file /d/link && ln -s /nowhere /d/open && ln -s ../.. /d/up && ln -s / /root-link && mkfifo /d/fifo && echo ${crypto.randomUUID()}`,
    "RUN yes 0123456789abcde | head -c 5000000 > /long; : > /empty",
    ...more,
  ].join("\n") + "\n";
}

const OPTIONS: BuildFilesOptions = {
  networkmode: "none",
  secrets: { s: SECRET },
  strictSecrets: true,
};

async function opened(
  { docker }: { readonly docker: Builds },
  text: string = file(),
  options: BuildFilesOptions = OPTIONS,
): Promise<BuiltFiles> {
  return await docker.buildFiles({ dockerfile: { text } }, options).result();
}

buildkitTest(
  "buildFiles() tells what is there and reads it, links followed within what was built",
  async (engine) => {
    const build = engine.docker.buildFiles(
      { dockerfile: { text: file() } },
      OPTIONS,
    );
    let log = "";
    for await (const chunk of build.logs()) {
      log += new TextDecoder().decode(chunk);
    }
    await using files = await build.result();
    assert(log.includes("***") && !log.includes(SECRET), log);
    assertEquals(files.build.secrets.served, ["s"]);
    assertEquals([files.build.imageId, files.build.exports], ["", []]);
    const steps = files.build.steps.filter(({ name }) => name.includes("RUN"));
    assertEquals(steps.map(({ completed }) => completed !== undefined), [
      true,
      true,
    ]);
    const list = await files.readDir("/d");
    assertEquals(
      list.map(({ name, type, target }) => [name, type, target]),
      [
        ["fifo", "fifo", undefined],
        ["file", "file", undefined],
        ["link", "symlink", "file"],
        ["open", "symlink", "/nowhere"],
        ["sub", "directory", undefined],
        ["up", "symlink", "../.."],
      ],
    );
    const { mtime, ...entry } = await files.stat("d/file");
    assertEquals(entry, {
      name: "file",
      type: "file",
      size: SECRET.length,
      mode: 0o4751,
      uid: 12,
      gid: 34,
      target: undefined,
    });
    assert(Math.abs(mtime.getTime() - Date.now()) < 3_600_000, `${mtime}`);
    assertEquals((await files.stat("/d/link")).name, "file");
    const root = await files.stat("/");
    assertEquals([root.name, root.type], ["", "directory"]);
    assertEquals((await files.stat("/d/..")).name, "");
    assertEquals((await files.stat("/root-link")).name, "");
    // What was built is as the steps wrote it.
    assertEquals(await files.readTextFile("/d/link"), SECRET);
    assertEquals(await files.readTextFile("d/up/../../d/file"), SECRET);
    assertEquals(await files.readTextFile("/empty"), "");
    const long = await files.readFile("/long");
    assertEquals(long.length, 5_000_000);
    assertEquals(
      new TextDecoder().decode(long.subarray(-16)),
      "0123456789abcde\n",
    );
    const whole = await new Response(files.streamFile("/long")).bytes();
    assertEquals(whole, long);
    const part = files.streamFile("/long", {
      offset: 1_048_570,
      length: 1_048_590,
    });
    const chunks: number[] = [];
    for await (const chunk of part) chunks.push(chunk.length);
    assertEquals(chunks, [1_048_576, 14]);
    const end = files.streamFile("/long", { offset: 4_999_990, length: 100 });
    assertEquals(
      await new Response(end).bytes(),
      long.subarray(4_999_990),
    );
    assertEquals(
      (await new Response(files.streamFile("/long", { offset: 6_000_000 }))
        .bytes())
        .length,
      0,
    );
    assertEquals(
      (await new Response(files.streamFile("/long", { length: 0 })).bytes())
        .length,
      0,
    );
  },
);

buildkitTest(
  "what can't be read is told by a code, without a path of the engine",
  async (engine) => {
    await using files = await opened(engine);
    const cases: [() => Promise<unknown>, string, RegExp][] = [
      [() => files.readFile("/none"), "not-found", /nothing of that name/],
      [() => files.stat("/none/a"), "not-found", /nothing of that name/],
      [() => files.readDir("/none"), "not-found", /nothing of that name/],
      [() => files.readFile("/d/open"), "not-found", /nothing of that name/],
      [() => files.readTextFile("/d"), "is-directory", /it is a folder/],
      [() => files.readDir("/d/file"), "not-directory", /no folder/],
      [() => files.stat("/d/file/a"), "not-directory", /no folder/],
      [() => files.readFile("/d/fifo"), "not-a-file", /FIFO/],
      [
        () => new Response(files.streamFile("/d/fifo")).bytes(),
        "not-a-file",
        /FIFO/,
      ],
      [
        () => files.readFile("/long", { maxBytes: 4_999_999 }),
        "too-large",
        /5000000 bytes, and at most 4999999 are taken; give maxBytes, or take streamFile\(\)/,
      ],
    ];
    for (const [read, code, words] of cases) {
      const error = await assertRejects(read, BuiltFileError);
      assertEquals(error.code, code as typeof error.code, error.message);
      assert(words.test(error.message), error.message);
      assert(!error.message.includes("buildkit-mount"), error.message);
      assert(error.message.includes(JSON.stringify(error.path)));
    }
    assertEquals(
      (await files.readFile("/long", { maxBytes: 5_000_000 })).length,
      5_000_000,
    );
    for (const path of ["", "a\0b", undefined as unknown as string]) {
      await assertRejects(
        () => files.stat(path),
        TypeError,
        "the path of a file",
      );
      assertThrows(() => files.streamFile(path), TypeError);
    }
    for (const count of [-1, 1.5, NaN]) {
      await assertRejects(
        () => files.readFile("/long", { maxBytes: count }),
        RangeError,
      );
      assertThrows(
        () => files.streamFile("/long", { offset: count }),
        RangeError,
      );
      assertThrows(
        () => files.streamFile("/long", { length: count }),
        RangeError,
      );
    }
    await assertRejects(
      () => files.stat("/", { platform: "linux/arm64" }),
      RangeError,
      "the build names no platform",
    );
    const abort = new AbortController();
    const why = new Error("enough");
    abort.abort(why);
    const { signal } = abort;
    assertEquals(
      await assertRejects(() => files.readFile("/long", { signal })),
      why,
    );
    // The build is not over for that.
    assertEquals((await files.stat("/long")).size, 5_000_000);
  },
);

buildkitTest(
  "a build that fails is the error of an image's build; strictSecrets and wrong options too",
  async (engine) => {
    const { docker, generation } = engine;
    const error = await assertRejects(
      () => opened(engine, file("RUN echo of the step && exit 7")),
      BuildError,
    );
    assertEquals(error.exitCode, 7);
    assertEquals(error.log, ["of the step"]);
    assertEquals(error.source?.startLine, 4);
    const missing = await assertRejects(
      () => opened(engine, file(), { ...OPTIONS, secrets: {} }),
      SecretError,
      generation === "20"
        ? 'secret "s" was asked for and not given'
        : 'this target mounts secret "s" (Dockerfile:2), which is not given',
    );
    assertEquals(missing.id, "s");
    await assertRejects(
      () =>
        opened(engine, file(), {
          ...OPTIONS,
          secrets: { s: SECRET, spare: "another value" },
        }),
      SecretError,
      'secret "spare" was given',
    );
    for (
      const options of [
        { tag: "a:1" },
        { outputs: { type: "local", dest: "x" } },
        { verify: true },
      ] as unknown as BuildFilesOptions[]
    ) {
      await assertRejects(
        () =>
          docker.buildFiles({ dockerfile: { text: file() } }, options).result(),
        TypeError,
        `Cannot read files of a build with ${Object.keys(options)[0]}`,
      );
    }
  },
);

buildkitTest(
  "several platforms are read by their names, and nothing of FROM scratch is no fault",
  async (engine) => {
    const text = [
      "FROM --platform=$BUILDPLATFORM davit-test/base AS made",
      "ARG TARGETARCH",
      "RUN mkdir /out && echo for $TARGETARCH > /out/arch",
      "FROM scratch",
      "COPY --from=made /out/ /",
    ].join("\n");
    const platform = ["linux/amd64", "linux/arm64"];
    await using both = await opened(engine, text, {
      networkmode: "none",
      platform,
    });
    assertEquals([...both.platforms].sort(), platform);
    for (
      const [name, words] of [["linux/amd64", "amd64"], [
        "linux/arm64",
        "arm64",
      ]] as const
    ) {
      assertEquals(
        await both.readTextFile("/arch", { platform: name }),
        `for ${words}\n`,
      );
      assertEquals(
        (await both.readDir("/", { platform: name })).map(({ name }) => name),
        ["arch"],
      );
    }
    await assertRejects(
      () => both.stat("/arch"),
      RangeError,
      "without naming one",
    );
    await assertRejects(
      () => both.stat("/arch", { platform: "linux/s390x" }),
      RangeError,
      'it was built for "linux/',
    );
    await using one = await opened(engine, text, {
      networkmode: "none",
      platform: "linux/arm64",
    });
    assertEquals(one.platforms, ["linux/arm64"]);
    assertEquals(await one.readTextFile("/arch"), "for arm64\n");
    assertEquals(
      await one.readTextFile("/arch", { platform: "linux/arm64" }),
      "for arm64\n",
    );
    await using nothing = await opened(engine, "FROM scratch\nLABEL a=b\n", {});
    const error = await assertRejects(() => nothing.stat("/a"), BuiltFileError);
    assertEquals(error.code, "not-found");
  },
);

buildkitTest(
  "files end with close(), with the signal, with cancel(), with the client and with the engine",
  async (engine) => {
    const { docker, socketPath, daemon, openConfigured } = engine;
    const text = file();
    const ends = async (files: BuiltFiles) => {
      const error = await assertRejects(() => files.stat("/"));
      await assertRejects(() =>
        new Response(files.streamFile("/long")).bytes()
      );
      return error;
    };
    const closed = await opened(engine, text);
    await Promise.all([closed.close(), closed.close()]);
    assertEquals((await ends(closed) as Error).name, "AbortError");

    const abort = new AbortController();
    const why = new Error("enough");
    const aborted = await opened(engine, text, {
      ...OPTIONS,
      signal: abort.signal,
    });
    const reader = aborted.streamFile("/long").getReader();
    await reader.read();
    abort.abort(why);
    assertEquals(await assertRejects(() => reader.read()), why);
    assertEquals(await ends(aborted), why);
    await aborted.close();

    const build = docker.buildFiles({ dockerfile: { text } }, OPTIONS);
    const cancelled = await build.result();
    await build.cancel();
    await ends(cancelled);

    const left = await (async () => {
      await using client = await openConfigured();
      return await opened({ docker: client }, text);
    })();
    await ends(left);

    // The connection to a daemon is broken in tests/builder/faults_engine_test.ts.
    if (daemon !== undefined) return;
    await using relay = await startRelay(socketPath);
    await using relayed = await DockerClient.fromDockerHost(relay.host);
    await using dead = await opened({ docker: relayed }, text);
    for (const one of relay.connections) one.cut();
    await until(
      async () =>
        await dead.stat("/").then(
          () => false,
          (error) => error instanceof ConnectionError,
        ),
      "the end of the engine is told",
    );
  },
);

buildkitTest(
  "a build of files that is given up while a step runs stops on the engine",
  async ({ docker }) => {
    const seconds = String(100_000 + Math.floor(Math.random() * 900_000));
    const build = docker.buildFiles({
      dockerfile: { text: `FROM davit-test/base\nRUN sleep ${seconds}\n` },
    }, { networkmode: "none" });
    build.result().catch(() => {}); // it is cancelled
    await until(() => sleeping(seconds), "the step runs");
    await build.cancel();
    await until(async () => !await sleeping(seconds), "the step is stopped");
  },
);

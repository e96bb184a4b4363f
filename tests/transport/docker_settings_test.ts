import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { BUILD_HEAD, startFakeEngine } from "../support/fake_engine.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { runProgram } from "../cli/command.ts";
import { readDockerSettings } from "../../lib/transport/docker_settings.ts";

/** The settings of a `config.json`, with these variables beside it. */
async function settingsOf(
  config: unknown,
  variables: Record<string, string> = {},
  address?: string,
) {
  let found!: Awaited<ReturnType<typeof readDockerSettings>>;
  await withTempFolder(async (folder) => {
    await writeTree(folder, { "config.json": JSON.stringify(config) });
    const all: Record<string, string> = { DOCKER_CONFIG: folder, ...variables };
    found = await readDockerSettings(address, { get: (name) => all[name] });
  });
  return found;
}

Deno.test("readDockerSettings() takes the proxies of the engine, else the default ones", async () => {
  const proxies = {
    default: { httpProxy: "d", noProxy: "", ftpProxy: null },
    "tcp://h:1": { httpsProxy: "t" },
    "http://docker.example.com": { allProxy: "s" },
  };
  for (
    const [address, expected] of [
      [undefined, { HTTP_PROXY: "d" }],
      ["unix:///x", { HTTP_PROXY: "d" }],
      ["tcp://h:1", { HTTPS_PROXY: "t" }],
      ["https://h:1", { HTTPS_PROXY: "t" }],
      ["ssh://me@h", { ALL_PROXY: "s" }],
    ] as const
  ) {
    const found = await settingsOf({ proxies }, {}, address);
    assertEquals(found.proxies, { ...expected } as Record<string, string>);
  }
  assertEquals(
    await readDockerSettings("unix:///x", { get: () => undefined }),
    {
      headers: [],
      proxies: {},
      platform: undefined,
      sourceDateEpoch: undefined,
    },
  );
});

Deno.test("readDockerSettings() refuses what has another form, without a value in the words", async () => {
  for (
    const [config, variables, words] of [
      [{ proxies: "hunter2" }, {}, '"proxies"'],
      [{ proxies: { default: "hunter2" } }, {}, '"proxies"'],
      [{ proxies: { default: { httpProxy: ["hunter2"] } } }, {}, '"proxies"'],
      [{ HttpHeaders: ["hunter2"] }, {}, '"HttpHeaders"'],
      [{ HttpHeaders: { a: { b: "hunter2" } } }, {}, '"HttpHeaders"'],
      ...["hunter2", "=hunter2", '"hunter2', "a=1\nb=hunter2"].map((value) =>
        [{}, { DOCKER_CUSTOM_HEADERS: value }, "DOCKER_CUSTOM_HEADERS"] as const
      ),
    ] as const
  ) {
    const error = await assertRejects(
      () => settingsOf(config, variables),
      TypeError,
      words,
    );
    assert(!error.message.includes("hunter2"), error.message);
  }
});

Deno.test("a client takes docker's settings where it is told to, and as far as it may", async () => {
  await using engine = await startFakeEngine((request) =>
    request.write(
      `${BUILD_HEAD}{"status":"Digest: sha256:${"0".repeat(64)}"}\n`,
    )
  );
  const path = engine.host.slice("unix://".length);
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "config.json": JSON.stringify({
        HttpHeaders: { "X-Of-Config": "yes" },
        proxies: { default: { httpProxy: "http://proxy.example" } },
      }),
    });
    const program = `
      import { DockerClient } from "${new URL(
      "../../mod.ts",
      import.meta.url,
    )}";
      for (const make of [
        () => DockerClient.fromDockerConfig(),
        () => DockerClient.fromDockerConfig({ dockerConfig: false }),
        () => DockerClient.fromDockerHost("${engine.host}"),
        () => DockerClient.fromDockerHost("${engine.host}", { dockerConfig: true }),
      ]) {
        await using docker = await make();
        await docker.imagePull("localhost/a:1").wait();
        await docker.imageBuild({ files: { Dockerfile: "FROM scratch" } }, { session: false }).wait().catch(() => {});
      }
    `;
    const env = {
      DOCKER_HOST: engine.host,
      DOCKER_CONFIG: folder,
      DOCKER_DEFAULT_PLATFORM: "linux/riscv64",
      SOURCE_DATE_EPOCH: "12",
    };
    const run = async (...flags: string[]) => {
      const from = engine.requests.length;
      const { code, stderr } = await runProgram([
        Deno.execPath(),
        "run",
        "--no-prompt",
        "--no-check",
        `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
        `--allow-net=unix:${path},localhost:80`,
        `--allow-write=${path}`,
        ...flags,
        "-",
      ], { env, stdin: new TextEncoder().encode(program) });
      assertEquals(code, 0, stderr);
      return engine.requests.slice(from)
        .filter(({ target }) => /create|build/.test(target))
        .map(({ head, target }) => {
          const query = new URL(target, "http://localhost").searchParams;
          return [
            /^x-of-config: yes$/im.test(head),
            query.get("platform"),
            query.get("buildargs"),
          ];
        });
    };
    const pulled = [true, "linux/riscv64", null];
    const built = [
      true,
      "linux/riscv64",
      '{"HTTP_PROXY":"http://proxy.example","SOURCE_DATE_EPOCH":"12"}',
    ];
    const none = [false, null, null];
    assertEquals(
      await run("--allow-env", `--allow-read=${path},${folder}`),
      [pulled, built, none, none, none, none, pulled, built],
    );
    // What a program of narrow permissions could do before, it can do now.
    assertEquals(
      await run("--allow-env=DOCKER_HOST", `--allow-read=${path}`),
      Array(8).fill(none),
    );
  });
});

Deno.test("headers of docker's configuration that can't be sent are named, without their values", async () => {
  await using engine = await startFakeEngine(() => {});
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "config.json": JSON.stringify({ HttpHeaders: { bad: "hun\nter2" } }),
    });
    const { code, stderr } = await runProgram([
      Deno.execPath(),
      "run",
      "-A",
      `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
      new URL("../../lib/cli/main.ts", import.meta.url).pathname,
      ...["push", "localhost/a"],
    ], { env: { DOCKER_HOST: engine.host, DOCKER_CONFIG: folder } });
    assertEquals(code, 1);
    assertStringIncludes(stderr, 'Cannot send the header "bad"');
    assert(!stderr.includes("ter2"), stderr);
  });
});

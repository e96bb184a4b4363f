import { importBuildkitImage } from "../buildkitd/container_image.ts";
import { startBuildkitd } from "../buildkitd/daemon.ts";
import { runCommand } from "../engines/command.ts";
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { engineOf } from "../support/engines.ts";
import { type CommandRun, runProgram } from "./command.ts";
import { davitHere } from "./in_process.ts";

/** Runs the same words of `buildx` and of `davit builder`, each with files of its own. */
interface Pair extends AsyncDisposable {
  readonly folders: readonly [buildx: string, davit: string];
  buildx(...words: string[]): Promise<CommandRun>;
  davit(...words: string[]): Promise<CommandRun>;
  /** Both, whose output must be the same. */
  both(...words: string[]): Promise<string>;
  /** The files of both, which must be the same. */
  files(): Promise<Record<string, string>>;
}

async function makePair(): Promise<Pair> {
  const engine = await engineOf({ generation: "28", containerdStore: false });
  const folder = await Deno.makeTempDir({ prefix: "davit-pair-" });
  const folders = [`${folder}/buildx`, `${folder}/davit`] as const;
  const env = (config: string) => ({
    ...engine.cliEnv,
    BUILDX_CONFIG: config,
    BUILDKIT_HOST: "",
  });
  const buildx = (...words: string[]) =>
    runProgram([engine.cli!, "buildx", ...words], { env: env(folders[0]) });
  const davit = (...words: string[]) =>
    davitHere(["builder", ...words], { env: env(folders[1]) });
  return {
    folders,
    buildx,
    davit,
    async both(...words) {
      const [one, other] = [await buildx(...words), await davit(...words)];
      assertEquals(
        [words, other.code, text(other), atSameTime(other.stderr)],
        [words, one.code, text(one), atSameTime(one.stderr)],
      );
      return text(other);
    },
    async files() {
      const [one, other] = await Promise.all(
        folders.map((folder) => filesBelow(folder)),
      );
      assertEquals(other, one);
      return other!;
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** Words without the colours and prefixes that each command has of its own. */
function atSameTime(stderr: string): string {
  return stderr.replace(/^ERROR: /gm, "").trim();
}

function text({ stdout }: CommandRun): string {
  return new TextDecoder().decode(stdout);
}

/** Files with their texts, by their paths; when they were used is of no matter. */
async function filesBelow(
  folder: string,
  under = "",
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(`${folder}${under}`)) {
    const path = `${under}/${name}`;
    if (isDirectory) Object.assign(found, await filesBelow(folder, path));
    else if (under === "/activity") found[path] = "";
    else if (!name.startsWith(".")) {
      found[path] = await Deno.readTextFile(`${folder}${path}`);
    }
  }
  return Object.fromEntries(Object.entries(found).sort());
}

Deno.test("builders of davit and of buildx are the same files, and are shown in the same words", async () => {
  await using pair = await makePair();
  await using daemon = await startBuildkitd({ tcp: true });
  const { both, files } = pair;
  const certs = `${daemon.directory}/client-`;
  for (const [name, pem] of Object.entries(daemon.tls)) {
    await Deno.writeTextFile(`${certs}${name}.pem`, pem);
  }
  const tls = ["ca", "cert", "key"].map((name) =>
    `${name === "ca" ? "cacert" : name}=${certs}${name}.pem`
  ).join(",");
  await both("ls");
  await both("create", "--name", "one", daemon.address);
  await both("create", "--name", "one", "--append", ...[
    ...["--platform", "arm64,linux/arm/v7", "--driver-opt", tls],
    daemon.tcpAddress,
  ]);
  await both("create", "--name", "three", "--driver", "remote", ...[
    ...["--platform", "linux/riscv64", "tcp://127.0.0.1:1", "--use"],
  ]);
  await files();
  await both("create", "--name", "three", "--append", "--node", "far", ...[
    ...["--platform", "linux/riscv64,linux/s390x,linux/386"],
    ...["--driver-opt", "default-load=true", "tcp://127.0.0.1:2"],
  ]);
  const written = await files();
  assertEquals(Object.keys(written), [
    "/activity/one",
    "/activity/three",
    "/current",
    "/instances/one",
    "/instances/three",
  ]);
  const shown = await both("ls");
  assertStringIncludes(shown, "three*");
  assertStringIncludes(shown, "running");
  assertStringIncludes(shown, "linux/arm64*");
  for (const name of ["one", "default"]) {
    const [one, other] = [
      await pair.buildx("inspect", name),
      await pair.davit(
        "inspect",
        name,
      ),
    ];
    assertEquals(normalized(text(other)), normalized(text(one)));
  }
  const [one, other] = await Promise.all(
    [pair.buildx, pair.davit].map(async (run) =>
      text(await run("ls", "--format", "json")).trim().split("\n").map((
        line,
      ) => ({ ...JSON.parse(line), LastActivity: "" }))
    ),
  );
  assertEquals(other, one);
  await both("use", "--default", "one");
  await both("use", "--global", "three");
  await both("use", "default");
  await both("create", "--name", "three", "--leave", "--node", "three0");
  await files();
  for (
    const words of [
      ["create", "--name", "one", "tcp://127.0.0.1:9"],
      ["create", "--name", "no", "--driver", "nix"],
      ["create", "--name", "one", "--append", "--driver", "docker-container"],
      ["create", "--name", "three", "--leave", "--node", "far"],
      ["create", "--name", "no", "--leave", "--node", "far"],
      ["rm", "nobody", "default", "one"],
      ["rm", "--all-inactive", "three"],
    ]
  ) {
    const [one, other] = [
      await pair.buildx(...words),
      await pair.davit(...words),
    ];
    assertEquals([words, other.code], [words, one.code]);
    if (words[0] === "create") {
      assertEquals(
        [words, atSameTime(other.stderr)],
        [words, atSameTime(one.stderr)],
      );
    }
  }
  await both("create", "--name", "off", "tcp://127.0.0.1:1");
  // One that can't be used is told with --bootstrap, and its builder stays.
  const ill = ["tcp://127.0.0.1:1", "--driver-opt", "cacert=/none.pem"];
  const told = await pair.davit(
    "create",
    "--name",
    "ill",
    "--bootstrap",
    ...ill,
  );
  assertEquals(told.code, 1);
  assertStringIncludes(told.stderr, "/none.pem");
  assertEquals((await pair.davit("inspect", "--bootstrap", "ill")).code, 1);
  assertEquals((await pair.davit("rm", "ill")).code, 0);
  await both("create", "--name", "near", "--bootstrap", daemon.address);
  const format = "{{.Name}} {{.DriverEndpoint}} {{.Status}} {{.Buildkit}}";
  assertStringIncludes(await both("ls", "--format", format), "off0 ");
  await both("ls", "--format", "table {{.Name}}\t{{.Platforms}}");
  // Without a yes nothing is removed, and of those that run nothing is.
  assertStringIncludes(await both("rm", "--all-inactive"), "[y/N]");
  await files();
  const inactive = ["off removed", "three removed"];
  for (const run of [pair.buildx, pair.davit]) {
    const { code, stderr } = await run("rm", "--all-inactive", "--force");
    assertEquals(
      [code, atSameTime(stderr).split("\n").sort()],
      [0, inactive],
    );
  }
  assertEquals(
    Object.keys(await files()).filter((path) => path.includes("/instances/")),
    ["/instances/near"],
  );
});

/** An inspection without the second of the last use, and with options in one order. */
function normalized(shown: string): string {
  return shown.replace(/^(Last Activity:\s+).*$/m, "$1")
    .replace(
      /^(Driver Options:\s+)(.*)$/gm,
      (_, head, options) => head + options.split(" ").sort().join(" "),
    );
}

Deno.test("a container of davit is the same as one of buildx; each uses the other's, and a stopped one is started", async () => {
  const engine = await engineOf({ generation: "28", containerdStore: false });
  await importBuildkitImage(engine.host);
  await using pair = await makePair();
  const { buildx, davit, folders } = pair;
  const docker = (...args: string[]) =>
    runCommand(engine.cli!, args, { env: engine.cliEnv });
  const id = crypto.randomUUID().slice(0, 8);
  const names = [`x${id}`, `d${id}`] as const;
  // Below the engine's own: what is outside of it outlives the engine.
  const group = engine.host.replace(
    /^.*\/([^/]+)\/docker\.sock$/,
    "/$1/buildx",
  );
  const config = `${folders[0]}.toml`;
  await Deno.writeTextFile(config, "debug = true\n");
  const words = (name: string) => [
    ...["create", "--name", name, "--driver", "docker-container"],
    ...["--driver-opt", `network=host,cgroup-parent=${group}`],
    ...["--driver-opt", "env.WORD=a b,memory=1g,cpu-shares=512"],
    ...["--driver-opt", "restart-policy=on-failure:2"],
    ...["--buildkitd-flags", "--debug --oci-worker-net host"],
    ...["--buildkitd-config", config, "--bootstrap"],
  ];
  try {
    for (
      const [run, name] of [[buildx, names[0]], [davit, names[1]]] as const
    ) {
      const { code, stderr } = await run(...words(name));
      assertEquals([code, code === 0 ? "" : stderr], [0, ""]);
    }
    const inspected = await Promise.all(names.map(async (name) => {
      const container = `buildx_buildkit_${name}0`;
      const [found] = JSON.parse(await docker("inspect", container));
      return JSON.parse(
        JSON.stringify({
          Config: { ...found.Config, Hostname: "" },
          HostConfig: found.HostConfig,
          Mounts: found.Mounts.map(({ Type, Destination, Name }: never) => ({
            Type,
            Destination,
            Name,
          })),
        }).replaceAll(name, "NAME"),
      );
    }));
    assertEquals(inspected[1], inspected[0]);
    assertEquals(
      await docker(
        "exec",
        `buildx_buildkit_${names[1]}0`,
        "cat",
        "/etc/buildkit/buildkitd.toml",
      ),
      "debug = true\n",
    );
    const instances = await Promise.all(
      folders.map(async (folder, i) =>
        JSON.parse(
          (await Deno.readTextFile(`${folder}/instances/${names[i]}`))
            .replaceAll(names[i]!, "NAME"),
        )
      ),
    );
    assertEquals(instances[1], instances[0]);

    // Each shows the other's, running and stopped.
    const [own, other] = await Promise.all([
      buildx("inspect", names[0]),
      davitHere(["builder", "inspect", names[0]], {
        env: { ...engine.cliEnv, BUILDX_CONFIG: folders[0] },
      }),
    ]);
    assertEquals(normalized(text(other)), normalized(text(own)));
    assertStringIncludes(text(own), "running");
    await docker("stop", `buildx_buildkit_${names[1]}0`);
    assertStringIncludes(text(await davit("inspect", names[1])), "stopped");
    // doctor starts it, because a build does.
    const doctor = async () => {
      const { code, stdout, stderr } = await davitHere(
        ["doctor", "--builder", names[1]],
        { env: { ...engine.cliEnv, BUILDX_CONFIG: folders[1] } },
      );
      const lines = new TextDecoder().decode(stdout).split("\n");
      return {
        code,
        stderr,
        lines: lines.filter((line) => /node|it asked|engine/.test(line)),
      };
    };
    const stopped = await doctor();
    assertEquals(stopped, {
      code: 0,
      stderr: `starting container buildx_buildkit_${names[1]}0\n`,
      lines: [
        `✓ node ${
          names[1]
        }0 at ${engine.host}: the engine at ${engine.host} answers`,
        `✓ node ${names[1]}0 at ${engine.host}: its container buildx_buildkit_${
          names[1]
        }0 is stopped, a build starts it`,
        `✓ builder ${names[1]}: it asked for a secret of a step, and got it`,
        "✓ no other engine is needed, but for --load",
      ],
    });
    assertStringIncludes(text(await davit("inspect", names[1])), "running");
    await docker("stop", `buildx_buildkit_${names[1]}0`);
    const started = await davit("inspect", "--bootstrap", names[1]);
    assertStringIncludes(text(started), "running");
    assertEquals(
      started.stderr.trim(),
      `starting container buildx_buildkit_${names[1]}0`,
    );
    // One that is missing is made by create alone.
    await docker("rm", "-f", `buildx_buildkit_${names[1]}0`);
    assertStringIncludes(text(await davit("inspect", names[1])), "inactive");
    const absent = await doctor();
    assertEquals([absent.code, absent.lines[1]], [
      1,
      `✗ node ${names[1]}0 at ${engine.host}: Cannot use builder "${
        names[1]
      }": there is no container buildx_buildkit_${
        names[1]
      }0 at ${engine.host}; "davit builder create --name ${names[1]} --node ${
        names[1]
      }0" makes it`,
    ]);
    const missing = await davit("inspect", "--bootstrap", names[1]);
    assertEquals(missing.code, 1);
    assertStringIncludes(
      missing.stderr,
      `"davit builder create --name ${names[1]} --node ${names[1]}0" makes it`,
    );
    const again = await davit(
      ...["create", "--name", names[1], "--node", `${names[1]}0`],
    );
    assertEquals([again.code, text(again)], [0, `${names[1]}\n`]);
    assertStringIncludes(text(await davit("inspect", names[1])), "running");
    // Removed with its volume by either.
    const removed = await davit("rm", names[1]);
    assertEquals([removed.code, removed.stderr], [0, `${names[1]} removed\n`]);
  } finally {
    await buildx("rm", names[0]);
    await davit("rm", names[1]);
  }
  const left = `${await docker(
    "ps",
    "-a",
    "--format",
    "{{.Names}}",
  )}${await docker(
    ...["volume", "ls", "--format", "{{.Name}}"],
  )}`;
  for (const name of names) assert(!left.includes(name), left);
});

import { type PrivateBuildkitd, startBuildkitd } from "../buildkitd/daemon.ts";
import { runCommand } from "../engines/command.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../support/assert.ts";
import { engineOf } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { LOGIN, startRegistry } from "../support/registry.ts";
import { type CommandRun, runProgram } from "./command.ts";
import { davitHere } from "./in_process.ts";

const DOCKERFILE = `FROM davit-test/base
RUN --network=host --mount=type=secret,id=word,env=WORD echo \${#WORD} > /word
`;

/** A daemon as a builder of buildx's, an engine, and a context. */
interface Surroundings {
  readonly daemon: PrivateBuildkitd;
  readonly folder: string;
  readonly config: string;
  readonly host: string;
  davit(
    words: readonly string[],
    env?: Record<string, string>,
  ): Promise<CommandRun>;
  /** `docker` with the same files. */
  docker(...words: string[]): Promise<CommandRun>;
}

async function withSurroundings(
  use: (surroundings: Surroundings) => Promise<void>,
): Promise<void> {
  const engine = await engineOf({ generation: "28", containerdStore: false });
  await using daemon = await startBuildkitd({ tcp: true });
  await withTempFolder(async (folder) => {
    const config = `${folder}/config`;
    await writeTree(folder, {
      "config/cli-plugins/none": "",
      "context/Dockerfile": DOCKERFILE,
    });
    await Deno.symlink(
      `${engine.cliEnv.DOCKER_CONFIG}/cli-plugins/docker-buildx`,
      `${config}/cli-plugins/docker-buildx`,
    );
    const certs: string[] = [];
    for (const [name, pem] of Object.entries(daemon.tls)) {
      await Deno.writeTextFile(`${folder}/${name}.pem`, pem);
      certs.push(`${name === "ca" ? "cacert" : name}=${folder}/${name}.pem`);
    }
    const env = {
      ...engine.cliEnv,
      DOCKER_CONFIG: config,
      BUILDX_CONFIG: "",
      BUILDX_BUILDER: "",
      WORD: "hidden",
    };
    const { host } = engine;
    const surroundings: Surroundings = {
      daemon,
      folder,
      config,
      host,
      davit: (words, more = {}) =>
        davitHere(words, { cwd: folder, env: { ...env, ...more } }),
      docker: (...words) =>
        runProgram([engine.cli!, ...words], { cwd: folder, env }),
    };
    const made = await surroundings.davit([
      ...["builder", "create", "--name", "far", "--driver-opt"],
      ...[certs.join(","), daemon.tcpAddress],
    ]);
    assertEquals(made.code, 0, made.stderr);
    await use(surroundings);
  });
}

/** The words of a build in the context. */
function build(...words: string[]): string[] {
  return [
    ...["build", "--progress=plain", "--allow=network.host"],
    ...["--secret=id=word,env=WORD", ...words, "context"],
  ];
}

/** How many builds the daemon remembers. */
async function buildsOf(
  { buildctl, address }: PrivateBuildkitd,
): Promise<number> {
  const listed = await runCommand(buildctl, [
    ...["--addr", address, "debug", "histories"],
  ]);
  return listed.trim().split("\n").length - 1;
}

Deno.test("davit builds with the builder of the flag, the variable, or that was chosen", async () => {
  await withSurroundings(async ({ daemon, folder, config, davit, docker }) => {
    const word = () => Deno.readTextFile(`${folder}/out/word`);
    const named = await davit(build("--builder", "far", "-o", "out"));
    assertEquals(named.code, 0, named.stderr);
    assertEquals(await word(), "6\n");
    assertEquals(await buildsOf(daemon), 1);
    const varied = await davit(build("-o", "out"), { BUILDX_BUILDER: "far" });
    assertEquals(varied.code, 0, varied.stderr);
    assertEquals(await buildsOf(daemon), 2);
    // Nobody has chosen it yet: the engine builds.
    const text = "FROM davit-test/base\nRUN --network=none true\n";
    await Deno.writeTextFile(`${folder}/context/Dockerfile`, text);
    const engine = await davit(build("-o", "out"));
    assertEquals(engine.code, 0, engine.stderr);
    assertEquals(await buildsOf(daemon), 2);
    await docker("buildx", "use", "far");
    const chosen = await davit(build("-o", "out"));
    assertEquals(chosen.code, 0, chosen.stderr);
    assertEquals(await buildsOf(daemon), 3);
    // No engine is needed where a daemon builds.
    const nowhere = { DOCKER_HOST: "unix:///nowhere/docker.sock" };
    for (const words of [["--check"], ["-o", "out"]]) {
      const { code, stderr } = await davit(
        build("--builder", "far", ...words),
        nowhere,
      );
      assertEquals(code, 0, stderr);
    }
    assertEquals(await buildsOf(daemon), 4);
    const doctor = await davit(["doctor"]);
    const findings = new TextDecoder().decode(doctor.stdout);
    for (
      const line of [
        '✓ builder: far, driver remote, chosen by "docker buildx use"',
        `✓ node far0 at ${daemon.tcpAddress}: BuildKit v`,
        " for linux/amd64",
        "✓ builder far: it took a Dockerfile by file sync",
      ]
    ) assertStringIncludes(findings, line);
    assertEquals(await buildsOf(daemon), 5);
    const back = await davit(build("--builder", "default", "-o", "out"));
    assertEquals(back.code, 0, back.stderr);
    assertEquals(await buildsOf(daemon), 5);
    // Nothing of it stays, which is said.
    const unkept = await davit(build("-t", "a:1"));
    assertEquals(unkept.code, 0, unkept.stderr);
    assertStringIncludes(unkept.stderr, "stays in the daemon's cache");
    assertEquals(await buildsOf(daemon), 6);
    const gone = `${folder}/ca.pem`;
    await Deno.remove(gone);
    const { code, stderr } = await davit(build());
    assertEquals(code, 1);
    assertStringIncludes(stderr, 'ERROR: Cannot use builder "far": ');
    assertStringIncludes(stderr, gone);
    await Deno.writeTextFile(`${config}/buildx/instances/far`, "[]");
    const broken = await davit(build());
    assertStringIncludes(broken.stderr, "is no object");
    assertStringIncludes(broken.stderr, '"davit builder rm far" removes it');
    assertEquals((await davit(["builder", "rm", "far"])).code, 0);
    await davit(["builder", "create", "--name", "off", "tcp://127.0.0.1:1"]);
    const ill = await davit(["doctor", "--builder=off"]);
    assertEquals(ill.code, 1);
    const found = new TextDecoder().decode(ill.stdout);
    assertStringIncludes(found, "✓ builder: off, driver remote, by --builder");
    assertStringIncludes(found, "✗ node off0 at tcp://127.0.0.1:1 is inactive");
    assertStringIncludes(found, "✗ Cannot reach the BuildKit daemon");
    const absent = await davit(["doctor"], { BUILDX_BUILDER: "far" });
    assertEquals(absent.code, 1);
    assertStringIncludes(
      new TextDecoder().decode(absent.stdout),
      '✗ No builder "far"',
    );
    const none = await davit(build("--builder", "far"));
    assertStringIncludes(none.stderr, 'ERROR: No builder "far"');
  });
});

Deno.test("an image of a daemon is loaded into an engine by --load, or if its builder says so", async () => {
  await withSurroundings(async ({ davit, docker, daemon }) => {
    const id = crypto.randomUUID().slice(0, 8);
    const image = async (name: string) =>
      (await docker("image", "inspect", "-f", "{{.Id}}", name)).code === 0;
    const loaded = await davit(build(
      ...["--builder", "far", "--load", "-t", `${id}:load`, "--iidfile", "id"],
    ));
    assertEquals(loaded.code, 0, loaded.stderr);
    assert(await image(`${id}:load`));
    const typed = await davit(
      build("--builder", "far", "-o", `type=docker,name=${id}:typed`),
    );
    assertEquals(typed.code, 0, typed.stderr);
    assert(await image(`${id}:typed`));
    await davit([
      ...["builder", "create", "--name", "near", "--driver-opt"],
      ...["default-load=true", daemon.address],
    ]);
    const byBuilder = await davit(
      build("--builder", "near", "-t", `${id}:near`),
    );
    assertEquals(byBuilder.code, 0, byBuilder.stderr);
    assert(await image(`${id}:near`));
    // A build that fails loads nothing, and says why it failed.
    const failed = await davit(
      build("--builder", "near", "--target=no", "-t", `${id}:no`),
    );
    assertEquals(failed.code, 1);
    assertStringIncludes(failed.stderr, "target stage");
    assert(!await image(`${id}:no`));
    await docker("image", "rm", `${id}:load`, `${id}:typed`, `${id}:near`);
  });
});

Deno.test("an image of a daemon is pushed by it, and the file of facts is that of buildx", async () => {
  await using registry = await startRegistry({ auth: "basic" });
  await withSurroundings(async ({ davit, docker, folder, config }) => {
    await Deno.writeTextFile(
      `${config}/config.json`,
      JSON.stringify({
        auths: {
          [registry.host]: {
            auth: btoa(`${LOGIN.username}:${LOGIN.password}`),
          },
        },
      }),
    );
    const facts = async (file: string) => {
      const found = JSON.parse(await Deno.readTextFile(`${folder}/${file}`));
      assertMatch(found["buildx.build.ref"], /^far\/far0\/\w+$/);
      return found;
    };
    const name = `${registry.host}/app:1`;
    for (
      const words of [
        ["--push", "-t", name],
        ["-o", `type=image,name=${name},push=true`],
        ["-o", `type=registry,name=${name}`],
        ["-o", `type=image,name=${name}`, "--push"],
      ]
    ) {
      const before = registry.requests.length;
      const { code, stderr } = await davit(
        build("--builder", "far", "--metadata-file=davit.json", ...words),
      );
      assertEquals(code, 0, stderr);
      const { "containerimage.digest": digest } = await facts("davit.json");
      assert(
        registry.requests.slice(before).some(({ method, path }) =>
          method === "PUT" && path === "/v2/app/manifests/1"
        ),
        words.join(" "),
      );
      assertMatch(digest, /^sha256:/);
    }
    const own = await facts("davit.json");
    const { code, stderr } = await docker(
      "buildx",
      ...build(
        ...["--builder", "far", "--metadata-file=docker.json", "--push"],
        ...["-t", name],
      ),
    );
    assertEquals(code, 0, stderr);
    const other = await facts("docker.json");
    assertEquals(Object.keys(own), Object.keys(other));
    assertEquals(own["image.name"], other["image.name"]);
    const quiet = await davit([
      ...["build", "-q", "--builder", "far", "--push", "-t", name, "context"],
      ...["--allow=network.host", "--secret=id=word,env=WORD"],
    ]);
    assertEquals(quiet.code, 0, quiet.stderr);
    assertMatch(
      new TextDecoder().decode(quiet.stdout),
      /^sha256:[0-9a-f]{64}\n$/,
    );
  });
});

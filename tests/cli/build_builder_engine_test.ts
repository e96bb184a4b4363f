import { type PrivateBuildkitd, startBuildkitd } from "../buildkitd/daemon.ts";
import { standIns } from "../buildkitd/stand_ins.ts";
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
import { startScripted } from "./scripted.ts";

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
    const back = await davit(build("--builder", "default", "-o", "out"));
    assertEquals(back.code, 0, back.stderr);
    assertEquals(await buildsOf(daemon), 4);
    // Nothing of it stays, which is said.
    const unkept = await davit(build("-t", "a:1"));
    assertEquals(unkept.code, 0, unkept.stderr);
    assertStringIncludes(unkept.stderr, "stays in the daemon's cache");
    assertEquals(await buildsOf(daemon), 5);
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
    const none = await davit(build("--builder", "far"));
    assertStringIncludes(none.stderr, 'ERROR: No builder "far"');
  });
});

Deno.test("doctor of a builder looks at what the builder needs, and at no engine otherwise", async () => {
  await withSurroundings(async ({ daemon, folder, host, davit }) => {
    const nowhere = { DOCKER_HOST: "unix:///nowhere/docker.sock" };
    const doctor = async (name: string, env: Record<string, string> = {}) => {
      const words = name === "" ? ["doctor"] : ["doctor", `--builder=${name}`];
      const { code, stdout, stderr } = await davit(words, {
        ...nowhere,
        ...env,
      });
      assertEquals(stderr, "");
      const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
      return [
        code,
        lines.filter((line) => !line.startsWith("  before")).slice(1),
      ] as const;
    };
    const workers = "BuildKit v\\S+, a worker for linux/amd64\\S*( linux/.*)?";
    const working = (what: string) => [
      `✓ ${what}: it took a Dockerfile by file sync, over a session, and sent an export of \\d+ bytes`,
      `✓ ${what}: it asked for a secret of a step, and got it`,
    ];
    /** Each line must be that of its expression. */
    const assertLines = (lines: readonly string[], forms: string[]) => {
      assertEquals(lines.length, forms.length, lines.join("\n"));
      for (const [i, form] of forms.entries()) {
        assertMatch(lines[i]!, new RegExp(`^${form}$`));
      }
    };
    const [code, lines] = await doctor("far");
    assertEquals(code, 0, lines.join("\n"));
    assertLines(lines, [
      "✓ builder: far, driver remote, by --builder",
      "✓ permissions: all for a build of this folder",
      `✓ node far0 at ${daemon.tcpAddress}: ${workers}, by a certificate that is valid until \\d{4}-\\S+Z`,
      ...working("builder far"),
      "✓ no other engine is needed, but for --load",
    ]);
    // It leaves nothing there, not even in what the daemon remembers.
    assertEquals(await buildsOf(daemon), 0);
    assertEquals((await doctor("", { BUILDX_BUILDER: "far" }))[1], [
      lines[0]!.replace("--builder", "BUILDX_BUILDER"),
      ...lines.slice(1),
    ]);
    // Where images go to an engine by themselves, it must be there.
    const create = (...words: string[]) =>
      davit(["builder", "create", "--name", ...words]);
    await create("near", "--driver-opt=default-load=true", daemon.address);
    const [noEngine, near] = await doctor("near");
    assertEquals(noEngine, 1);
    assertMatch(near.join("\n"), /✗ .*nowhere\/docker\.sock/);
    const [withEngine, loading] = await doctor("near", { DOCKER_HOST: host });
    assertEquals(withEngine, 0);
    assertLines(loading.slice(-1), [
      `✓ engine: ${host}, by DOCKER_HOST: Docker \\S+, which gets the images \\(default-load\\)`,
    ]);
    // Of two nodes each is looked at, and the one that is there is built on.
    await create("off", "tcp://127.0.0.1:1");
    const refused =
      "tcp://127.0.0.1:1: Cannot reach the BuildKit daemon at tcp://127.0.0.1:1: connection refused.*";
    const [off, none] = await doctor("off");
    assertEquals(off, 1);
    assertLines(none.filter((line) => !line.startsWith("  ")), [
      "✓ builder: off, driver remote, by --builder",
      "✓ permissions.*",
      `✗ node off0 at ${refused}`,
      "✓ no other engine.*",
    ]);
    await create("off", "--append", "--node=on", daemon.address);
    const [half, both] = await doctor("off");
    assertEquals(half, 1);
    assertLines(both.filter((line) => !line.startsWith("  ")), [
      "✓ builder: off, driver remote, by --builder",
      "✓ permissions.*",
      `✗ node off0 at ${refused}`,
      `✓ node on at ${daemon.address}: ${workers}`,
      ...working("node on"),
      "✓ no other engine.*",
    ]);
    const [absent, named] = await doctor("", { BUILDX_BUILDER: "nobody" });
    assertEquals(absent, 1);
    assertMatch(named.join("\n"), /✗ No builder "nobody".*\n✓ permissions/);
    // The pods of a cluster: kubectl is a stand-in.
    const pod = (name: string) => ({
      metadata: { name, namespace: "ns" },
      spec: { containers: [{ name: "buildkitd" }] },
      status: { phase: "Running" },
    });
    const deployment = {
      kind: "Deployment",
      metadata: { name: "k0" },
      status: { readyReplicas: 2 },
    };
    const { buildctl, address } = daemon;
    {
      await using _programs = await standIns({
        buildctl,
        pods: { a: address },
        applications: {
          k0: { items: [deployment, pod("b"), pod("a")] },
          k1: { items: [] },
        },
      });
      for (const name of ["k0", "k1"]) {
        await writeTree(folder, {
          [`config/buildx/instances/${name}`]: JSON.stringify({
            Name: name,
            Driver: "kubernetes",
            Nodes: [{ Name: name, Endpoint: "kubernetes:///k" }],
          }),
        });
      }
      const [pods, found] = await doctor("k0");
      assertEquals(pods, 0, found.join("\n"));
      assertLines(found.slice(2), [
        `✓ node k0 at kubernetes:///k: pods a, b, ${workers}`,
        ...working("builder k0"),
        "✓ no other engine.*",
      ]);
      const [noPods, unmade] = await doctor("k1");
      assertEquals(noPods, 1);
      assertMatch(
        unmade[2]!,
        /^✗ node k1 at .*: no pod of its deployment runs; "docker buildx inspect --bootstrap k1" makes it$/,
      );
      const listed = await davit(["builder", "ls"]);
      const rows = new TextDecoder().decode(listed.stdout).split("\n")
        .filter((line) => line.includes("\\_ k"))
        .map((line) => line.replace(/ +/g, " ").replace(/ v0.*/, ""));
      assertEquals(rows, [
        " \\_ k0 \\_ kubernetes:///k running",
        " \\_ k0 \\_ kubernetes:///k running",
        " \\_ k1 \\_ kubernetes:///k inactive ",
      ]);
    }
    // What is wrong with a certificate is told, before and after it is read.
    await Deno.remove(`${folder}/cert.pem`);
    const [gone, unread] = await doctor("far");
    assertEquals(gone, 1);
    assertStringIncludes(unread[2]!, `cert can not be read`);
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
    // Without an engine nothing is built; one that refuses is the reason.
    const loadInto = (host: string) =>
      davit(build("--builder=far", "--load"), { DOCKER_HOST: host });
    const dead = await loadInto("unix:///nowhere.sock");
    assertEquals(dead.code, 1);
    assertMatch(dead.stderr, /^ERROR: No engine at unix:\/\/\/nowhere.sock/);
    await using refusing = await startScripted([]);
    const refused = await loadInto(refusing.host);
    assertEquals(refused.code, 1);
    assertMatch(refused.stderr, /ERROR: nobody expects POST \/images\/load/);
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

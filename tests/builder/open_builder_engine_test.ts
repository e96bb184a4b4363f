import {
  Builder,
  BuilderError,
  ConnectionError,
  DockerClient,
  openBuilder,
} from "../../mod.ts";
import { importBuildkitImage } from "../buildkitd/container_image.ts";
import { type PrivateBuildkitd, startBuildkitd } from "../buildkitd/daemon.ts";
import { standIns } from "../buildkitd/stand_ins.ts";
import { runCommand } from "../engines/command.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { engineOf } from "../support/engines.ts";

/** Puts variables in the environment while `use` runs. */
async function withEnvironment<T>(
  values: Readonly<Record<string, string>>,
  use: () => Promise<T>,
): Promise<T> {
  const before = Object.keys(values).map((name) =>
    [name, Deno.env.get(name)] as const
  );
  for (const [name, value] of Object.entries(values)) Deno.env.set(name, value);
  try {
    return await use();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}

interface GivenNode {
  readonly name?: string;
  readonly endpoint: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly platforms?: readonly object[];
}

/** A folder of buildx's with one builder, as buildx writes it. */
async function withBuilder(
  driver: string,
  nodes: readonly GivenNode[],
  use: (folder: string) => Promise<void>,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "davit-buildx-" });
  try {
    await Deno.mkdir(`${folder}/instances`);
    await Deno.writeTextFile(
      `${folder}/instances/ci`,
      JSON.stringify({
        Name: "ci",
        Driver: driver,
        Nodes: nodes.map(({ name, endpoint, options, platforms }, i) => ({
          Name: name ?? `ci${i}`,
          Endpoint: endpoint,
          Platforms: platforms ?? null,
          DriverOpts: options ?? null,
          Flags: null,
          Files: null,
        })),
        Dynamic: false,
      }),
    );
    const values = { BUILDX_CONFIG: folder, DOCKER_CONFIG: folder, ...more };
    await withEnvironment(values, () => use(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Builds with a secret, and gives the text that the build exports. */
async function buildWord(
  builder: Builder | DockerClient,
  platform?: string,
): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "davit-word-" });
  try {
    await builder.imageBuild({
      dockerfile: {
        text: platform === undefined
          ? "FROM davit-test/base AS run\nRUN --network=host --mount=type=secret,id=word cp /run/secrets/word /copy\nFROM scratch\nCOPY --from=run /copy /word\n"
          : "FROM scratch\nARG TARGETARCH\nCOPY <<E /word\n$TARGETARCH\nE\n",
      },
    }, {
      outputs: { type: "local", dest: folder },
      nocache: true,
      ...(platform === undefined
        ? { secrets: { word: "hidden" }, allow: "network.host" }
        : { platform }),
    }).result();
    return await Deno.readTextFile(`${folder}/word`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function writeCertificates(
  { directory, tls }: PrivateBuildkitd,
): Promise<Record<string, string>> {
  const paths: Record<string, string> = {};
  for (const [name, pem] of Object.entries(tls)) {
    const path = `${directory}/client-${name}.pem`;
    await Deno.writeTextFile(path, pem);
    paths[name === "ca" ? "cacert" : name] = path;
  }
  return paths;
}

Deno.test("a builder of the driver remote is opened by its name, the variable, or as the chosen one", async () => {
  await using daemon = await startBuildkitd({ tcp: true });
  const options = await writeCertificates(daemon);
  const endpoint = daemon.tcpAddress;
  await withBuilder("remote", [{ endpoint, options }], async (folder) => {
    {
      await using builder = await openBuilder("ci");
      assert(builder instanceof Builder);
      assertEquals(builder.address, endpoint);
      assertEquals(await buildWord(builder), "hidden");
    }
    assert(
      Date.now() - Date.parse(
            await Deno.readTextFile(`${folder}/activity/ci`),
          ) < 60_000,
    );
    await withEnvironment({ BUILDX_BUILDER: "CI" }, async () => {
      await using builder = await openBuilder();
      assert(builder instanceof Builder);
    });
    await Deno.writeTextFile(
      `${folder}/current`,
      `{"Key":"tcp://h:1","Name":"ci","Global":false}`,
    );
    await withEnvironment(
      { DOCKER_HOST: "tcp://h:1", BUILDX_BUILDER: "" },
      async () => {
        await using builder = await openBuilder();
        assert(builder instanceof Builder);
        // A context is an engine that builds itself.
        await using engine = await openBuilder("default");
        assert(engine instanceof DockerClient);
      },
    );
  });
});

Deno.test("what is wrong with a builder is said with its name, before anything is sent", async () => {
  const refused = async (words: string) => {
    const error = await assertRejects(() => openBuilder("ci"), BuilderError);
    assertEquals(error.builder, "ci");
    assertStringIncludes(error.message, words);
  };
  const endpoint = "tcp://127.0.0.1:1";
  const gone = { cacert: "/nowhere/ca.pem" };
  await withBuilder("remote", [{ endpoint, options: gone }], async (folder) => {
    await refused("/nowhere/ca.pem");
    assertStringIncludes(
      (await assertRejects(() => openBuilder("other"), BuilderError)).message,
      'No builder "other"',
    );
    await Deno.writeTextFile(`${folder}/instances/ci`, "{");
    await refused("is not JSON");
  });
  await withBuilder("remote", [], () => refused("has no nodes"));
  await withBuilder(
    "nix",
    [{ endpoint }],
    () => refused('driver "nix" is not'),
  );
  await withBuilder(
    "remote",
    [{ endpoint: "gopher://x" }],
    () => refused("gopher"),
  );
  await withBuilder(
    "remote",
    [{ endpoint, options: { foo: "x" } }],
    () => refused("invalid driver option foo"),
  );
});

Deno.test("a builder in a container is started if it is stopped, and never made", async () => {
  const engine = await engineOf({ generation: "28", containerdStore: false });
  await importBuildkitImage(engine.host);
  const docker = (...args: string[]) =>
    runCommand(engine.cli!, args, { env: engine.cliEnv });
  const name = `ci${crypto.randomUUID().slice(0, 8)}`;
  const container = `buildx_buildkit_${name}`;
  const nodes = [{ name, endpoint: engine.host }];
  await withBuilder("docker-container", nodes, async () => {
    const { message } = await assertRejects(
      () => openBuilder("ci"),
      BuilderError,
    );
    assertStringIncludes(message, `there is no container ${container}`);
    await docker("create", ...["--name", container, "--privileged"], ...[
      ...["--network", "host", "moby/buildkit:buildx-stable-1"],
      ...["--oci-worker-net", "host"],
      ...["--allow-insecure-entitlement", "network.host"],
    ]);
    try {
      await using builder = await openBuilder("ci");
      assert(builder instanceof Builder);
      assertEquals(await buildWord(builder, "linux/amd64"), "amd64\n");
    } finally {
      await docker("rm", "-f", container);
    }
  });
  const nowhere = [{ name, endpoint: "unix:///nowhere/docker.sock" }];
  await withBuilder("docker-container", nowhere, async () => {
    await assertRejects(() => openBuilder("ci"), ConnectionError);
  });
});

Deno.test("the pods of a builder are found by kubectl (a stand-in), those that run", async () => {
  await using daemon = await startBuildkitd();
  const pod = (name: string, phase: string, more = {}) => ({
    metadata: { name, namespace: "builds", ...more },
    spec: { containers: [{ name: "buildkitd" }] },
    status: { phase },
  });
  const { buildctl, address } = daemon;
  await using programs = await standIns({
    buildctl,
    pods: { "ci-2": address },
    applications: {
      "my-node": {
        items: [
          pod("ci-0", "Pending"),
          pod("ci-1", "Running", { deletionTimestamp: "now" }),
          pod("ci-3", "Running"),
          pod("ci-2", "Running"),
        ],
      },
      none: { items: [pod("ci-0", "Pending")] },
      odd: "text",
    },
  });
  const node = (name: string, query = "") => [{
    name,
    endpoint: `kubernetes:///ci?deployment=${name}&kubeconfig=${query}`,
    options: { namespace: "builds" },
  }];
  await withBuilder("kubernetes", node("my_node"), async () => {
    await using builder = await openBuilder("ci");
    assert(builder instanceof Builder);
    assertStringIncludes(builder.address, "kube-pod://ci-2?");
    assertEquals(await buildWord(builder), "hidden");
  });
  const [get, exec] = await programs.calls();
  assertEquals(get, [
    ...["kubectl", "get", "pods", "--selector=app=my-node"],
    ...["--output=json", "--namespace=builds"],
  ]);
  assertEquals(exec, [
    ...["kubectl", "exec", "-i", "--namespace=builds", "--container=buildkitd"],
    ...["ci-2", "--", "buildctl", "dial-stdio"],
  ]);
  for (
    const [name, words] of [
      ["none", "no pod of its deployment runs"],
      ["odd", "is no list in JSON"],
      ["nobody", "kubectl says: error: the server"],
    ] as const
  ) {
    await withBuilder("kubernetes", node(name), async () => {
      const error = await assertRejects(() => openBuilder("ci"), BuilderError);
      assertStringIncludes(error.message, words);
    });
  }
  await withBuilder("kubernetes", node("my_node", "/other"), async () => {
    const error = await assertRejects(() => openBuilder("ci"), BuilderError);
    assertStringIncludes(error.message, "KUBECONFIG=/other");
  });
  const path = Deno.env.get("PATH")!;
  await withBuilder("kubernetes", node("my_node"), async () => {
    const error = await assertRejects(() => openBuilder("ci"), BuilderError);
    assertStringIncludes(error.message, "needs kubectl, which is not there");
  }, { PATH: "/nowhere" });
  assertEquals(Deno.env.get("PATH"), path);
});

Deno.test("each node of a builder builds for the platforms that its file names for it", async () => {
  await using one = await startBuildkitd();
  await using other = await startBuildkitd({
    platforms: ["linux/arm64"],
    tcp: true,
  });
  await withBuilder("remote", [
    { endpoint: one.address },
    {
      endpoint: other.tcpAddress,
      options: await writeCertificates(other),
      platforms: [{ os: "linux", architecture: "arm64" }],
    },
  ], async () => {
    await using builder = await openBuilder("ci");
    assert(builder instanceof Builder);
    assertEquals([...builder.nodes.keys()], ["ci0", "ci1"]);
    assertEquals(await buildWord(builder, "linux/arm64"), "arm64\n");
    assertEquals(await buildWord(builder, "linux/amd64"), "amd64\n");
    const usage = await Promise.all(
      [...builder.nodes.values()].map(async (node) =>
        (await node.buildHistory().list()).length
      ),
    );
    assertEquals(usage, [1, 1]);
  });
});

/** One build over each kind of address, by real daemons. */
import { Builder, type BuilderOptions } from "../../lib/builder/builder.ts";
import {
  BUILDKIT_IMAGE,
  importBuildkitImage,
} from "../buildkitd/container_image.ts";
import { startBuildkitd } from "../buildkitd/daemon.ts";
import { startForwarder } from "../buildkitd/forwarder.ts";
import { standIns } from "../buildkitd/stand_ins.ts";
import { socketPathOf } from "../engines/engine_api.ts";
import { runCommand } from "../engines/command.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { ConnectionError } from "../../lib/errors.ts";
import { engineOf } from "../support/engines.ts";

const DOCKERFILE = `FROM davit-test/base AS made
RUN --mount=type=secret,id=word echo "it has $(wc -c < /run/secrets/word) bytes" > /out
FROM scratch
COPY --from=made /out /
COPY own /
`;

/** Builds a file from a secret and a context, and gives what came out. */
async function built(
  address: string,
  options: BuilderOptions = {},
  dockerfile: string = DOCKERFILE,
): Promise<Record<string, string>> {
  await using builder = await Builder.fromAddress(address, options);
  const dest = await Deno.makeTempDir({ prefix: "davit-builder-" });
  try {
    const build = builder.imageBuild({
      files: { Dockerfile: dockerfile, own: `by ${address}` },
    }, {
      outputs: { type: "local", dest },
      secrets: { word: "twelve bytes" },
      strictSecrets: true,
      nocache: true,
    });
    const { secrets, warnings } = await build.result();
    assertEquals(secrets.served, ["word"]);
    assertEquals(warnings, []);
    const files: Record<string, string> = {};
    for await (const { name } of Deno.readDir(dest)) {
      files[name] = await Deno.readTextFile(`${dest}/${name}`);
    }
    return files;
  } finally {
    await Deno.remove(dest, { recursive: true });
  }
}

Deno.test("a daemon builds with a secret over unix, tcp, mTLS, ssh and kubectl", async () => {
  await using daemon = await startBuildkitd({ tcp: true });
  await using plain = await startBuildkitd({ tcp: "plain" });
  const { address, tcpAddress, tls, buildctl } = daemon;
  await using programs = await standIns({
    buildctl,
    pods: { p0: address },
    hosts: { far: address },
  });
  const bytes = new TextEncoder();
  const kube = "kube-pod://p0?namespace=ns&container=c";
  const cases: [string, BuilderOptions?][] = [
    [address],
    [plain.tcpAddress],
    [tcpAddress, {
      tls: { ca: bytes.encode(tls.ca), cert: tls.cert, key: tls.key },
    }],
    [tcpAddress, { tls: { ...tls, serverName: "localhost" } }],
    ["ssh://me@far"],
    [kube],
  ];
  for (const [at, options] of cases) {
    assertEquals(await built(at, options), {
      out: "it has 12 bytes\n",
      own: `by ${at}`,
    });
  }
  // What the programs were called with.
  const calls = await programs.calls();
  const [ssh, kubectl] = calls;
  assertEquals(ssh, [
    ...["ssh", "-o", "ConnectTimeout=30", "-T", "-l", "me"],
    ...["--", "far", "buildctl", "dial-stdio"],
  ]);
  assertEquals(kubectl, [
    ...["kubectl", "exec", "-i", "--namespace=ns", "--container=c", "p0"],
    ...["--", "buildctl", "dial-stdio"],
  ]);
  // One connection for each build, and none is left.
  assertEquals(calls.length, 2);
  for (const at of ["ssh://near", "kube-pod://p1"]) {
    const { message } = await assertRejects(() => built(at), ConnectionError);
    assertStringIncludes(message, `Cannot reach the BuildKit daemon at ${at}`);
    assertStringIncludes(
      message,
      at.startsWith("ssh")
        ? "ssh says: ssh: Could not resolve hostname near"
        : 'kubectl says: Error from server (NotFound): pods "p1" not found',
    );
  }
});

Deno.test("a daemon in a container builds through the engine's API, and says what is wrong with the container", async () => {
  const engine = await engineOf({ generation: "28", containerdStore: false });
  await importBuildkitImage(engine.host);
  const docker = (...args: string[]) =>
    runCommand(engine.cli!, args, { env: engine.cliEnv });
  const name = `davit-test-${crypto.randomUUID()}`;
  const dockerHost = engine.host;
  const at = `docker-container://${name}`;
  const dockerfile = `FROM scratch AS made
COPY busybox /bin/
RUN --mount=type=secret,id=word ["/bin/busybox", "sh", "-c", "echo \\"it has $(/bin/busybox wc -c < /run/secrets/word) bytes\\" > /out"]
FROM scratch
COPY --from=made /out /
COPY own /
`;
  const refused = async (words: string) => {
    const { message } = await assertRejects(
      () => built(at, { dockerHost }),
      ConnectionError,
    );
    assertStringIncludes(message, `Cannot reach the BuildKit daemon at ${at}`);
    assertStringIncludes(message, words);
  };
  await refused("is that the name of the container?");
  await docker("create", "--name", name, "--privileged", ...[
    ...["--network", "none", BUILDKIT_IMAGE, "--oci-worker-net", "host"],
  ]);
  try {
    await refused('start the container with "docker start"');
    await docker("start", name);
    await using builder = await Builder.fromAddress(at, { dockerHost });
    // The daemon in it begins to listen when it is ready.
    let workers;
    for (let tries = 0; tries < 100 && workers === undefined; tries++) {
      workers = await builder.workers().catch(() => undefined);
    }
    assert(workers !== undefined, "no worker came");
    await docker("pause", name);
    await refused('start the container with "docker unpause"');
    await docker("unpause", name);
    const folder = await Deno.makeTempDir({ prefix: "davit-busybox-" });
    await docker("cp", `${name}:/bin/busybox`, `${folder}/busybox`);
    const dest = `${folder}/out`;
    const { secrets } = await builder.imageBuild({
      context: folder,
      files: { Dockerfile: dockerfile, own: "x" },
    }, {
      outputs: { type: "local", dest },
      secrets: { word: "twelve bytes" },
    }).result();
    assertEquals(secrets.served, ["word"]);
    assertEquals(
      await Deno.readTextFile(`${dest}/out`),
      "it has 12 bytes\n",
    );
    await Deno.remove(folder, { recursive: true });
    await docker("exec", name, "sh", "-c", "mv /bin/buildctl /bin/other");
    await builder.close();
    await refused('there is no "buildctl" in the container');
  } finally {
    await docker("rm", "-f", name);
    await docker("image", "rm", BUILDKIT_IMAGE);
  }
});

Deno.test("an engine behind a forwarder builds as a daemon does", async () => {
  const engine = await engineOf({ generation: "28", containerdStore: false });
  await using forwarder = await startForwarder(socketPathOf(engine.host));
  await using builder = await Builder.fromAddress(forwarder.host);
  const dest = await Deno.makeTempDir({ prefix: "davit-builder-" });
  const files = { Dockerfile: "FROM scratch\nCOPY own /\n", own: dest };
  await builder.imageBuild({ files }, {
    outputs: { type: "local", dest },
  }).wait();
  assertEquals(await Deno.readTextFile(`${dest}/own`), dest);
  await Deno.remove(dest, { recursive: true });
  // One connection carried the build and its session.
  assertEquals(forwarder.connections.length, 1);
});

import { runCommand, tryCommand } from "../engines/command.ts";
import { engineOf, engineTest } from "../support/engines.ts";
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { buildkitPrograms } from "./build.ts";
import { BUILDKIT_IMAGE, importBuildkitImage } from "./container_image.ts";
import { startBuildkitd } from "./daemon.ts";
import { startForwarder } from "./forwarder.ts";
import { standIns } from "./stand_ins.ts";

engineTest(
  "an engine looks like a daemon behind a forwarder",
  async (engine) => {
    const { buildctl } = await buildkitPrograms();
    await using forwarder = await startForwarder(engine.socketPath);
    const context = await Deno.makeTempDir({ prefix: "davit-context-" });
    await Deno.writeTextFile(
      `${context}/Dockerfile`,
      "FROM davit-test/base\nRUN echo it ran\n",
    );
    const { code, stderr } = await tryCommand(buildctl, [
      ...["--addr", forwarder.host, "build", "--frontend", "dockerfile.v0"],
      ...["--local", `context=${context}`, "--local", `dockerfile=${context}`],
      ...["--opt", "image-resolve-mode=local", "--no-cache"],
      // The one network that every engine of the tests has.
      ...["--opt", "force-network-mode=none"],
      ...["--progress", "plain"],
    ]);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "it ran");
    await Deno.remove(context, { recursive: true });
  },
);

Deno.test("a buildkitd runs in a container of an engine, as buildx makes one", async () => {
  const engine = await engineOf({ generation: "28", containerdStore: false });
  await importBuildkitImage(engine.host);
  const env = engine.cliEnv;
  const docker = (...args: string[]) => runCommand(engine.cli!, args, { env });
  const name = `davit-test-${crypto.randomUUID()}`;
  // Below the engine's own: what is outside of it outlives the engine.
  const group = engine.host.replace(
    /^.*\/([^/]+)\/docker\.sock$/,
    "/$1/buildx",
  );
  await docker("buildx", ...["create", "--name", name, "--bootstrap"], ...[
    ...["--driver", "docker-container"],
    ...["--driver-opt", `network=host,cgroup-parent=${group}`],
  ]);
  try {
    const container = `buildx_buildkit_${name}0`;
    assertStringIncludes(
      await docker("exec", container, "buildctl", "debug", "workers"),
      "linux/",
    );
    const context = await Deno.makeTempDir({ prefix: "davit-context-" });
    await Deno.writeTextFile(
      `${context}/Dockerfile`,
      "FROM scratch\nCOPY busybox /bin/sh\nRUN echo it ran\n",
    );
    await docker("cp", `${container}:/bin/busybox`, `${context}/busybox`);
    const { code, stderr } = await tryCommand(engine.cli!, [
      ...["buildx", "--builder", name, "build", "--progress=plain", context],
    ], { env });
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "it ran");
    await Deno.remove(context, { recursive: true });
  } finally {
    await docker("buildx", "rm", name);
    await docker("image", "rm", BUILDKIT_IMAGE);
  }
});

Deno.test("the stand-ins for kubectl and ssh lead to a real daemon, and refuse as the real ones", async () => {
  await using daemon = await startBuildkitd();
  const { address, buildctl } = daemon;
  const given = { buildctl, pods: { p0: address }, hosts: { far: address } };
  await using programs = await standIns(given);
  const list = (to: string) =>
    runCommand(buildctl, ["--addr", to, "debug", "workers"]);
  assertStringIncludes(await list("kube-pod://p0?namespace=ns"), "linux/");
  assertStringIncludes(await list("ssh://me@far"), "linux/");
  for (const to of ["kube-pod://p1", "ssh://near"]) {
    await assertRejects(() => list(to), Error, "exit code 1");
  }
  const [kubectl, ssh] = await programs.calls();
  assertEquals(kubectl, [
    ...["kubectl", "--context=", "--namespace=ns", "exec", "--container="],
    ...["-i", "p0"],
    ...["--", "buildctl", "dial-stdio"],
  ]);
  assertEquals(ssh?.at(-1), "dial-stdio");
});

/** Where the results of a daemon's builds go, and what else it tells. */
import { Builder } from "../../lib/builder/builder.ts";
import { DockerClient } from "../../lib/client/docker_client.ts";
import { UnsupportedError } from "../../lib/errors.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { SecretLeakError } from "../../lib/verify/leak_error.ts";
import { startBuildkitd } from "../buildkitd/daemon.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { engineOf } from "../support/engines.ts";
import { LOGIN, startRegistry } from "../support/registry.ts";

const CONTEXT = {
  files: {
    Dockerfile: `FROM davit-test/base AS base
RUN --mount=type=secret,id=word wc -c < /run/secrets/word > /length
FROM scratch
COPY --from=base /length /
COPY own /
`,
    own: "mine",
  },
};
const SECRETS = { word: "twelve bytes" };

Deno.test("each output of a daemon comes where it belongs, several at once, and none is a warning", async () => {
  await using daemon = await startBuildkitd();
  await using registry = await startRegistry({ auth: "basic" });
  await using builder = await Builder.fromAddress(daemon.address, {
    credentials: { [registry.host]: LOGIN },
  });
  const folder = await Deno.makeTempDir({ prefix: "davit-outputs-" });
  const built = async (options: ImageBuildOptions) =>
    await builder.imageBuild(CONTEXT, { secrets: SECRETS, ...options })
      .result();

  // Pushed by the daemon, with the login of this side.
  const name = `${registry.host}/app:1`;
  const pushed = await built({ tag: name, outputs: { type: "registry" } });
  assertEquals([pushed.warnings, pushed.secrets.served], [[], ["word"]]);
  assertEquals(pushed.imageId, pushed.image!.digest);
  assertEquals(
    pushed.image!.platforms.map(({ digest }) => digest),
    [pushed.imageId],
  );
  const manifest = await fetch(`http://${registry.host}/v2/app/manifests/1`, {
    headers: {
      accept: "application/vnd.docker.distribution.manifest.v2+json",
      authorization: `Basic ${btoa(`${LOGIN.username}:${LOGIN.password}`)}`,
    },
  });
  await manifest.body?.cancel();
  assertEquals(
    manifest.headers.get("docker-content-digest"),
    pushed.image!.digest,
  );

  // Everything that comes to this machine, at once, and looked through before.
  const several = await built({
    tag: "app:1",
    verify: true,
    outputs: [
      { type: "local", dest: `${folder}/files` },
      { type: "tar", dest: `${folder}/files.tar` },
      { type: "oci", dest: `${folder}/oci.tar` },
      { type: "docker", dest: `${folder}/docker.tar` },
    ],
  });
  assertEquals([several.imageId, several.image], ["", undefined]);
  assertEquals(several.exports.length, 4);
  assertEquals(several.verification?.finds, []);
  assertEquals(await Deno.readTextFile(`${folder}/files/length`), "12\n");
  for (const archive of ["files", "oci", "docker"]) {
    assert((await Deno.stat(`${folder}/${archive}.tar`)).size > 1024, archive);
  }
  // A secret in what comes here is found before it is there.
  await assertRejects(
    () =>
      builder.imageBuild({
        files: {
          Dockerfile:
            "FROM davit-test/base\nRUN --mount=type=secret,id=word cp /run/secrets/word /kept\n",
        },
      }, {
        secrets: SECRETS,
        verify: true,
        outputs: { type: "oci", dest: `${folder}/leak.tar` },
      }).wait(),
    SecretLeakError,
  );
  await assertRejects(() => Deno.stat(`${folder}/leak.tar`));

  // In the daemon's own store, and nowhere.
  const stored = await built({ tag: "app:1", outputs: { type: "image" } });
  assertEquals(stored.imageId, pushed.imageId);
  const nowhere = await built({ tag: "app:1" });
  assertEquals(nowhere.imageId, "");
  assertEquals(nowhere.warnings.map(({ code }) => code), ["no-output"]);
  const meant = await built({ outputs: { type: "cacheonly" } });
  assertEquals(meant.warnings, []);
  await assertRejects(
    () => built({ outputs: { type: "moby" } }),
    UnsupportedError,
  );

  // An engine loads the archive while the daemon makes it.
  const engine = await engineOf({ generation: "28", containerdStore: false });
  await using docker = await DockerClient.fromDockerHost(engine.host);
  const { readable, writable } = new TransformStream<
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>
  >();
  const tag = `davit-test-${crypto.randomUUID()}:1`;
  const [loaded] = await Promise.all([
    docker.imageLoad(readable),
    built({ tag, outputs: { type: "docker", dest: writable } }),
  ]);
  assertEquals(loaded.names, [tag]);
  await docker.imageRemove(tag);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a daemon answers questions about a Dockerfile, keeps a history, and forgets its cache", async () => {
  await using daemon = await startBuildkitd();
  await using builder = await Builder.fromAddress(daemon.address);
  const check = await builder.dockerfileCheck({
    files: { Dockerfile: "FROM scratch AS A\nfrom scratch\n" },
  }).result();
  assert(check.violations.length > 0);
  const outline = await builder.dockerfileOutline(CONTEXT, { target: "base" })
    .result();
  assertEquals(outline.secrets.map(({ id }) => id), ["word"]);
  const targets = await builder.dockerfileTargets(CONTEXT).result();
  assertEquals(targets.map(({ name }) => name), ["base", ""]);
  const call = await builder.dockerfileCall("targets", CONTEXT).result();
  assert(call.json?.includes('"base"'));
  {
    await using files = await builder.buildFiles(CONTEXT, { secrets: SECRETS })
      .result();
    assertEquals(await files.readTextFile("/length"), "12\n");
  }
  const { ref } = await builder.imageBuild(CONTEXT, {
    secrets: SECRETS,
    outputs: { type: "cacheonly" },
  }).result();
  const history = await builder.buildHistory().list();
  assert(history.some((record) => record.ref === ref));
  const { records, total } = await builder.buildDiskUsage();
  assert(records.length > 0 && total > 0);
  const pruned = await Array.fromAsync(
    builder.buildPruneRecords({ all: true }),
  );
  assert(pruned.length > 0);
  const [worker, ...others] = await builder.workers();
  assertEquals(others, []);
  assert(worker!.platforms.includes(`linux/${goArch()}`));
  assertEquals(typeof await builder.version(), "string");
});

function goArch(): string {
  return Deno.build.arch === "aarch64" ? "arm64" : "amd64";
}

Deno.test("a closed builder ends its builds, and begins no others", async () => {
  await using daemon = await startBuildkitd();
  const builder = await Builder.fromAddress(daemon.address);
  const build = builder.imageBuild({
    files: { Dockerfile: "FROM davit-test/base\nRUN sleep 1000\n" },
  }, { outputs: { type: "cacheonly" } });
  for await (const event of build.events()) {
    const runs = event.type === "vertex" && event.name.includes("RUN sleep") &&
      event.started !== undefined;
    if (runs) break;
  }
  await builder.close();
  await assertRejects(() => build.wait(), DOMException);
  await assertRejects(() => builder.workers(), Error, "closed");
  await builder.close();
});

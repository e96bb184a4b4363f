import { assertEquals, assertRejects } from "../support/assert.ts";
import { BUILD_HEAD, startFakeEngine } from "../support/fake_engine.ts";
import { dockerfileTar } from "../support/tar.ts";
import {
  type BuildMessage,
  displayBuild,
  DockerClient,
  type DockerClientOptions,
  type FolderContext,
  type GatewayOptions,
  type ImageBuild,
  type ImageBuildOptions,
  type ImagePullOptions,
  type ImagePushOptions,
  type LogEvent,
  type SecretMessage,
  tarDirectory,
  type TarDirectoryOptions,
  type WarningEvent,
} from "../../mod.ts";
import type { TraceMessage, VertexLog, WarningCode } from "../../lib/types.ts";

// What must check, and what must not, is seen by `deno check`: the functions
// here are not called.

/** Whether two types are one. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;

function is<_ extends true>(): void {}

Deno.test("the id of a message tells its type", async () => {
  function byId(message: BuildMessage): string {
    switch (message.id) {
      case "davit.warning": {
        is<Same<typeof message.aux.code, WarningCode>>();
        return message.status;
      }
      case "davit.secret":
        is<Same<typeof message, SecretMessage>>();
        return message.aux.state;
      case "davit.context":
        return String(message.aux.bytesSent);
      case "moby.buildkit.trace":
        is<Same<typeof message, TraceMessage>>();
        return String(message.trace.vertexes.length);
      case "moby.image.id":
        return message.aux.ID;
    }
    // @ts-expect-error: of other messages it is not known
    message.aux?.ID;
    return message.id ?? "";
  }
  function byOneId(message: BuildMessage): string | undefined {
    if (message.id === "davit.secret") return message.aux.id;
    // @ts-expect-error: there is no such message
    if (message.id === "davit.unknown") return "never";
    return undefined;
  }
  // And what comes at run time is what the types say.
  const id = `sha256:${"a".repeat(64)}`;
  await using engine = await startFakeEngine((request) =>
    request.write(
      `${BUILD_HEAD}{"id":"moby.image.id","aux":{"ID":"${id}"}}\n{"id":"0123","status":"Pulling"}\n`,
    )
  );
  await using docker = await DockerClient.fromDockerHost(engine.host);
  const build = docker.imageBuild(dockerfileTar("FROM scratch"), {
    session: false,
    rm: true,
  });
  const seen: string[] = [];
  for await (const message of build.messages()) {
    seen.push(byId(message));
    assertEquals(byOneId(message), undefined);
  }
  assertEquals(seen.slice(-2), [id, "0123"]);
  assertEquals(seen[0]?.startsWith("rm has no effect"), true);
});

Deno.test("streams and bytes of davit's fit those of the platform", () => {
  async function _fits(docker: DockerClient, build: ImageBuild) {
    const gzip = () => new CompressionStream("gzip");
    (await docker.imageSave("app:1")).pipeThrough(gzip());
    build.logs().pipeThrough(gzip());
    tarDirectory("./app").pipeThrough(gzip());
    new Response(build.logs());
    for await (const event of build.events()) {
      if (event.type === "log") new Blob([event.bytes]);
    }
    docker.imageBuild("./app", {
      outputs: { type: "tar", dest: gzip().writable },
    });
    await displayBuild(build, { output: gzip().writable });
    await displayBuild(build, { output: Deno.stdout });
    docker.imageBuild(tarDirectory("./app").pipeThrough(gzip()));
    await docker.imageLoad(new Blob().stream());
    const _bytes: Uint8Array<ArrayBuffer>[] = [
      (undefined as unknown as LogEvent).bytes,
      (undefined as unknown as VertexLog).data,
    ];
  }
  is<Same<WarningEvent["code"], WarningCode | undefined>>();
});

Deno.test("undefined is taken where an option may be absent", async () => {
  const no = undefined;
  const options: ImageBuildOptions = {
    version: no,
    dockerfile: no,
    tag: no,
    extrahosts: no,
    remote: no,
    quiet: no,
    nocache: no,
    cachefrom: no,
    pull: no,
    rm: no,
    forcerm: no,
    memory: no,
    memswap: no,
    cpushares: no,
    cpusetcpus: no,
    cpuperiod: no,
    cpuquota: no,
    cgroupparent: no,
    buildargs: no,
    shmsize: no,
    ulimits: no,
    squash: no,
    labels: no,
    networkmode: no,
    credentials: no,
    platform: no,
    target: no,
    outputs: no,
    secrets: no,
    secretsVia: no,
    strictSecrets: no,
    verify: no,
    ssh: no,
    allowSecretFiles: no,
    signal: no,
    session: no,
  };
  const client: DockerClientOptions = {
    apiVersion: no,
    credentials: no,
    dockerConfig: no,
  };
  const _others: [
    ImagePushOptions,
    ImagePullOptions,
    TarDirectoryOptions,
    FolderContext,
    GatewayOptions,
  ] = [
    { tag: no, signal: no, credentials: no },
    { tag: no, platform: no, signal: no },
    { ignore: no, dockerfile: no, sourceDateEpoch: no, signal: no },
    { context: "./app", dockerfile: no, ignore: no },
    { listen: no, engine: no, allow: no, limits: { maxBuilds: no } },
  ];
  const id = `sha256:${"a".repeat(64)}`;
  const targets: string[] = [];
  await using engine = await startFakeEngine(async (request) => {
    targets.push(request.target.replace(/buildid=[\w-]+/, ""));
    await request.write(
      `${BUILD_HEAD}{"id":"moby.image.id","aux":{"ID":"${id}"}}\n`,
    );
  });
  await using docker = await DockerClient.fromDockerHost(engine.host, client);
  for (const given of [{ session: false } as const, options]) {
    await docker.imageBuild(dockerfileTar("FROM scratch"), {
      ...given,
      session: false,
    }).wait();
  }
  assertEquals(targets[0], targets[1]);
});

Deno.test("a Map where an object is expected is refused, not ignored", async () => {
  await using docker = await DockerClient.fromDockerHost("unix:///nowhere");
  const map: Map<string, string> = new Map([["A", "1"]]);
  function _check() {
    // @ts-expect-error: no Map
    docker.imageBuild("./app", { buildargs: map });
    // @ts-expect-error: no Map
    docker.imageBuild("./app", { labels: map });
    // @ts-expect-error: no Map
    docker.imageBuild("./app", { secrets: map });
  }
  // deno-lint-ignore no-explicit-any -- what JavaScript may give
  const any = map as any;
  for (
    const options of [
      { buildargs: any },
      { labels: any },
      { secrets: any },
      { extrahosts: any },
      { credentials: any },
      { credentials: { "r.example": any } },
      { ssh: any },
      { outputs: { type: "moby" as const, attrs: any } },
      { outputs: { type: "local" as const, dest: "./out", attrs: any } },
      { version: "1" as const, secrets: any },
      any,
    ]
  ) {
    await assertRejects(
      () => docker.imageBuild(new ReadableStream(), options).wait(),
      TypeError,
      "Object.fromEntries(map)",
    );
  }
  for (
    const call of [
      () => docker.imagePrune({ filters: any }),
      () => docker.imageVerifySecrets("app:1", any),
    ]
  ) {
    await assertRejects(call, TypeError, "Object.fromEntries(map)");
  }
});

Deno.test("outputs as the name of a folder says what to write", async () => {
  await using docker = await DockerClient.fromDockerHost("unix:///nowhere");
  await assertRejects(
    () => docker.imageBuild("./app", { outputs: "./out" }).wait(),
    TypeError,
    'for a folder write { type: "local", dest: "./out" }',
  );
});

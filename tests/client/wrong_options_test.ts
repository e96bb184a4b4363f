import {
  displayBuild,
  DockerClient,
  fetchTransport,
  serveGateway,
  tarDirectory,
  type Transport,
  verifySecrets,
} from "../../mod.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

/** An engine that must not be asked for anything. */
function silentEngine(): { transport: Transport; asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    transport: {
      fetch(path) {
        asked.push(path);
        return Promise.reject(new Error("it was asked"));
      },
      close() {},
    },
  };
}

// deno-lint-ignore no-explicit-any -- what a program without types passes
type Untyped = any;

const tar = () => new Uint8Array(1024);

const WRONG: readonly [
  name: string,
  call: (docker: Untyped) => Promise<unknown> | unknown,
  message: string,
][] = [
  [
    "build, other capitals",
    (docker) => docker.imageBuild(tar(), { buildArgs: {} }).wait(),
    'Cannot build: there is no option "buildArgs"; did you mean "buildargs"?',
  ],
  [
    "build, null",
    (docker) => docker.imageBuild(tar(), null).wait(),
    "Cannot build: the options are an object",
  ],
  [
    "client, a Map",
    () =>
      DockerClient.fromDockerHost("tcp://127.0.0.1:1", new Map() as Untyped),
    "Cannot make a client: the options are an object; a Map becomes one by Object.fromEntries(map)",
  ],
  [
    "load, a path",
    (docker) => docker.imageLoad("images.tar"),
    "Cannot load images: expected a tar as a stream of its bytes, a Uint8Array or a Blob, as in (await Deno.open(path)).readable; it is a string",
  ],
  [
    "import, a Response",
    (docker) => docker.imageImport(new Response("x")),
    "Cannot import an image: expected a tar as a stream of its bytes, a Uint8Array or a Blob, as in (await Deno.open(path)).readable; give its body, as in (await fetch(url)).body",
  ],
  [
    "save, nothing",
    (docker) => docker.imageSave(undefined),
    "Cannot save images: expected the name of an image, or a list of names",
  ],
  [
    "build, plural",
    (docker) => docker.imageBuild(tar(), { tags: ["a"] }).wait(),
    'Cannot build: there is no option "tags"; did you mean "tag"?',
  ],
  [
    "build, singular",
    (docker) => docker.imageBuild(tar(), { secret: {} }).wait(),
    'Cannot build: there is no option "secret"; did you mean "secrets"?',
  ],
  [
    "build, dockerode's name",
    (docker) => docker.imageBuild(tar(), { t: "a" }).wait(),
    'Cannot build: there is no option "t"; did you mean "tag"?',
  ],
  [
    "build, a flag's name",
    (docker) => docker.imageBuild(tar(), { file: "a" }).wait(),
    'Cannot build: there is no option "file"; did you mean "dockerfile"?',
  ],
  [
    "build, unknown",
    (docker) => docker.imageBuild(tar(), { colour: "red" }).wait(),
    'Cannot build: there is no option "colour"',
  ],
  [
    "build, tag",
    (docker) => docker.imageBuild(tar(), { tag: 5 }).wait(),
    'Cannot use tag 5: expected "name" or "name:tag", in lower case',
  ],
  [
    "build, switch as text",
    (docker) => docker.imageBuild(tar(), { nocache: "false" }).wait(),
    "Cannot use nocache: expected true or false",
  ],
  [
    "build, allowSecretFiles as text",
    (docker) => docker.imageBuild(tar(), { allowSecretFiles: "false" }).wait(),
    "Cannot use allowSecretFiles: expected true or false",
  ],
  [
    "build, platform",
    (docker) => docker.imageBuild(tar(), { platform: ["linux", 5] }).wait(),
    "Cannot use platform: expected text",
  ],
  [
    "build, output",
    (docker) =>
      docker.imageBuild(tar(), { outputs: { type: "folder", dest: "out" } })
        .wait(),
    'Cannot use outputs of type "folder": expected one of local, tar, oci, docker, moby, image, registry, cacheonly',
  ],
  [
    "build, verify",
    (docker) =>
      docker.imageBuild(tar(), {
        secrets: { a: "12345678" },
        verify: { keeptags: true },
      }).wait(),
    'Cannot verify: there is no option "keeptags"; did you mean "keepTags"?',
  ],
  [
    "build, signal",
    (docker) => docker.imageBuild(tar(), { signal: 5000 }).wait(),
    "Cannot use signal: expected an AbortSignal, such as AbortSignal.timeout(60_000) or the signal of an AbortController",
  ],
  [
    "request, signal",
    (docker) => docker.version({ signal: new AbortController() }),
    "Cannot use signal: expected an AbortSignal, such as AbortSignal.timeout(60_000) or the signal of an AbortController",
  ],
  [
    "push",
    (docker) => docker.imagePush("a:1", { auth: {} }).wait(),
    'Cannot push: there is no option "auth"; expected one of tag, credentials, signal',
  ],
  [
    "pull",
    (docker) => docker.imagePull("a:1", { credential: {} }).wait(),
    'Cannot pull: there is no option "credential"; did you mean "credentials"?',
  ],
  [
    "image prune, which would take more",
    (docker) => docker.imagePrune({ filter: { until: ["24h"] } }),
    'Cannot prune: there is no option "filter"; did you mean "filters"?',
  ],
  [
    "build prune, which would take more",
    (docker) => docker.buildPrune({ keepStorage: 1 }),
    'Cannot prune: there is no option "keepStorage"; expected one of all, reservedSpace, maxUsedSpace, minFreeSpace, filters, signal',
  ],
  [
    "remove",
    (docker) => docker.imageRemove("a", { noPrune: true }),
    'Cannot remove: there is no option "noPrune"; did you mean "noprune"?',
  ],
  [
    "list",
    (docker) => docker.imageList({ filter: {} }),
    'Cannot list: there is no option "filter"; did you mean "filters"?',
  ],
  [
    "load",
    (docker) => docker.imageLoad(new Blob([]).stream(), { onprogress() {} }),
    'Cannot load: there is no option "onprogress"; did you mean "onProgress"?',
  ],
  [
    "save",
    (docker) => docker.imageSave("a", { onprogress() {} }),
    'Cannot save: there is no option "onprogress"; did you mean "onProgress"?',
  ],
  [
    "import",
    (docker) => docker.imageImport(new Blob([]).stream(), { name: "a" }),
    'Cannot import: there is no option "name"; expected one of repo, tag, message, changes, platform, signal',
  ],
  [
    "distribution",
    (docker) => docker.distributionInspect("a", { auth: {} }),
    'Cannot inspect: there is no option "auth"; expected one of credentials, signal',
  ],
  [
    "verifySecrets",
    () => verifySecrets(".", { a: "12345678" }, { ignored() {} } as Untyped),
    'Cannot look for secrets: there is no option "ignored"; expected one of ignore, signal',
  ],
  [
    "imageVerifySecrets",
    (docker) =>
      docker.imageVerifySecrets("a", { a: "12345678" }, { ignored() {} }),
    'Cannot look for secrets: there is no option "ignored"; expected one of ignore, signal',
  ],
  [
    "tarDirectory",
    () => tarDirectory(".", { ignores: [] } as Untyped),
    'Cannot pack: there is no option "ignores"; did you mean "ignore"?',
  ],
  [
    "displayBuild, option",
    () =>
      displayBuild({ events: () => [] } as Untyped, {
        colour: true,
      } as Untyped),
    'Cannot display: there is no option "colour"; expected one of mode, name, terminal, color, notice, now, output',
  ],
  [
    "displayBuild, not a build",
    () => displayBuild(Promise.resolve("sha256:…") as Untyped),
    "Cannot display: expected what imageBuild() gives, without wait() behind it",
  ],
  [
    "client, option",
    () => new DockerClient(silentEngine().transport, { auth: {} } as Untyped),
    'Cannot make a client: there is no option "auth"; expected one of apiVersion, credentials, dockerConfig, onSilence',
  ],
  [
    "client, address",
    () => new DockerClient("unix:///var/run/docker.sock" as Untyped),
    'Cannot make a client: expected a transport; for an address write "await DockerClient.fromDockerHost(uri)"',
  ],
  [
    "fetchTransport",
    () => fetchTransport("unix:///x.sock"),
    "Cannot reach an engine by fetch at unix:///x.sock: expected an http: or https: address without a query; a token goes into the option headers, and DockerClient.fromDockerHost() takes other addresses",
  ],
  [
    "gateway, option",
    () => serveGateway({ limit: { maxBuilds: 1 } } as Untyped),
    'Cannot serve a gateway: there is no option "limit"; did you mean "limits"?',
  ],
  [
    "gateway, listen",
    () => serveGateway({ listen: "unix:///x.sock" } as Untyped),
    'Cannot serve a gateway: listen is { path: "/run/davit.sock" } for a Unix socket, { port, tls, token } or { port, plainLoopback: true }',
  ],
];

for (const [name, call, message] of WRONG) {
  Deno.test(`a wrong option is refused before anything is sent: ${name}`, async () => {
    const { transport, asked } = silentEngine();
    const docker = new DockerClient(transport);
    const error = await assertRejects(
      async () => await call(docker),
      TypeError,
    );
    assertEquals(error.message, message);
    assertEquals(asked, []);
    await docker.close();
  });
}

Deno.test("a wrong signal comes through the result, as every wrong option of a build", async () => {
  const docker = new DockerClient(silentEngine().transport);
  const wrong = { signal: 5000 } as Untyped;
  const build = docker.imageBuild(tar(), wrong);
  await assertRejects(() => build.result(), TypeError, "Cannot use signal");
  const push = docker.imagePush("a:1", wrong);
  await assertRejects(() => push.wait(), TypeError, "Cannot use signal");
  await docker.close();
});

import {
  DockerClient,
  fetchTransport,
  type ImageBuildOptions,
  UnsupportedError,
} from "../../mod.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { startFakeEngine } from "../support/fake_engine.ts";
import { dockerfileTar } from "../support/tar.ts";

const SECRETS = { secrets: { token: "a secret value" } };

Deno.test("strictSecrets is refused where nobody can keep it, before a build is asked for", async () => {
  await using engine = await startFakeEngine(() => {});
  await using socket = await DockerClient.fromDockerHost(engine.host);
  using client = Deno.createHttpClient({
    proxy: { transport: "unix", path: engine.host.slice("unix://".length) },
  });
  await using plain = new DockerClient(fetchTransport("http://localhost", {
    fetch: ((input: string, init: RequestInit) =>
      fetch(input, { ...init, client })) as typeof fetch,
  }));
  const cases: [DockerClient, ImageBuildOptions, string][] = [
    [socket, { version: "1" }, "classic builder"],
    [socket, { ...SECRETS, version: "1" }, "classic builder"],
    [socket, { ...SECRETS, secretsVia: "header" }, "secretsVia"],
    [socket, { secretsVia: "header" }, "secretsVia"],
    [socket, { session: "mine" }, "leave the option session out"],
    [
      socket,
      { ...SECRETS, session: "mine", secretsVia: "header" },
      "leave the option session out",
    ],
    [socket, { session: false }, "without a session"],
    [plain, SECRETS, "can not serve a session"],
    [plain, {}, "can not serve a session"],
  ];
  for (const [docker, options, words] of cases) {
    for (const strictSecrets of [true, "missing", "unused"] as const) {
      const error = await assertRejects(
        () =>
          docker.imageBuild(dockerfileTar("FROM scratch"), {
            ...options,
            strictSecrets,
          }).wait(),
        UnsupportedError,
        words,
      );
      assertEquals(error.feature, "strictSecrets");
    }
  }
  assertEquals(
    engine.requests.filter(({ target }) => !target.includes("_ping")),
    [],
  );
});

Deno.test("strictSecrets is refused by an engine without sessions, also where there are no secrets", async () => {
  await using engine = await startFakeEngine(async (request) => {
    await request.write(
      "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
    );
    request.close();
  });
  await using docker = await DockerClient.fromDockerHost(engine.host);
  for (const strictSecrets of ["missing", "unused"] as const) {
    await assertRejects(
      () =>
        docker.imageBuild(dockerfileTar("FROM scratch"), { strictSecrets })
          .wait(),
      UnsupportedError,
      "can not be asked for a session",
    );
  }
  assertEquals(
    engine.requests.filter(({ target }) => target.includes("/build")),
    [],
  );
});

Deno.test("strictSecrets fails where a gateway does not say that it tells", async () => {
  await using docker = new DockerClient({
    fetch: () =>
      Promise.resolve(
        new Response(
          '{"id":"moby.image.id","aux":{"ID":"sha256:1"}}\n',
          { headers: { "api-version": "1.51", "x-davit-gateway": "1" } },
        ),
      ),
    close() {},
  });
  const build = (strictSecrets: boolean) =>
    docker.imageBuild(dockerfileTar("FROM scratch"), {
      strictSecrets,
      ...SECRETS,
    });
  const error = await assertRejects(() => build(true).wait(), UnsupportedError);
  assertEquals(error.feature, "strictSecrets");
  const { secrets } = await build(false).result();
  assertEquals(secrets, { served: [], missing: [], cached: [], unused: [] });
});

Deno.test("strictSecrets is one of four values", async () => {
  await using docker = await DockerClient.fromDockerHost("unix:///none");
  for (const strictSecrets of ["yes", 1, null]) {
    await assertRejects(
      () =>
        docker.imageBuild(dockerfileTar("FROM scratch"), {
          strictSecrets: strictSecrets as unknown as boolean,
        }).wait(),
      TypeError,
      'strictSecrets is true, false, "missing" or "unused"',
    );
  }
});

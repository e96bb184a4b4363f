import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { DockerClient } from "../../lib/client/docker_client.ts";
import { ConnectionError } from "../../lib/errors.ts";
import { scripted, ScriptedEngine } from "../engine/scripted_engine.ts";

/** Runs with these environment variables, and without the others of docker's. */
async function withVariables(
  values: Record<string, string>,
  use: () => Promise<void>,
): Promise<void> {
  const names = [
    "DOCKER_HOST",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_API_VERSION",
    "DOCKER_DEFAULT_PLATFORM",
    "DOCKER_CUSTOM_HEADERS",
  ];
  const before = names.map((name) => [name, Deno.env.get(name)] as const);
  try {
    for (const name of names) Deno.env.delete(name);
    for (const [name, value] of Object.entries(values)) {
      Deno.env.set(name, value);
    }
    await use();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}

const DIGEST = `sha256:${"ab".repeat(32)}`;
const pulled = () => new Response(`{"status":"Digest: ${DIGEST}"}\n`);

Deno.test("a client is made of a transport, and of nothing else", () => {
  for (const wrong of [undefined, null, "unix:///x", {}, { fetch: 5 }]) {
    assertThrows(
      // deno-lint-ignore no-explicit-any -- what a program without types passes
      () => new DockerClient(wrong as any),
      TypeError,
      "Cannot make a client: expected a transport; for an address write",
    );
  }
  const transport = new ScriptedEngine(pulled);
  assertThrows(
    // deno-lint-ignore no-explicit-any -- as above
    () => new DockerClient(transport, { apiversion: "1.41" } as any),
    TypeError,
    'did you mean "apiVersion"?',
  );
});

Deno.test("closing a client closes its transport, however it is closed, and ends what runs", async () => {
  for (const dispose of [false, true]) {
    const asked = Promise.withResolvers<void>();
    const { engine, docker } = scripted(({ signal }) => {
      asked.resolve();
      return new Promise((_, reject) =>
        signal!.addEventListener("abort", () => reject(signal!.reason))
      );
    });
    const info = docker.info().catch((error) => error);
    await asked.promise;
    const pull = docker.imagePull("a");
    if (dispose) await docker[Symbol.asyncDispose]();
    else await docker.close();
    assertEquals(engine.closed, 1);
    assertEquals((await info).name, "AbortError");
    assertEquals(
      await pull.wait().catch((error) => error.message),
      'The pull of "a" was cancelled: its client was closed while it ran; await its end before close(), or before the scope of "await using" is left',
    );
    await assertRejects(() => docker.info(), ConnectionError, "is closed");
    await assertRejects(
      () => docker.imagePush("a").wait(),
      ConnectionError,
      "is closed",
    );
  }
});

Deno.test("docker's settings are read where a client is told to, once, and go with every request", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "config.json": JSON.stringify({ HttpHeaders: { "X-Of": "config" } }),
    });
    const variables = {
      DOCKER_CONFIG: folder,
      DOCKER_DEFAULT_PLATFORM: "linux/riscv64",
    };
    await withVariables(variables, async () => {
      for (const dockerConfig of [true, false, undefined]) {
        const { engine, docker } = scripted(pulled, { dockerConfig });
        await docker.imagePull("a").wait();
        // Read once.
        await writeTree(folder, {
          "config.json": JSON.stringify({ HttpHeaders: { "X-Of": "later" } }),
        });
        await docker.imagePull("a", { platform: "linux/s390x" }).wait();
        await writeTree(folder, {
          "config.json": JSON.stringify({ HttpHeaders: { "X-Of": "config" } }),
        });
        assertEquals(
          engine.asked.map(({ headers }) => new Headers(headers).get("x-of")),
          dockerConfig ? ["config", "config"] : [null, null],
        );
        assertEquals(
          engine.asked.map(({ path }) =>
            new URL(path, "http://x").searchParams.get("platform")
          ),
          [dockerConfig ? "linux/riscv64" : null, "linux/s390x"],
        );
      }
    });
  });
});

/** What a client that is made so asks an engine on a socket, and what it sends along. */
async function asked(
  make: (host: string, folder: string) => Promise<DockerClient>,
  variables: (host: string, folder: string) => Record<string, string>,
): Promise<{ path: string; config: string | null }> {
  let found!: { path: string; config: string | null };
  await withTempFolder(async (folder) => {
    const socket = `${folder}/s`;
    const host = `unix://${socket}`;
    const name = "mine";
    const digest = new Uint8Array(
      await crypto.subtle.digest("SHA-256", new TextEncoder().encode(name)),
    ).toHex();
    await writeTree(folder, {
      "config.json": JSON.stringify({ HttpHeaders: { "X-Of": "config" } }),
      [`contexts/meta/${digest}/meta.json`]: JSON.stringify({
        Name: name,
        Endpoints: { docker: { Host: host } },
      }),
    });
    const server = Deno.serve({
      transport: "unix",
      path: socket,
      onListen: () => {},
    } as Deno.ServeUnixOptions, (request) => {
      const { pathname } = new URL(request.url);
      if (pathname !== "/_ping") {
        found = { path: pathname, config: request.headers.get("x-of") };
      }
      return Response.json({}, { headers: { "Api-Version": "1.41" } });
    });
    try {
      await withVariables(variables(host, folder), async () => {
        await using docker = await make(host, folder);
        await docker.info();
      });
    } finally {
      await server.shutdown();
    }
  });
  return found;
}

Deno.test("a client is found by an address, by docker's configuration and by a context's name, each with its settings", async () => {
  const both = (host: string, folder: string) => ({
    DOCKER_HOST: host,
    DOCKER_CONFIG: folder,
  });
  const config = (_: string, folder: string) => ({ DOCKER_CONFIG: folder });
  const ways: [
    make: (host: string, folder: string) => Promise<DockerClient>,
    variables: typeof both | typeof config,
    config: string | null,
  ][] = [
    [() => DockerClient.fromDockerConfig(), both, "config"],
    [() => DockerClient.fromDockerConfig({ dockerConfig: false }), both, null],
    [(host) => DockerClient.fromDockerHost(host), config, null],
    [
      (host) => DockerClient.fromDockerHost(host, { dockerConfig: true }),
      config,
      "config",
    ],
    [() => DockerClient.fromDockerContext("mine"), config, "config"],
    [
      () => DockerClient.fromDockerContext("mine", { dockerConfig: false }),
      config,
      null,
    ],
  ];
  for (const [make, variables, sent] of ways) {
    const found = await asked(make, variables);
    assertEquals(found, { path: "/v1.41/info", config: sent });
  }
  const versions: [
    given: string | undefined,
    variable: string,
    path: string,
  ][] = [
    [undefined, "1.30", "/v1.30/info"],
    ["1.31", "1.30", "/v1.31/info"],
    [undefined, "", "/v1.41/info"],
  ];
  for (const [apiVersion, DOCKER_API_VERSION, path] of versions) {
    const found = await asked(
      (host) => DockerClient.fromDockerHost(host, { apiVersion }),
      (_, folder) => ({ DOCKER_CONFIG: folder, DOCKER_API_VERSION }),
    );
    assertEquals(found.path, path);
  }
  // deno-lint-ignore no-explicit-any -- what a program without types passes
  const wrong: any = { credential: {} };
  for (
    const make of [
      () => DockerClient.fromDockerHost("unix:///x", wrong),
      () => DockerClient.fromDockerConfig(wrong),
      () => DockerClient.fromDockerContext("mine", wrong),
    ]
  ) {
    await withTempFolder(async (folder) => {
      const variables = { DOCKER_HOST: "unix:///x", DOCKER_CONFIG: folder };
      await withVariables(variables, async () => {
        const error = await assertRejects(make, TypeError);
        assert(/credential|no such context/.test(error.message));
      });
    });
  }
});

Deno.test("a client's credentials go to the registries that they are for", async () => {
  const { engine, docker } = scripted(pulled, {
    credentials: { "r.example": { username: "u", password: "p" } },
  });
  await docker.imagePull("r.example/a").wait();
  await docker.imagePull("a", { tag: "2" }).wait();
  const sent = engine.asked.map(({ headers }) =>
    JSON.parse(atob(headers!["X-Registry-Auth"]!)).username
  );
  assertEquals(sent, ["u", undefined]);
});

Deno.test("secrets are looked for in the image that is saved", async () => {
  const { engine, docker } = scripted(() => new Response("no tar"));
  await docker.imageVerifySecrets("a", { t: "secret-value" }).catch(() => {});
  assert(engine.asked.length > 0);
  assert(engine.asked.every(({ path }) => !path.includes("secret-value")));
});

import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { decodeBase64 } from "../support/base64.ts";
import { collect, warnings } from "../support/builds.ts";
import { engineTest } from "../support/engines.ts";
import { type Relay, startRelay } from "../support/relay.ts";
import { dockerfileTar } from "../support/tar.ts";
import { startGateway } from "../gateway/gateway.ts";
import {
  BuildError,
  DockerClient,
  fetchTransport,
  type ImageBuildOptions,
  SecretError,
  UnsupportedError,
} from "../../mod.ts";

const DOCKERFILE = [
  "FROM davit-test/base",
  "RUN --mount=type=secret,id=token cat /run/secrets/token | wc -c",
];
const TOKEN = "hunter2-token-value";
const BINARY = new Uint8Array([0xff, 0xfe, 0, 1]);

/** The raw requests of one build through a relay. */
async function recorded(
  socketPath: string,
  options: ImageBuildOptions,
): Promise<{ heads: string[]; printed: string; relay: string[] }> {
  await using relay: Relay = await startRelay(socketPath);
  await using docker = await DockerClient.fromDockerHost(relay.host);
  const build = docker.imageBuild(dockerfileTar(...DOCKERFILE), {
    networkmode: "none",
    nocache: true,
    ...options,
  });
  const { messages, error } = await collect(build);
  return {
    heads: relay.connections.flatMap((connection) =>
      connection.request().match(
        /(?:GET|POST|HEAD) \S+ HTTP\/1\.1\r\n(?:[^\r\n]+\r\n)+/g,
      ) ?? []
    ),
    printed: Deno.inspect([messages, error, build], { depth: 10 }) +
      JSON.stringify(messages) + String(error),
    relay: warnings(messages),
  };
}

function secretsHeader(head: string): string | undefined {
  return /^x-buildkit-secrets: (.*)\r$/im.exec(head)?.[1];
}

engineTest(
  "X-BuildKit-Secrets is base64 of the JSON object, on the build alone",
  async ({ socketPath }) => {
    const { heads, printed } = await recorded(socketPath, {
      secrets: {
        token: TOKEN,
        binary: BINARY,
        lazy: () => "never in a header",
      },
    });
    const builds = heads.filter((head) => /^POST \S*\/build\?/.test(head));
    assertEquals(builds.length, 1);
    const value = secretsHeader(builds[0]!);
    assert(value !== undefined);
    assertEquals(
      JSON.parse(new TextDecoder().decode(decodeBase64(value))),
      { token: TOKEN, binary: { base64: "//4AAQ==" } },
    );
    for (const head of heads.filter((head) => head !== builds[0])) {
      assertEquals(secretsHeader(head), undefined);
      assertFalse(head.includes(TOKEN));
    }
    const target = builds[0]!.split(" ", 2)[1]!;
    assertFalse(target.includes("secret"));
    assertFalse(target.includes(TOKEN));
    assertStringIncludes(builds[0]!.toLowerCase(), "\r\nhost: localhost\r\n");
    for (const part of [TOKEN, value, "//4AAQ=="]) {
      assertFalse(printed.includes(part), "printed");
    }
  },
);

engineTest("secretsVia chooses the way", async ({ socketPath }) => {
  const secrets = { token: TOKEN };
  const session = await recorded(socketPath, {
    secrets,
    secretsVia: "session",
  });
  assertEquals(session.heads.filter((head) => secretsHeader(head)), []);
  assertEquals(
    session.heads.filter((head) => /^POST \S*\/session /.test(head)).length,
    1,
  );

  const header = await recorded(socketPath, { secrets, secretsVia: "header" });
  assertEquals(header.heads.filter((head) => secretsHeader(head)).length, 1);
  assertEquals(
    header.heads.filter((head) => /^POST \S*\/session /.test(head)),
    [],
  );
});

engineTest(
  "a header that would be too long is left out, or refused where it is the only way",
  async ({ socketPath }) => {
    const secrets = { token: TOKEN, large: "x".repeat(400_000) };
    const auto = await recorded(socketPath, { secrets });
    assertEquals(auto.heads.filter((head) => secretsHeader(head)), []);
    assertStringIncludes(
      auto.relay.join("\n"),
      "only the session carries them",
    );
    await using docker = await DockerClient.fromDockerHost(
      `unix://${socketPath}`,
    );
    const error = await assertRejects(
      () =>
        docker.imageBuild(dockerfileTar(...DOCKERFILE), {
          secrets,
          secretsVia: "header",
        }).wait(),
      SecretError,
      "too large for the X-BuildKit-Secrets header",
    );
    assertEquals(error.id, "large");
  },
);

engineTest(
  'version "1" ignores secrets: no header, no session, one warning',
  async ({ socketPath }) => {
    await using relay = await startRelay(socketPath);
    await using docker = await DockerClient.fromDockerHost(relay.host);
    const build = docker.imageBuild(
      dockerfileTar("FROM davit-test/base", "RUN true"),
      {
        version: "1",
        networkmode: "none",
        secrets: { token: { file: "/no/such/file" } },
      },
    );
    const { messages, error } = await collect(build);
    assertEquals(error, undefined);
    assert((await build.wait()).startsWith("sha256:"));
    assertEquals(warnings(messages).length, 1);
    assertStringIncludes(warnings(messages)[0]!, "secrets are ignored");
    const all = relay.connections.map((connection) => connection.request())
      .join();
    assertEquals(secretsHeader(all), undefined);
    assertFalse(all.includes("/session"));
  },
);

engineTest(
  "a transport without upgrade sends the header, and says so",
  async ({ socketPath }) => {
    using client = Deno.createHttpClient({
      proxy: { transport: "unix", path: socketPath },
    });
    await using docker = new DockerClient({
      fetch: (path, init) =>
        fetch(`http://localhost${path}`, { ...init, client }),
      close() {},
    });
    const options = {
      networkmode: "none",
      nocache: true,
      secrets: { token: TOKEN },
    };
    const build = docker.imageBuild(
      dockerfileTar("FROM davit-test/base", "RUN true"),
      options,
    );
    const { messages } = await collect(build);
    // Nobody asked davit, so it does not know what was used.
    assertEquals((await build.result()).secrets, {
      served: [],
      missing: [],
      cached: [],
      unused: [],
    });
    assertStringIncludes(
      warnings(messages).join(),
      "only the X-BuildKit-Secrets header carries the secrets",
    );
    await assertRejects(
      () =>
        docker.imageBuild(dockerfileTar(...DOCKERFILE), {
          ...options,
          secretsVia: "session",
        }).wait(),
      UnsupportedError,
      "can not be asked for a session",
    );
    await assertRejects(
      () =>
        docker.imageBuild(dockerfileTar(...DOCKERFILE), {
          secrets: { token: () => TOKEN },
        }).wait(),
      UnsupportedError,
      "its function is called when the engine asks",
    );
  },
);

engineTest(
  "a step that finds no secret where the header alone carried it says so",
  async ({ host, socketPath, docker }) => {
    using client = Deno.createHttpClient({
      proxy: { transport: "unix", path: socketPath },
    });
    await using plain = new DockerClient(fetchTransport("http://localhost", {
      fetch: ((input: string, init: RequestInit) =>
        fetch(input, { ...init, client })) as typeof fetch,
    }));
    const fail = (client: DockerClient, step: string, options = {}) =>
      assertRejects(
        () =>
          client.imageBuild(dockerfileTar("FROM davit-test/base", step), {
            networkmode: "none",
            nocache: true,
            secrets: { token: TOKEN, other: "another value" },
            ...options,
          }).wait(),
        BuildError,
      );
    const words =
      'secret "token" went in the X-BuildKit-Secrets header alone, which no stock engine reads';
    const optional = "RUN --mount=type=secret,id=token cat /run/secrets/token";
    const required =
      "RUN --mount=type=secret,target=/token,required=true cat /token";
    for (const step of [optional, required]) {
      for (
        const error of [
          await fail(plain, step),
          await fail(docker, step, { secretsVia: "header" }),
        ]
      ) {
        assertStringIncludes(error.message, words);
        assertFalse(error.message.includes("other"));
      }
    }
    // What fails for another reason is not explained by it, nor what was served.
    for (
      const error of [
        await fail(plain, "RUN false"),
        await fail(docker, `${optional}; false`),
      ]
    ) {
      assertFalse(error.message.includes("the X-BuildKit-Secrets header"));
      assertEquals(error.missingSecrets, []);
    }
    await using served = await startGateway({ engine: host });
    await using gateway = await DockerClient.fromDockerHost(
      `unix://${served.path}`,
    );
    for (
      const error of [
        await fail(gateway, `${optional}; false`),
        // Another's session may have it.
        await fail(docker, required, {
          secretsVia: "header",
          session: "no-session-of-this-name",
        }),
      ]
    ) assertFalse(error.message.includes("the X-BuildKit-Secrets header"));
  },
);

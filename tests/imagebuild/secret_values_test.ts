import {
  DockerClient,
  type ImageBuildOptions,
  SecretError,
} from "../../mod.ts";
import {
  assertEquals,
  assertFalse,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import {
  type Answering,
  RecordingEngine,
} from "../gateway/recording_engine.ts";
import { collect } from "../support/builds.ts";
import { BUILD_HEAD, startFakeEngine } from "../support/fake_engine.ts";
import { withTempFolder } from "../support/folder.ts";
import { dockerfileTar } from "../support/tar.ts";

const UNSET = "DAVIT_TEST_NEVER_SET";

Deno.test("a value in the place of a variable's name is not repeated", async () => {
  await using engine = await startFakeEngine(() => {});
  await using docker = await DockerClient.fromDockerHost(engine.host);
  for (
    const [env, why] of [
      [
        "ghp_0123456789abcdef",
        "the environment variable that env names is not set; env is the name of a variable, not the value",
      ],
      [
        "A=ghp_0123456789abcdef",
        'env is the name of an environment variable, such as "NPM_TOKEN"',
      ],
      [UNSET, `the environment variable "${UNSET}" is not set`],
    ] as const
  ) {
    const error = await assertRejects(
      () =>
        docker.imageBuild(dockerfileTar("FROM scratch"), {
          secrets: { token: { env } },
        }).wait(),
      SecretError,
    );
    assertEquals(error.message, `Cannot read secret "token": ${why}`);
    assertFalse(Deno.inspect(error).includes("ghp_"));
  }
});

Deno.test("a secret that is undefined compiles, and is refused by its id before an engine is asked", async () => {
  await using engine = await startFakeEngine(() => {});
  await using docker = await DockerClient.fromDockerHost(engine.host);
  const unset = Deno.env.get(UNSET);
  for (const token of [unset, { value: unset, visible: true }]) {
    const secrets = { given: "a secret value", token };
    const error = await assertRejects(
      () =>
        docker.imageBuild(dockerfileTar("FROM scratch"), { secrets }).wait(),
      SecretError,
      'Cannot read secret "token": it is undefined; is the environment variable, or whatever it is read from, set?',
    );
    assertEquals(error.id, "token");
    const verify = await assertRejects(
      () => docker.imageVerifySecrets("a", secrets),
      SecretError,
    );
    assertEquals(verify.id, "token");
  }
  assertEquals(engine.requests, []);
});

Deno.test("a build argument that is undefined is not given", async () => {
  await using engine = await startFakeEngine(async (request) => {
    if (request.method === "POST" && request.target.includes("/build?")) {
      await request.write(BUILD_HEAD);
      await request.write(
        '{"id":"moby.image.id","aux":{"ID":"sha256:1"}}\r\n',
      );
    } else {
      await request.write(
        "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
      );
    }
    request.close();
  });
  await using docker = await DockerClient.fromDockerHost(engine.host);
  const asked = async (options: ImageBuildOptions) => {
    await docker.imageBuild(dockerfileTar("FROM scratch"), options).wait();
    const { target } = engine.requests.findLast(({ target }) =>
      target.includes("/build?")
    )!;
    return new URL(target, "http://a").searchParams.get("buildargs");
  };
  assertEquals(
    await asked({ buildargs: { A: "1", B: Deno.env.get(UNSET), C: null } }),
    '{"A":"1","C":null}',
  );
  await assertRejects(
    () => asked({ labels: { A: undefined } as unknown as { A: string } }),
    TypeError,
    'the value of "A" is not text',
  );
});

Deno.test("an empty secret is said, wherever it comes from", () =>
  withTempFolder(async (folder) => {
    await using engine = await startFakeEngine(async (request) => {
      await request.write(
        "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
      );
      request.close();
    });
    await using docker = await DockerClient.fromDockerHost(engine.host);
    await Deno.writeTextFile(`${folder}/empty`, "");
    Deno.env.set("DAVIT_TEST_EMPTY", "");
    try {
      const { messages } = await collect(
        docker.imageBuild(dockerfileTar("FROM scratch"), {
          secrets: {
            text: "",
            env: { env: "DAVIT_TEST_EMPTY" },
            file: { file: `${folder}/empty` },
            full: "a secret value",
          },
        }),
      );
      assertEquals(
        messages.flatMap(({ id, aux, status }) =>
          id === "davit.warning"
            ? [[(aux as { code: string }).code, status]]
            : []
        ),
        ["text", "env", "file"].map((id) => [
          "secret-empty",
          `secret "${id}" is empty: is the variable or file that it is read from set?`,
        ]),
      );
    } finally {
      Deno.env.delete("DAVIT_TEST_EMPTY");
    }
  }));

Deno.test("a variable that Deno's permissions keep closed is a SecretError that names the flag", async () => {
  const program = `
    import { DockerClient } from "${new URL("../../mod.ts", import.meta.url)}";
    const docker = await DockerClient.fromDockerHost("unix:///none");
    const secrets = { token: { env: "${UNSET}" } };
    const error = await docker.imageBuild(new ReadableStream(), { secrets })
      .wait().catch((error) => error);
    console.log(JSON.stringify([error.name, error.id, error.message]));
  `;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
      "-",
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await new Blob([program]).stream().pipeTo(child.stdin);
  const { stdout, stderr } = await child.output();
  const text = new TextDecoder().decode(stdout);
  assertStringIncludes(text, "[", new TextDecoder().decode(stderr));
  const [name, id, message] = JSON.parse(text);
  assertEquals([name, id], ["SecretError", "token"]);
  assertStringIncludes(message, `allow it with --allow-env=${UNSET}`);
  assertFalse(message.includes("is not set"));
});

/** An engine at an address that nobody dials. */
class FarEngine extends RecordingEngine {
  override readonly endpoint: string;

  constructor(endpoint: string, answer: Answering) {
    super(answer);
    this.endpoint = endpoint;
  }
}

Deno.test("secrets that travel in plain text to another machine are told of, and no others", async () => {
  for (
    const [endpoint, isTold] of [
      ["tcp://far.example:2375", true],
      ["http://far.example:2375", true],
      ["tcp://[2001:db8::1]:2375", true],
      ["tcp://127.0.0.1.example:2375", true],
      ["tcp://localhost:2375", false],
      ["tcp://127.0.0.1:2375", false],
      ["tcp://127.1.2.3:2375", false],
      ["http://[::1]:2375", false],
      ["https://far.example:2376", false],
      ["ssh://far.example", false],
      ["unix:///var/run/docker.sock", false],
    ] as const
  ) {
    await using docker = new DockerClient(
      new FarEngine(
        endpoint,
        () =>
          new Response(
            '{"id":"moby.image.id","aux":{"ID":"sha256:1"}}\r\n',
          ),
      ),
    );
    for (const secrets of [{ t: "value of the secret" }, {}]) {
      const { messages } = await collect(
        docker.imageBuild(dockerfileTar("FROM scratch"), {
          secrets,
          secretsVia: "header",
        }),
      );
      const told = messages.filter((message) =>
        JSON.stringify(message).includes("without encryption")
      );
      const wanted = isTold && "t" in secrets ? 1 : 0;
      assertEquals([endpoint, told.length], [endpoint, wanted]);
    }
  }
});

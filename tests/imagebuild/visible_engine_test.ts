import { startGateway } from "../gateway/gateway.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { bothWaysTest } from "../support/ways.ts";
import { withTempFolder } from "../support/folder.ts";
import { runDavit } from "../cli/command.ts";
import {
  DockerClient,
  type ImageBuild,
  type ImageBuildOptions,
  Secret,
  SecretError,
  SecretLeakError,
  type SecretSource,
} from "../../mod.ts";

const USER = "mycompany";
const PASSWORD = "correct horse battery";

const dockerfile = {
  text: [
    "FROM davit-test/base",
    `LABEL vendor=${USER}`,
    'RUN --mount=type=secret,id=user --mount=type=secret,id=pass echo "login $(cat /run/secrets/user) $(cat /run/secrets/pass)"',
  ].join("\n"),
};

/** A user's name that stands everywhere, and a password that stands nowhere. */
function build(
  docker: DockerClient,
  user: SecretSource,
  options: ImageBuildOptions = {},
): ImageBuild {
  return docker.imageBuild({ dockerfile }, optionsOf(user, options));
}

function optionsOf(
  user: SecretSource,
  options: ImageBuildOptions,
): ImageBuildOptions {
  return {
    networkmode: "none",
    nocache: true,
    secrets: { user, pass: PASSWORD },
    labels: { org: USER },
    buildargs: { ORG: USER },
    ...options,
  };
}

bothWaysTest(
  "a secret that is marked visible is neither refused, nor warned of, nor masked; the others are",
  (engine) =>
    withTempFolder(async (folder) => {
      await using served = await startGateway({ engine: engine.host });
      await using through = await DockerClient.fromDockerHost(
        `unix://${served.path}`,
      );
      await Deno.writeTextFile(`${folder}/user`, USER);
      const sources: SecretSource[] = [
        { value: USER, visible: true },
        { value: new Secret(USER), visible: true },
        new Secret(USER, { visible: true }),
        { file: `${folder}/user`, visible: true },
      ];
      // A gateway does not let BuildKit's API pass.
      const clients = engine.api === "engine"
        ? [engine.docker, through]
        : [engine.docker];
      for (const docker of clients) {
        for (const user of sources) {
          const running = build(docker, user);
          const log = await new Response(
            running.logs() as ReadableStream<Uint8Array<ArrayBuffer>>,
          ).text();
          assertStringIncludes(log, `login ${USER} ***`);
          const { secrets, warnings } = await running.result();
          assertEquals(secrets.served.toSorted(), ["pass", "user"]);
          assertEquals(warnings, []);
        }
        for (const user of [USER, { value: USER, visible: false }]) {
          const error = await assertRejects(
            () => build(docker, user).wait(),
            SecretError,
            'holds the value of secret "user"',
          );
          assertEquals(error.id, "user");
        }
        // The mark is for one, not for the build.
        await assertRejects(
          () => build(docker, sources[0]!, { labels: { p: PASSWORD } }).wait(),
          SecretError,
          'holds the value of secret "pass"',
        );
      }
      const asked = build(
        engine.docker,
        () => new Secret(USER, { visible: true }),
      );
      const log = await new Response(
        asked.logs() as ReadableStream<Uint8Array<ArrayBuffer>>,
      ).text();
      assertStringIncludes(log, `login ${USER} ***`);
    }),
);

bothWaysTest(
  "a secret that is marked visible may stand beside one that is not, and its file in the context",
  ({ docker }) =>
    withTempFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/user`, USER);
      await Deno.writeTextFile(`${folder}/Dockerfile`, dockerfile.text);
      const { warnings } = await docker.imageBuild(folder, {
        networkmode: "none",
        secrets: {
          user: { file: `${folder}/user`, visible: true },
          pass: `${PASSWORD}\nand a second line\n`,
        },
        labels: { both: `${USER} ${PASSWORD}` },
      }).result();
      assertEquals(warnings.map(({ code, short }) => [code, short]), [[
        "secret-visible",
        'label number 1 holds a line of secret "pass", and is stored with the image or its log: if that is secret, mount it where it is used, else mark the secret visible',
      ]]);
    }),
);

bothWaysTest(
  "a secret that is marked visible is still looked for with verify, and printed nowhere by itself",
  async ({ built }) => {
    const user = new Secret(USER, { visible: true });
    assertEquals(`${user} ${Deno.inspect(user)}`, "[secret] [secret]");
    const error = await assertRejects(
      () => built({ dockerfile }, optionsOf(user, { verify: true })),
      SecretLeakError,
    );
    assert(error.finds.every(({ id }) => id === "user"));
  },
);

engineTest(
  "a gateway refuses a value in a label, unless it is marked",
  async (engine) => {
    await using served = await startGateway({ engine: engine.host });
    using client = Deno.createHttpClient({
      proxy: { transport: "unix", path: served.path },
    });
    const labels = encodeURIComponent(JSON.stringify({ org: USER }));
    for (
      const [user, refused] of [
        [USER, true],
        [{ base64: btoa(USER) }, true],
        [{ base64: btoa(USER), visible: true }, false],
      ] as const
    ) {
      const response = await fetch(
        `http://localhost/build?networkmode=none&labels=${labels}`,
        {
          method: "POST",
          client,
          headers: { "X-BuildKit-Secrets": btoa(JSON.stringify({ user })) },
          body: new Uint8Array(1024),
        },
      );
      const text = await response.text();
      assertEquals(text.includes("holds the value of a secret"), refused, text);
    }
  },
);

engineTest("--secret marks one as visible", async ({ host }) => {
  const run = (mark: string) =>
    runDavit([
      ...["-H", host, "build", "--network", "none", "--no-cache"],
      ...["--progress", "plain", "--label", `org=${USER}`],
      ...["--secret", `id=user,env=DAVIT_TEST_USER${mark}`],
      ...["--secret", "id=pass,env=DAVIT_TEST_PASS", "-f", "-", "."],
    ], {
      stdin: new TextEncoder().encode(dockerfile.text),
      env: { DAVIT_TEST_USER: USER, DAVIT_TEST_PASS: PASSWORD },
    });
  const marked = await run(",visible=true");
  assertEquals(marked.code, 0, marked.stderr);
  assertStringIncludes(marked.stderr, `login ${USER} ***`);
  const plain = await run("");
  assertEquals(plain.code, 1);
  assertStringIncludes(plain.stderr, 'holds the value of secret "user"');
});

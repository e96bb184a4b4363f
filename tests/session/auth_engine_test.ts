import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "../support/assert.ts";
import { collect } from "../support/builds.ts";
import { type EngineContext, engineTest } from "../support/engines.ts";
import {
  LOGIN,
  LOGIN_BASE64,
  type Registry,
  startRegistry,
} from "../support/registry.ts";
import { installHelper } from "../registry/helper.ts";
import { startTokenServer } from "../registry/token_server.ts";
import { dockerfileTar } from "../support/tar.ts";
import { withTempFolder } from "../support/folder.ts";
import { changedEnvironment } from "../support/environment.ts";
import { runProgram } from "../cli/command.ts";
import { BuildError, DockerClient } from "../../mod.ts";
import type { CredentialError } from "../../lib/credentials/credential_error.ts";
import {
  CredentialStore,
  type CredentialStoreOptions,
} from "../../lib/credentials/store.ts";
import { askTokenServer } from "../../lib/credentials/token_server.ts";
import { Engine } from "../../lib/engine/engine.ts";
import { dialSession } from "../../lib/engine/session_dial.ts";
import { authService } from "../../lib/session/auth.ts";
import { Session } from "../../lib/session/session.ts";
import { connectEndpoint } from "../../lib/transport/connect.ts";

/** What a build came to, and which registries asked for logins meanwhile. */
interface Outcome {
  readonly error: unknown;
  readonly asked: string[];
  readonly failures: CredentialError[];
  /** Names of the service's methods that the engine called. */
  readonly methods: ReadonlySet<string>;
}

/** Builds `FROM` these images, with a session that serves logins and nothing else. */
async function build(
  context: EngineContext,
  options: CredentialStoreOptions,
  ...images: string[]
): Promise<Outcome> {
  const transport = await connectEndpoint({
    kind: "unix",
    path: context.socketPath,
  });
  const store = new CredentialStore(options);
  const asked: string[] = [];
  const failures: CredentialError[] = [];
  store.onUse = ({ registry, state }) => asked.push(`${registry} ${state}`);
  const methods = new Set<string>();
  const service = authService(store, {
    tokenServer: (registry) =>
      askTokenServer(registry, HERE, new AbortController().signal),
    onError: (error) => failures.push(error),
  });
  const session = new Session(service.map((method) => ({
    ...method,
    handle(call) {
      methods.add(method.path.split("/").at(-1)!);
      return method.handle(call);
    },
  })));
  const served = session.serve(
    await dialSession(new Engine(transport), session.headers("davit")),
  );
  try {
    const { error } = await collect(context.docker.imageBuild(
      dockerfileTar(
        ...images.map((image, i) => `FROM ${image} AS from${i}`),
        "FROM scratch",
        ...images.map((_, i) => `COPY --from=from${i} / /${i}/`),
      ),
      { session: session.id },
    ));
    return { error, asked, failures, methods };
  } finally {
    session.close();
    await served;
    await transport.close();
  }
}

/** Every header and log line of a registry in one text. */
function everythingSeen(registry: Registry): string {
  return [
    ...registry.requests.map(({ path, head }) => `${path}\n${head}`),
    registry.log(),
  ].join("\n");
}

/** An engine on this machine. */
const HERE = "unix:///var/run/docker.sock";

/** What the pull needs, for registries that answer 401 to those who are nobody. */
const REFUSED_REGEXP =
  /401|unauthorized|authorization failed|no basic auth|authentication required/i;

/** An environment of these variables alone, with a docker configuration. */
async function configured(
  config: unknown,
  use: (env: { get(name: string): string | undefined }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(config));
    await use({
      get: (name) => name === "DOCKER_CONFIG" ? folder : undefined,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

engineTest(
  "a base image that needs a login is pulled with the option's",
  async (context) => {
    await using registry = await startRegistry({ auth: "basic" });
    const { error, asked, failures } = await build(
      context,
      { credentials: { [registry.host]: LOGIN } },
      await registry.put("app:latest"),
    );
    assertEquals([error, asked, failures], [undefined, [
      `${registry.host} served`,
    ], []]);
    // The header came, and the address and everything else was free of it.
    const sent = registry.requests.filter((r) => r.authorization !== undefined);
    assert(sent.length > 0);
    for (const { authorization } of sent) {
      assertEquals(authorization, `Basic ${LOGIN_BASE64}`);
    }
    assertNotMatch(
      registry.requests.map((r) => r.path).join("\n") + registry.log(),
      new RegExp(`${LOGIN.password}|${LOGIN_BASE64}`),
    );
  },
);

engineTest(
  "a base image that needs a login is pulled with docker's config file",
  async (context) => {
    await using registry = await startRegistry({ auth: "basic" });
    const image = await registry.put("app:latest");
    await configured(
      { auths: { [`https://${registry.host}/v2/`]: { auth: LOGIN_BASE64 } } },
      async (env) => {
        const { error, failures } = await build(
          context,
          { client: { dockerConfig: true }, env },
          image,
        );
        assertEquals([error, failures], [undefined, []]);
      },
    );
  },
);

engineTest(
  "a base image that needs a login is pulled with a credential helper's",
  async (context) => {
    await using registry = await startRegistry({ auth: "basic" });
    const image = await registry.put("app:latest");
    await using helper = await installHelper(`
    read -r address
    test "$1 $address" = "get ${registry.host}" || exit 1
    echo '{"ServerURL":"","Username":"${LOGIN.username}","Secret":"${LOGIN.password}"}'
  `);
    await configured(
      { credHelpers: { [registry.host]: helper.name } },
      async (env) => {
        const { error, failures } = await build(
          context,
          { client: { dockerConfig: true }, env },
          image,
        );
        assertEquals([error, failures], [undefined, []]);
      },
    );
  },
);

engineTest(
  "a base image that needs a login is pulled with a function's, which is asked by name",
  async (context) => {
    await using registry = await startRegistry({ auth: "basic" });
    const hosts: string[] = [];
    const { error } = await build(
      context,
      {
        credentials: (host) => {
          hosts.push(host);
          return Promise.resolve({ auth: LOGIN_BASE64 });
        },
      },
      await registry.put("app:latest"),
    );
    assertEquals([error, hosts], [undefined, [registry.host]]);
  },
);

engineTest(
  "a wrong password fails the build, and is not in the error",
  async (context) => {
    await using registry = await startRegistry({ auth: "basic" });
    const password = "entirely-wrong-battery";
    const { error } = await build(
      context,
      { credentials: { [registry.host]: { ...LOGIN, password } } },
      await registry.put("app:latest"),
    );
    assertInstanceOf(error, BuildError);
    assertMatch(error.message, REFUSED_REGEXP);
    assertStringIncludes(error.message, `${registry.host} wants a login`);
    assertEquals(error.deniedBy, registry.host);
    assert(!Deno.inspect(error).includes(password));
    assertStringIncludes(
      registry.log(),
      `error authenticating user \\"${LOGIN.username}\\"`,
    );
  },
);

engineTest("a registry never sees the login of another", async (context) => {
  await using mine = await startRegistry({ auth: "basic" });
  await using theirs = await startRegistry({ auth: "basic" });
  await using open = await startRegistry();
  const options = { credentials: { [mine.host]: LOGIN } };
  const image = await mine.put("app:latest");
  const { error, asked } = await build(
    context,
    options,
    image,
    await open.put("public:latest"),
  );
  assertEquals([error, asked], [undefined, [`${mine.host} served`]]);
  const refused = await build(
    context,
    options,
    image,
    await theirs.put("app:latest"),
  );
  assertInstanceOf(refused.error, BuildError);
  assertMatch(refused.error.message, REFUSED_REGEXP);
  assert(refused.asked.includes(`${theirs.host} anonymous`));
  for (const registry of [theirs, open]) {
    assert(registry.requests.length > 0);
    const seen = everythingSeen(registry);
    assertNotMatch(seen, /^authorization:|error authenticating user/im);
    assert(!seen.includes(LOGIN.password) && !seen.includes(LOGIN_BASE64));
  }
});

engineTest(
  "a login that can't be fetched fails the build and says why to the caller",
  async (context) => {
    await using registry = await startRegistry({ auth: "basic" });
    const image = await registry.put("app:latest");
    await configured({ credsStore: "davit-absent" }, async (env) => {
      const { error, failures } = await build(
        context,
        { client: { dockerConfig: true }, env },
        image,
      );
      assertInstanceOf(error, BuildError);
      assertStringIncludes(
        error.message,
        `the login for "${registry.host}" could not be fetched`,
      );
      assertStringIncludes(
        failures[0]!.message,
        '"docker-credential-davit-absent" is not in PATH',
      );
      assert(registry.requests.every((r) => r.authorization === undefined));
    });
  },
);

engineTest(
  "a login goes to a registry with TLS",
  async (context) => {
    await using registry = await startRegistry({ auth: "basic", tls: true });
    const { error } = await build(
      context,
      { credentials: { [registry.host]: LOGIN } },
      await registry.put("app:latest"),
    );
    assertEquals(error, undefined);
    assert(registry.requests.some((r) => r.authorization !== undefined));
  },
  // BuildKit of 20.10 speaks no TLS to 127.0.0.1.
  (engine) => Number(engine.generation) > 20,
);

engineTest(
  "tokens: the engine trades a password for them, the client an identity token",
  async (context) => {
    await using tokens = await startTokenServer({
      basic: LOGIN_BASE64,
      refreshToken: "an-identity-token",
    });
    for (
      const [login, method, isOurs] of [
        [LOGIN, "GET", false],
        [{ identitytoken: "an-identity-token" }, "POST", true],
      ] as const
    ) {
      // Its own: an engine tries the login that it had for a registry once more.
      await using registry = await startRegistry({ auth: tokens });
      const scopes: string[] = [];
      const before = tokens.questions.length;
      const { error, failures, asked, methods } = await build(
        context,
        {
          credentials: (_host, wanted) => {
            scopes.push(...wanted);
            return login;
          },
        },
        await registry.put("app:latest"),
        await registry.put("other/app:latest"),
      );
      assertEquals([error, failures, asked], [undefined, [], [
        `${registry.host} served`,
      ]]);
      const questions = tokens.questions.slice(before);
      assert(questions.length > 0);
      assert(questions.every((q) => q.method === method && q.status === 200));
      assertEquals(
        [methods.has("FetchToken"), methods.has("Credentials")],
        [isOurs, !isOurs],
      );
      assertEquals(scopes.includes("repository:app:pull"), isOurs);
    }
    assertNotMatch(
      tokens.questions.map((q) => q.path).join("\n"),
      /battery|identity/,
    );
    // Without a login it is asked anonymously, and says no.
    await using registry = await startRegistry({ auth: tokens });
    const image = await registry.put("app:latest");
    const { error, asked } = await build(context, {}, image);
    assertInstanceOf(error, BuildError);
    assertEquals(asked, [`${registry.host} anonymous`]);
    assertEquals(tokens.questions.at(-1)!.authorization, undefined);
  },
);

engineTest(
  "tokens: builds, pushes and pulls treat an identity token alike, and as docker's client does",
  async ({ docker, cli, cliEnv, generation }) => {
    const isRecent = Number(generation) >= 28;
    const identitytoken = "an-identity-token";
    for (const refusal of [400, 401, 403, 405]) {
      // Whoever comes with a GET is refused in one of the ways that registries have.
      await using tokens = await startTokenServer({
        refreshToken: identitytoken,
        refusal,
      });
      await using registry = await startRegistry({ auth: tokens });
      const credentials = { [registry.host]: { identitytoken } };
      const image = await registry.put("app:latest");
      const dockerfile = `FROM ${image}\nLABEL a=${crypto.randomUUID()}`;
      await docker.imageBuild(dockerfileTar(dockerfile), { credentials })
        .wait();
      await docker.imageTag("davit-test/base", `${registry.host}/pushed`, "1");
      const name = `${registry.host}/pushed:1`;
      const digest = await docker.imagePush(name, { credentials }).wait();
      await docker.imageRemove(name);
      assertEquals(
        await docker.imagePull(name, { credentials }).wait(),
        digest,
      );
      await docker.imageRemove(name);
      const traded = tokens.questions.filter(({ status }) => status === 200);
      assert(
        traded.every(({ method, body }) =>
          method === "POST" && body.includes("grant_type=refresh_token")
        ),
      );
      // The client of 20.10 gives up where it gets no 401 or 404 for a GET.
      if (!isRecent) continue;
      await withDockerConfig(
        { auths: { [registry.host]: { identitytoken } } },
        cliEnv!.DOCKER_CONFIG!,
        async (folder) => {
          const real = await runProgram([cli!, "build", "-"], {
            env: { ...cliEnv, DOCKER_CONFIG: folder },
            stdin: new TextEncoder().encode(dockerfile),
          });
          assertEquals(real.code, 0, real.stderr);
        },
      );
    }
  },
  ({ cli }) => cli !== undefined,
);

/** A folder with a `config.json` and the CLI's plugins. */
async function withDockerConfig(
  config: unknown,
  plugins: string,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  await withTempFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(config));
    await Deno.symlink(`${plugins}/cli-plugins`, `${folder}/cli-plugins`);
    await use(folder);
  });
}

engineTest(
  "tokens: a program without the permission to ask the registry leaves an identity token to the engine",
  async ({ host }) => {
    await using tokens = await startTokenServer({ refreshToken: "identity" });
    await using registry = await startRegistry({ auth: tokens });
    const image = await registry.put("app:latest");
    const path = host.slice("unix://".length);
    const program = `
      import { DockerClient } from "${new URL(
      "../../mod.ts",
      import.meta.url,
    )}";
      await using docker = await DockerClient.fromDockerHost("${host}");
      await docker.imageBuild(
        { dockerfile: { text: "FROM ${image}" } },
        { credentials: { "${registry.host}": { identitytoken: "identity" } } },
      ).wait();
    `;
    for (const more of ["", `,${registry.host}`]) {
      const { code, stderr } = await runProgram([
        Deno.execPath(),
        "run",
        "--no-prompt",
        "--no-check",
        `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
        `--allow-net=unix:${path},localhost:80${more}`,
        `--allow-read=${path}`,
        `--allow-write=${path}`,
        "-",
      ], { stdin: new TextEncoder().encode(program) });
      assertEquals(code, 0, stderr);
    }
    // The engine's own: as a password first, and then rightly.
    assert(tokens.questions.some(({ method }) => method === "GET"));
    assert(tokens.questions.some(({ method }) => method === "POST"));
  },
);

engineTest(
  "tokens: one of the caller's own is sent as it is",
  async (context) => {
    await using tokens = await startTokenServer({});
    await using registry = await startRegistry({ auth: tokens });
    const registrytoken = await tokens.token(["repository:app:pull"]);
    const { error, failures } = await build(
      context,
      { credentials: { [registry.host]: { registrytoken } } },
      await registry.put("app:latest"),
    );
    assertEquals([error, failures, tokens.questions], [undefined, [], []]);
    assert(
      registry.requests.some((r) =>
        r.authorization === `Bearer ${registrytoken}`
      ),
    );
  },
);

engineTest(
  "a login that comes late, from a function or a helper, is masked in the log",
  async ({ docker, host }) => {
    await using registry = await startRegistry({ auth: "basic" });
    await docker.imageTag("davit-test/base", `${registry.host}/base`, "1");
    await docker.imagePush(`${registry.host}/base:1`, {
      credentials: { [registry.host]: LOGIN },
    }).wait();
    await docker.imageRemove(`${registry.host}/base:1`);
    await using helper = await installHelper(
      `cat > /dev/null; echo '{"ServerURL":"","Username":"${LOGIN.username}","Secret":"${LOGIN.password}"}'`,
    );
    await configured(
      { credHelpers: { [registry.host]: helper.name } },
      async (env) => {
        const config = env.get("DOCKER_CONFIG")!;
        for (
          const logins of [{ credentials: () => LOGIN }, { dockerConfig: true }]
        ) {
          await using client = await DockerClient.fromDockerHost(host, logins);
          using _config = changedEnvironment({ DOCKER_CONFIG: config });
          const build = client.imageBuild(
            dockerfileTar(
              `FROM ${registry.host}/base:1`,
              // In two pieces: the instruction itself is no log.
              `RUN A=${LOGIN.password.slice(0, 9)}; echo "said: \${A}${
                LOGIN.password.slice(9)
              }"`,
            ),
            { networkmode: "none", nocache: true },
          );
          const log = await new Response(build.logs()).text();
          assertStringIncludes(log, "said: ***");
          assert(!log.includes(LOGIN.password), log);
        }
      },
    );
  },
);

engineTest(
  "tokens: a refusal by the token server fails the build and says why to the caller",
  async (context) => {
    await using tokens = await startTokenServer({});
    await using registry = await startRegistry({ auth: tokens });
    const identitytoken = "a-wrong-identity";
    const { error, failures } = await build(
      context,
      { credentials: { [registry.host]: { identitytoken } } },
      await registry.put("app:latest"),
    );
    assertInstanceOf(error, BuildError);
    assertStringIncludes(
      failures[0]!.message,
      "refused the login (status 401)",
    );
    assert(!Deno.inspect([error, failures]).includes(identitytoken));
  },
);

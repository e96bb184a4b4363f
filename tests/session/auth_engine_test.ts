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
import { BuildError, DockerClient } from "../../mod.ts";
import type { CredentialError } from "../../lib/credentials/credential_error.ts";
import {
  CredentialStore,
  type CredentialStoreOptions,
} from "../../lib/credentials/store.ts";
import { Engine } from "../../lib/engine/engine.ts";
import { openSession } from "../../lib/engine/session_open.ts";
import {
  authService,
  type AuthServiceOptions,
} from "../../lib/session/auth.ts";
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
  options: CredentialStoreOptions & Pick<AuthServiceOptions, "tokens">,
  ...images: string[]
): Promise<Outcome> {
  const transport = connectEndpoint({ kind: "unix", path: context.socketPath });
  const store = new CredentialStore(options);
  const asked: string[] = [];
  const failures: CredentialError[] = [];
  store.onUse = ({ registry, state }) => asked.push(`${registry} ${state}`);
  const methods = new Set<string>();
  const service = authService(store, {
    tokens: options.tokens,
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
    await openSession(new Engine(transport), {
      id: session.id,
      name: "davit",
      methods: session.methods,
    }),
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
    assertStringIncludes(error.message, registry.host);
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
  "tokens: the engine trades a password, or an identity token, for them",
  async (context) => {
    await using tokens = await startTokenServer({
      basic: LOGIN_BASE64,
      refreshToken: "an-identity-token",
    });
    await using registry = await startRegistry({ auth: tokens });
    for (const login of [LOGIN, { identitytoken: "an-identity-token" }]) {
      const { error, asked } = await build(
        context,
        { credentials: { [registry.host]: login } },
        await registry.put("app:latest"),
      );
      assertEquals([error, asked], [undefined, [`${registry.host} served`]]);
    }
    assert(
      tokens.questions.some((q) => q.method === "POST" && q.status === 200),
    );
    assertNotMatch(
      tokens.questions.map((q) => q.path).join("\n"),
      /battery|identity/,
    );
    // Without a login it is asked anonymously, and says no.
    const image = await registry.put("app:latest");
    const { error, asked } = await build(context, {}, image);
    assertInstanceOf(error, BuildError);
    assertEquals(asked, [`${registry.host} anonymous`]);
    assertEquals(tokens.questions.at(-1)!.authorization, undefined);
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
  "tokens: fetched by the client, the login never reaches the engine",
  async (context) => {
    for (
      const [logins, login] of [
        [{ basic: LOGIN_BASE64 }, LOGIN],
        [{ refreshToken: "an-identity-token" }, {
          identitytoken: "an-identity-token",
        }],
      ] as const
    ) {
      await using tokens = await startTokenServer(logins);
      await using registry = await startRegistry({ auth: tokens });
      const scopes: string[] = [];
      const { error, failures, methods } = await build(
        context,
        {
          tokens: "client",
          credentials: (_host, wanted) => {
            scopes.push(...wanted);
            return login;
          },
        },
        await registry.put("app:latest"),
        await registry.put("other/app:latest"),
      );
      assertEquals([error, failures], [undefined, []]);
      assert(methods.has("FetchToken") && !methods.has("Credentials"));
      assert(scopes.includes("repository:app:pull"));
      assert(tokens.questions.every((q) => q.status === 200));
      assertNotMatch(
        tokens.questions.map((q) => q.path).join("\n"),
        /battery|identity/,
      );
      // The engine keeps its tokens for this session alone.
      const image = await registry.put("app:latest");
      const other = await build(context, {}, image);
      assertInstanceOf(other.error, BuildError);
      assertEquals(other.asked, [`${registry.host} anonymous`]);
    }
  },
);

engineTest(
  "tokens: with the option registryTokens a build's login stays here",
  async ({ docker }) => {
    await using tokens = await startTokenServer({ basic: LOGIN_BASE64 });
    await using registry = await startRegistry({ auth: tokens });
    const build = docker.imageBuild(
      dockerfileTar(`FROM ${await registry.put("app:latest")}`),
      { credentials: { [registry.host]: LOGIN }, registryTokens: "client" },
    );
    await build.wait();
    const engines = tokens.questions.filter((q) => q.method === "POST");
    assertEquals(engines, []);
    assert(tokens.questions.some((q) => q.authorization !== undefined));
    assert(
      registry.requests.every((r) => !r.authorization?.startsWith("Basic")),
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
          const before = Deno.env.get("DOCKER_CONFIG");
          Deno.env.set("DOCKER_CONFIG", config);
          try {
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
          } finally {
            if (before === undefined) Deno.env.delete("DOCKER_CONFIG");
            else Deno.env.set("DOCKER_CONFIG", before);
          }
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
    const { error, failures } = await build(
      context,
      { tokens: "client", credentials: { [registry.host]: LOGIN } },
      await registry.put("app:latest"),
    );
    assertInstanceOf(error, BuildError);
    assertStringIncludes(
      failures[0]!.message,
      "refused the login (status 401)",
    );
    assert(!Deno.inspect([error, failures]).includes(LOGIN.password));
  },
);

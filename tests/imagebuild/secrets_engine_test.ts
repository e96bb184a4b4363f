import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import {
  collect,
  collectPrinted,
  SALT,
  traceText,
  warnings,
} from "../support/builds.ts";
import { randomBytes, sha256 } from "../support/digest.ts";
import { isRecent } from "../support/engines.ts";
import { daemonWaysTest, everyWayTest } from "../support/ways.ts";
import { dockerfileTar } from "../support/tar.ts";
import {
  BuildError,
  Secret,
  SecretError,
  type SecretSource,
} from "../../mod.ts";

const FROM = `FROM davit-test/base\n${SALT}`;
const NONE = { networkmode: "none", nocache: true } as const;

/** A step that prints the digest of each secret, one mount for each. */
function digestStep(ids: readonly string[], flags = ""): string {
  const mounts = ids.map((id) => `--mount=type=secret,id=${id}${flags}`);
  return `RUN ${mounts.join(" ")} cd /run/secrets && sha256sum ${
    ids.join(" ")
  }`;
}

everyWayTest(
  "imageBuild() gives every kind of secret byte for byte",
  async ({ docker }) => {
    const folder = await Deno.makeTempDir();
    await Deno.writeFile(`${folder}/key`, randomBytes(2000));
    Deno.env.set("DAVIT_TEST_SECRET", "from the environment: ü\n");
    const values: Record<string, Uint8Array | string> = {
      binary: randomBytes(3 * 1024 * 1024),
      empty: "",
      key: "-----BEGIN KEY-----\nAAAA\nBBBB\r\n-----END KEY-----\n",
      "a.dotted-name_1": "value of the dotted one",
      file: await Deno.readFile(`${folder}/key`),
      env: "from the environment: ü\n",
      lazy: "only when asked",
      wrapped: randomBytes(77),
      mark: "\ufeffmarked",
    };
    const secrets: Record<string, SecretSource> = {
      ...values,
      file: { file: `${folder}/key` },
      env: { env: "DAVIT_TEST_SECRET" },
      lazy: ({ id }) =>
        Promise.resolve(id === "lazy" ? values.lazy as string : null),
      wrapped: { value: new Secret(values.wrapped!) },
    };
    try {
      const build = docker.imageBuild(
        dockerfileTar(FROM, digestStep(Object.keys(values), ",required=true")),
        { ...NONE, secrets },
      );
      const { error, printed } = await collectPrinted(build);
      assertEquals(error, undefined);
      const text = printed;
      for (const [id, value] of Object.entries(values)) {
        assertStringIncludes(text, `${await sha256(value)}  ${id}`);
      }
      assert((await build.wait()).startsWith("sha256:"));
    } finally {
      Deno.env.delete("DAVIT_TEST_SECRET");
      await Deno.remove(folder, { recursive: true });
    }
  },
);

everyWayTest(
  "imageBuild() gives 50 secrets to one step",
  async ({ docker }) => {
    const secrets = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`s${i}`, randomBytes(100 + i)]),
    );
    const build = docker.imageBuild(
      dockerfileTar(FROM, digestStep(Object.keys(secrets))),
      { ...NONE, secrets },
    );
    const { printed } = await collectPrinted(build);
    const text = printed;
    for (const [id, value] of Object.entries(secrets)) {
      assertStringIncludes(text, `${await sha256(value)}  ${id}`);
    }
  },
);

everyWayTest(
  "imageBuild() gives a secret as an environment variable",
  async ({ docker }) => {
    const token = crypto.randomUUID();
    const build = docker.imageBuild(
      dockerfileTar(
        FROM,
        'RUN --mount=type=secret,id=t,env=TOKEN printf %s "$TOKEN" | sha256sum',
      ),
      { ...NONE, secrets: { t: token } },
    );
    const { printed } = await collectPrinted(build);
    assertStringIncludes(printed, `${await sha256(token)}  -`);
  },
  isRecent,
);

everyWayTest(
  "imageBuild() serves values up to the engine's message limit and refuses larger ones before the build",
  async ({ docker, generation, api }) => {
    const limit = (Number(generation) >= 26 ? 16 : 4) * 1024 * 1024 - 5;
    const largest = randomBytes(limit);
    const build = docker.imageBuild(dockerfileTar(FROM, digestStep(["big"])), {
      ...NONE,
      secrets: { big: largest },
    });
    const { messages, error, printed } = await collectPrinted(build);
    assertEquals(error, undefined);
    assertStringIncludes(printed, await sha256(largest));
    assertEquals(
      warnings(messages).some((text) =>
        text.includes("too large for the X-BuildKit-Secrets header")
      ),
      api === "engine", // BuildKit's API has no such header
    );

    const refused = await assertRejects(
      () =>
        docker.imageBuild(dockerfileTar(FROM), {
          secrets: { big: new Uint8Array(limit + 1) },
        }).wait(),
      SecretError,
      `${limit + 1} bytes, and this engine takes at most ${limit}`,
    );
    assertEquals(refused.id, "big");
    const late = await assertRejects(
      () =>
        docker.imageBuild(dockerfileTar(FROM, digestStep(["big"])), {
          ...NONE,
          secrets: { big: () => new Uint8Array(limit + 1) },
        }).wait(),
      SecretError,
      "at most",
    );
    assertEquals(late.id, "big");
  },
);

everyWayTest(
  "imageBuild() says which secrets were asked for and not given, and which were not asked for",
  async ({ docker }) => {
    const build = docker.imageBuild(
      dockerfileTar(FROM, "RUN --mount=type=secret,id=npm_token true"),
      { ...NONE, secrets: { github_token: "x123456" } },
    );
    const { messages } = await collect(build);
    const texts = warnings(messages).join("\n");
    assertStringIncludes(
      texts,
      'secret "npm_token" was asked for and not given',
    );
    assertStringIncludes(
      texts,
      'secret "github_token" was given and never asked for',
    );

    const required = await assertRejects(
      () =>
        docker.imageBuild(
          dockerfileTar(
            FROM,
            "RUN --mount=type=secret,id=npm_token,required=true true",
          ),
          NONE,
        ).wait(),
      BuildError,
      'secret "npm_token" was asked for and not given',
    );
    assertEquals(required.missingSecrets, ["npm_token"]);
  },
);

everyWayTest(
  "imageBuild() with strictSecrets makes either an error",
  async ({ docker, api, generation }) => {
    // Before a step runs, where the frontend tells what the target mounts.
    const asksFirst = api === "buildkit" && generation !== "20";
    const missing = await assertRejects(
      () =>
        docker.imageBuild(
          dockerfileTar(FROM, "RUN --mount=type=secret,id=npm_token true"),
          { ...NONE, strictSecrets: true },
        ).wait(),
      SecretError,
      asksFirst
        ? 'this target mounts secret "npm_token" (Dockerfile:3), which is not given'
        : 'secret "npm_token" was asked for and not given',
    );
    assertEquals(missing.id, "npm_token");
    const unused = await assertRejects(
      () =>
        docker.imageBuild(dockerfileTar(FROM, "RUN true"), {
          ...NONE,
          strictSecrets: true,
          secrets: { extra: "x123456" },
        }).wait(),
      SecretError,
      asksFirst
        ? 'secret "extra" was given, and no step of this target mounts it'
        : 'secret "extra" was given and never asked for',
    );
    assertEquals(unused.id, "extra");
  },
);

everyWayTest(
  "imageBuild() calls a function only when the engine asks, once a build",
  async ({ docker }) => {
    let calls = 0;
    let signal: AbortSignal | undefined;
    const secrets: Record<string, SecretSource> = {
      asked: (request) => {
        calls++;
        signal = request.signal;
        return `value ${request.id}`;
      },
      unasked: () => {
        throw new Error("nobody asks");
      },
    };
    const step =
      "RUN --mount=type=secret,id=asked sha256sum /run/secrets/asked";
    const build = docker.imageBuild(
      dockerfileTar(FROM, step, `${step} #again`),
      { ...NONE, secrets },
    );
    await build.wait();
    assertEquals(calls, 1);
    assert(signal?.aborted, "the signal ends with the build");
  },
);

everyWayTest(
  "imageBuild() fails with the function's own error as the cause",
  async ({ docker }) => {
    const failure = new Error("the vault is closed");
    const error = await assertRejects(
      () =>
        docker.imageBuild(
          dockerfileTar(FROM, "RUN --mount=type=secret,id=v true"),
          { ...NONE, secrets: { v: () => Promise.reject(failure) } },
        ).wait(),
      SecretError,
      'The function for secret "v" failed',
    );
    assertEquals(error.cause, failure);
  },
);

everyWayTest(
  "imageBuild() runs 30 builds at once and mixes no secret up",
  async ({ docker }) => {
    const tokens = Array.from({ length: 30 }, () => crypto.randomUUID());
    const texts = await Promise.all(tokens.map(async (token, i) => {
      const build = docker.imageBuild(
        dockerfileTar(
          FROM,
          `ENV N=${i}`,
          digestStep(["token"], ",required=true"),
        ),
        { ...NONE, secrets: { token } },
      );
      const { messages, error } = await collect(build);
      if (error !== undefined) throw error;
      return traceText(messages);
    }));
    for (const [i, token] of tokens.entries()) {
      assertStringIncludes(texts[i]!, `${await sha256(token)}  token`);
    }
  },
);

daemonWaysTest("secrets of builds");

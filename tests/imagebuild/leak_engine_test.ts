import {
  DockerClient,
  EngineError,
  type ImageBuildOptions,
  SecretError,
  type WarningMessage,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
} from "../support/assert.ts";
import { buildTimings } from "../../lib/timings/build_timings.ts";
import { collect, warnings } from "../support/builds.ts";
import { bothWaysTest } from "../support/ways.ts";
import { BUILD_HEAD, startFakeEngine } from "../support/fake_engine.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { tarBytes, tarChunks } from "../support/tar.ts";
import { pack } from "./tar_forms.ts";

const VALUE = "value+of/the?leak";
const ENCODED = [VALUE, btoa(VALUE), encodeURIComponent(VALUE)];

Deno.test("a secret's value in an argument, a label or the Dockerfile is refused before a build is asked for", async () => {
  await using engine = await startFakeEngine(() => {});
  await using docker = await DockerClient.fromDockerHost(engine.host);
  const secrets = { token: VALUE };
  for (const value of ENCODED) {
    for (
      const [what, options, text] of [
        ["build argument", { buildargs: { A: `x${value}` } }, ""],
        ["build argument", { buildargs: JSON.stringify({ A: value }) }, ""],
        ["build argument", { buildargs: { [`a${value}`]: value } }, ""],
        ["label", { labels: { a: value } }, ""],
        ["label", { labels: JSON.stringify({ a: value }) }, ""],
        ["label", { labels: { [value]: "a" } }, ""],
        ["Dockerfile", {}, `LABEL a=${value}\n`],
      ] as const
    ) {
      const error = await assertRejects(
        () =>
          docker.imageBuild(
            { dockerfile: { text: `FROM scratch\n${text}` } },
            { secrets, ...options },
          ).wait(),
        SecretError,
        what,
      );
      assertEquals(error.id, "token");
      assertFalse(Deno.inspect(error).includes(value));
    }
  }
  assertEquals(
    engine.requests.filter(({ target }) => !target.includes("_ping")),
    [],
  );
});

/** Common lines of secrets, and builds that say the same without giving anything away. */
const INNOCENT: readonly [
  name: string,
  secret: string,
  options: ImageBuildOptions,
  line: string,
  place: string,
][] = [
  [
    "a line of an .env file",
    `NODE_ENV=production\nDB_PASSWORD=${VALUE}\n`,
    {},
    "ENV NODE_ENV=production",
    "the Dockerfile, line 2, holds a line of secret",
  ],
  [
    "a line of an .npmrc",
    `registry=https://registry.example.org/\n//r/:_authToken=${VALUE}\n`,
    { buildargs: { NPMRC: "registry=https://registry.example.org/" } },
    "",
    'the build argument "NPMRC" holds a line of secret',
  ],
  [
    "a short value",
    "root",
    {},
    "USER root",
    "the Dockerfile, line 2, holds the short value of secret",
  ],
  [
    "a short value in the name of an argument",
    "root",
    { buildargs: { root: "/srv" } },
    "",
    "the name of build argument number 1 holds the short value of secret",
  ],
  [
    "a line of JSON",
    JSON.stringify({ type: "service_account", key: VALUE }, null, 2),
    { labels: { a: '"type": "service_account",' } },
    "",
    "label number 1 holds a line of secret",
  ],
  [
    "a line of JSON, in JSON",
    JSON.stringify({ type: "service_account", key: VALUE }, null, 2),
    { labels: { a: JSON.stringify('"type": "service_account",') } },
    "",
    "label number 1 holds a part of secret",
  ],
];

Deno.test("a line of a secret, or a short one, in an argument, a label or the Dockerfile is a warning", async () => {
  await using engine = await startFakeEngine(async (request) => {
    await request.write(`${BUILD_HEAD}{"aux":{"ID":"sha256:1"}}\n`);
    request.close();
  });
  await using docker = await DockerClient.fromDockerHost(engine.host);
  for (const [name, secret, options, line, place] of INNOCENT) {
    const { messages } = await collect(
      docker.imageBuild(
        { dockerfile: { text: `FROM scratch\n${line}\n` } },
        { secrets: { s: secret }, secretsVia: "header", ...options },
      ),
    );
    const said = messages.filter((message) =>
      message.id === "davit.warning" &&
      (message as WarningMessage).aux.code === "secret-visible"
    ) as WarningMessage[];
    assertEquals(
      said.map(({ status, aux }) => [status.startsWith(place), aux.name]),
      [[true, "s"]],
      `${name}: ${Deno.inspect(messages)}`,
    );
    assertFalse(said[0]!.status.includes("production"), name);
    assertFalse(said[0]!.status.includes("root"), name);
    assertEquals(engine.requests.at(-1)!.method, "POST", name);
  }
});

Deno.test("a long value in the Dockerfile is refused as a whole only", async () => {
  await using engine = await startFakeEngine(async (request) => {
    await request.write(`${BUILD_HEAD}{"aux":{"ID":"sha256:1"}}\n`);
    request.close();
  });
  await using docker = await DockerClient.fromDockerHost(engine.host);
  const secret = Array.from(
    { length: 8 },
    () => crypto.randomUUID(),
  ).join(".");
  const build = (text: string) =>
    collect(docker.imageBuild(
      { dockerfile: { text: `FROM scratch\nLABEL a="${text}"\n` } },
      { secrets: { s: secret }, secretsVia: "header" },
    ));
  for (const whole of [secret, btoa(`x${secret}y`)]) {
    const { error } = await build(whole);
    assert(error instanceof SecretError, Deno.inspect(error));
  }
  const { messages, error } = await build(secret.slice(0, 200));
  assertEquals(error, undefined);
  assertEquals(
    warnings(messages).filter((text) => text.includes("a part of")).length,
    1,
  );
});

bothWaysTest(
  "a secret's value in the Dockerfile of a tar ends the build on its way, before a step runs",
  async ({ docker, api }) => {
    for (const value of ENCODED) {
      const tag = `davit-leak:${crypto.randomUUID()}`;
      let cancelled: unknown;
      const files = {
        Dockerfile: `FROM davit-test/base\nLABEL a=${value}\n`,
        large: new Uint8Array(4 * 1024 * 1024),
      };
      const chunks = tarChunks(files);
      const tar = new ReadableStream<Uint8Array>({
        pull(controller) {
          const { done, value } = chunks.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: (reason) => void (cancelled = reason),
      }, { highWaterMark: 0 });
      const build = docker.imageBuild(tar, { tag, secrets: { token: VALUE } });
      const error = await assertRejects(
        () => build.wait(),
        SecretError,
        "the Dockerfile, line 2, holds the value",
      );
      assertEquals(error.id, "token");
      assertEquals(cancelled, error);
      assertFalse(Deno.inspect(error, { depth: 9 }).includes(value));
      const { messages } = await collect(build);
      const steps = messages.flatMap((message) =>
        message.id === "moby.buildkit.trace"
          ? message.trace.vertexes.map(({ name }) => name)
          : message.id?.startsWith("davit.")
          ? []
          : [Deno.inspect(message)]
      );
      // BuildKit fetches the tar within the build.
      const fetching = "[internal] load remote build context";
      assertEquals(
        [...new Set(steps)],
        api === "engine" ? [] : [fetching],
      );
      await assertRejects(() => docker.imageInspect(tag), EngineError);
    }
  },
);

bothWaysTest(
  "a secret's value in the Dockerfile of a packed tar is refused, too",
  async ({ docker }) => {
    // It is known before the last byte is sent, also where all is one chunk.
    const tar = await pack(
      await tarBytes({
        Dockerfile: `FROM davit-test/base\nLABEL a=${VALUE}\n`,
      }),
    );
    const tag = `davit-leak:${crypto.randomUUID()}`;
    const build = docker.imageBuild(new Blob([tar]).stream(), {
      tag,
      secrets: { token: VALUE },
    });
    await assertRejects(
      () => build.wait(),
      SecretError,
      "the Dockerfile, line 2, holds the value",
    );
    await assertRejects(() => docker.imageInspect(tag), EngineError);
  },
);

bothWaysTest(
  "a value that a function gives is looked for in the build's texts then, and is in no report of what ran before",
  async ({ docker }) => {
    const MOUNT = "--mount=type=secret,id=token";
    const steps = (value: string) =>
      [
        "FROM davit-test/base",
        `RUN echo ${value} ${crypto.randomUUID()}`,
        `RUN ${MOUNT} cat /run/secrets/token`,
      ].join("\n");
    const tar = await tarBytes({ Dockerfile: steps(VALUE) });
    for (
      const [context, where, options] of [
        [{ dockerfile: { text: steps(VALUE) } }, "the Dockerfile, line 2,", {}],
        [new Blob([tar]).stream(), "the Dockerfile, line 2,", {}],
        [{ dockerfile: { text: steps("") } }, "label number 1", {
          labels: { a: VALUE },
        }],
      ] as const
    ) {
      const tag = `davit-leak:${crypto.randomUUID()}`;
      const build = docker.imageBuild(context, {
        ...options,
        tag,
        networkmode: "none",
        nocache: true,
        secrets: { token: () => Promise.resolve(VALUE) },
      });
      const error = await assertRejects(
        () => build.result(),
        SecretError,
        `Cannot build: ${where}`,
      );
      const timings = await buildTimings(build);
      for (const report of [error, timings]) {
        const text = Deno.inspect(report, {
          depth: 20,
          strAbbreviateSize: 1e6,
        });
        assertFalse(text.includes(VALUE), text);
      }
      assert(timings.steps.some(({ words }) => words.includes("echo")));
      await assertRejects(() => docker.imageInspect(tag), EngineError);
    }
    // A short one may be an ordinary word.
    const { warnings, steps: ran } = await docker.imageBuild({
      dockerfile: { text: steps("hunter2") },
    }, {
      networkmode: "none",
      nocache: true,
      secrets: { token: () => "hunter2" },
    }).result();
    assertEquals(warnings.map(({ code, short }) => [code, short]), [[
      "secret-visible",
      'the Dockerfile, line 2, holds the short value of secret "token", and is stored with the image or its log: if that is secret, mount it where it is used, else mark the secret visible',
    ]]);
    assert(ran.some(({ name }) => name.includes("RUN echo *** ")));
  },
);

bothWaysTest(
  "a secret's file in the context gets a warning, unless it is ignored",
  async ({ docker }) => {
    await withTempFolder(async (folder) => {
      await writeTree(folder, {
        Dockerfile: "FROM scratch\nLABEL a=b\n",
        "keys/token": VALUE,
      });
      const said = async () => {
        const { messages, error } = await collect(
          docker.imageBuild(folder, {
            secrets: { t: { file: `${folder}/keys/token` } },
          }),
        );
        assertEquals(error, undefined);
        return warnings(messages).filter((text) => text.includes("COPY"));
      };
      assertEquals(await said(), [
        'the file of secret "t" lies in the context as "keys/token", and COPY can take it into the image: name it in .dockerignore',
      ]);
      await Deno.writeTextFile(`${folder}/.dockerignore`, "keys\n");
      assertEquals(await said(), []);
    });
  },
);

import {
  BuildError,
  type ImageBuild,
  type ImageBuildOptions,
} from "../../../mod.ts";
import { runProgram } from "../../cli/command.ts";
import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../../support/assert.ts";
import { SALT } from "../../support/builds.ts";
import {
  containerdTest,
  type EngineContext,
  engineTest,
  isRecent,
} from "../../support/engines.ts";
import { withTempFolder, writeTree } from "../../support/folder.ts";
import { denoFolder } from "../deno_folder.ts";
import { DENO_IMAGE } from "./deno_image.ts";
import { GREETING } from "./npm_registry.ts";
import { type DenoApp, newToken, openDenoApp } from "./open_app.ts";
import { textsIn, textsInImage } from "./raw_search.ts";
import { runContainer } from "./run_container.ts";

/** One of the app's two tasks, and how its step gets the token. */
interface Form {
  readonly task: string;
  readonly dockerfile: string;
  readonly id: string;
  /** The secret's value with a token. */
  secret(token: string, host: string): string;
  /** What the task needs of the reader's surroundings. */
  surroundings(home: string, token: string): Record<string, string>;
}

const FILE: Form = {
  task: "image",
  dockerfile: "Dockerfile",
  id: "npmrc",
  secret: (token, host) => `//${host}/:_authToken=${token}\n`,
  surroundings: (home) => ({ HOME: home }),
};

const VARIABLE: Form = {
  task: "image:env",
  dockerfile: "env.Dockerfile",
  id: "npm_token",
  secret: (token) => token,
  surroundings: (home, token) => ({ HOME: `${home}/none`, NPM_TOKEN: token }),
};

interface Opened {
  readonly engine: EngineContext;
  readonly form: Form;
  readonly app: DenoApp;
  readonly home: string;
  readonly tag: string;
}

async function withApp(
  engine: EngineContext,
  form: Form,
  use: (opened: Opened) => Promise<void>,
): Promise<void> {
  await withTempFolder(async (home) => {
    const tag = `davit-test/deno-app:${crypto.randomUUID()}`;
    await using app = await openDenoApp(engine, { home, tag });
    await use({ engine, form, app, home, tag });
  });
}

/** `deno task image`, by default with a token where it looks for one. */
async function runTask(
  { engine, form, app, home }: Opened,
  surroundings: Record<string, string> = form.surroundings(home, app.token),
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await runProgram(
    [Deno.execPath(), "task", form.task],
    {
      cwd: app.folder,
      env: {
        DENO_DIR: await denoFolder(),
        DOCKER_HOST: engine.host,
        ...surroundings,
      },
    },
  );
  return { code, stdout: new TextDecoder().decode(stdout), stderr };
}

/** The same build by the API. */
function build(
  { engine, form, app, tag }: Opened,
  token: string,
  options: ImageBuildOptions = {},
): ImageBuild {
  return engine.docker.imageBuild(app.folder, {
    tag,
    dockerfile: form.dockerfile,
    networkmode: "host",
    secrets: { [form.id]: form.secret(token, app.registry.host) },
    ...options,
  });
}

/** Whatever an image of the app is searched for besides: what is found shows that the search finds. */
const PACKAGE = "@acme/greeting";

/** Runs the task, and looks at what came of it. */
async function checkTask(opened: Opened): Promise<void> {
  const { engine: { socketPath }, app, tag } = opened;
  const before = app.registry.requests.length;
  const { code, stdout, stderr } = await runTask(opened);
  assertEquals(code, 0, stderr);
  // The image has Deno in it.
  assertMatch(stdout, /^The token is in none of its \d{8,} bytes\.$/m);
  assertFalse(`${stdout}${stderr}`.includes(app.token));
  for (const { token, status } of app.registry.requests.slice(before)) {
    assertEquals([token, status], [app.token, 200]);
  }
  assert(app.registry.requests.length > before);
  assertEquals(await runContainer(socketPath, tag), `${GREETING}\n`);
  const uid = ["eval", "console.log(`${Deno.uid()}`)"];
  assertEquals(await runContainer(socketPath, tag, uid), "1993\n");
  assertEquals(
    await textsInImage(socketPath, tag, [app.token, PACKAGE]),
    [PACKAGE],
  );
}

for (const form of [FILE, VARIABLE]) {
  engineTest(
    `\`deno task ${form.task}\` makes an image with the private package, and without the token that this takes`,
    (engine) =>
      withApp(engine, form, async (opened) => {
        const { app, home } = opened;
        const wrong = newToken();
        const npmrc = form.secret(wrong, app.registry.host);
        await writeTree(home, { "other/.npmrc": npmrc });
        const { code, stderr } = await runTask(
          opened,
          form.surroundings(`${home}/other`, wrong),
        );
        assertEquals(code, 1);
        assertStringIncludes(stderr, "Bad response: 401");
        assertFalse(stderr.includes(wrong));
        await checkTask(opened);
      }),
    isRecent,
  );

  containerdTest(
    `the token for ${form.dockerfile} is in no image with provenance, nor in a cache that is exported`,
    (engine) =>
      withApp(engine, form, async (opened) => {
        const { app, home, tag } = opened;
        const { socketPath } = engine;
        await build(opened, app.token, {
          attest: { provenance: "max" },
          cacheto: {
            type: "local",
            dest: `${home}/cache`,
            mode: "max",
            compression: "uncompressed",
          },
        }).wait();
        assertEquals(
          await textsIn(`${home}/cache`, [app.token, PACKAGE]),
          [PACKAGE],
        );
        const provenance = "https://slsa.dev/provenance/";
        const expected = [PACKAGE, provenance];
        assertEquals(
          await textsInImage(socketPath, tag, [app.token, ...expected]),
          expected,
        );
        assertEquals(await runContainer(socketPath, tag), `${GREETING}\n`);
      }),
  );
}

engineTest(
  "the app's packages are installed again with nocache, not for another token or another source",
  (engine) =>
    withApp(engine, VARIABLE, async (opened) => {
      const { app, form, tag } = opened;
      await build(opened, app.token).wait();
      const asked = app.registry.requests.length;
      assert(asked > 0);

      const another = newToken();
      const { secrets } = await build(opened, another).result();
      assertEquals(secrets.cached, [form.id]);

      const source = `${app.folder}/src/main.ts`;
      await Deno.writeTextFile(source, 'console.log("changed");\n', {
        append: true,
      });
      const { steps } = await build(opened, another).result();
      assertEquals(
        steps.filter(({ name }) => name.includes("deno install"))
          .map(({ cached }) => cached),
        [true],
      );
      assertEquals(
        await runContainer(engine.socketPath, tag),
        `${GREETING}\nchanged\n`,
      );
      assertEquals(app.registry.requests.length, asked);

      await assertRejects(
        () => build(opened, another, { nocache: true }).wait(),
        BuildError,
        "Bad response: 401",
      );
    }),
  isRecent,
);

engineTest(
  "the app's cache mount keeps the package, and not the token",
  (engine) =>
    withApp(engine, VARIABLE, async (opened) => {
      const { app, form, tag } = opened;
      await build(opened, app.token).wait();
      const Dockerfile = `FROM ${DENO_IMAGE}
${SALT}
RUN --mount=type=cache,id=${app.cacheId},target=/deno-dir \\
    --mount=type=secret,id=${form.id} \\
    grep -rq "${PACKAGE}" /deno-dir && \\
    ! grep -rf /run/secrets/${form.id} /deno-dir
`;
      await engine.docker.imageBuild({ files: { Dockerfile } }, {
        tag,
        networkmode: "none",
        secrets: { [form.id]: app.token },
        strictSecrets: true,
      }).wait();
    }),
  isRecent,
);

engineTest(
  "a build of the app without the token says what to do, and runs no step",
  async (engine) => {
    for (const form of [FILE, VARIABLE]) {
      await withApp(engine, form, async (opened) => {
        const { app, home } = opened;
        const task = await runTask(opened, { HOME: `${home}/none` });
        assertEquals(task.code, 1);
        assertStringIncludes(
          task.stderr,
          form === FILE
            ? `SecretError: Cannot read secret "npmrc" from "${home}/none/.npmrc": there is no such file`
            : 'SecretError: Cannot read secret "npm_token": the environment variable "NPM_TOKEN" is not set',
        );
        // A secret that image.ts does not give.
        const dockerfile = `${app.folder}/${form.dockerfile}`;
        const text = await Deno.readTextFile(dockerfile);
        await Deno.writeTextFile(
          dockerfile,
          text.replace(`id=${form.id}`, "id=another"),
        );
        const { code, stderr } = await runTask(opened);
        assertEquals(code, 1);
        assertMatch(
          stderr,
          new RegExp(
            `stopped before its first step.* requires secret "another" \\(${form.dockerfile}:\\d\\), which is not given; give it`,
          ),
        );
        assertEquals(app.registry.requests, []);
      });
    }
  },
  isRecent,
);

import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../support/assert.ts";
import {
  containerdTest,
  type EngineContext,
  engineTest,
  isRecent,
} from "../support/engines.ts";
import { cacheIdsOf } from "../support/build_cache.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { type Registry, startRegistry } from "../support/registry.ts";
import { type CommandRun, DAVIT, runDavit, runProgram } from "./command.ts";

type Engine = Pick<EngineContext, "host" | "cli" | "cliEnv">;

/** The digest by which a registry knows an image. */
async function digestAt({ host }: Registry, name: string): Promise<string> {
  const response = await fetch(`http://${host}/v2/${name}`, {
    method: "HEAD",
    headers: {
      accept: [
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
      ].join(", "),
    },
  });
  assertEquals(response.status, 200, name);
  return response.headers.get("docker-content-digest")!;
}

/** What is known of a push when it is over. */
interface Pushed {
  readonly metadata: Record<string, unknown>;
  readonly id: string;
  readonly printed: string;
}

/** Builds and pushes with one of the two commands. */
async function pushWith(
  command: readonly string[],
  words: readonly string[],
  env: Record<string, string>,
): Promise<Pushed> {
  let pushed: Pushed | undefined;
  await withTempFolder(async (cwd) => {
    await writeTree(cwd, { Dockerfile: "FROM scratch\nCOPY a /\n", a: "a" });
    const run = await runProgram([
      ...command,
      ...["build", "-q", "--provenance=false", "--metadata-file", "m.json"],
      ...["--iidfile", "id", ...words, "."],
    ], { cwd, env });
    assertEquals(run.code, 0, run.stderr);
    pushed = {
      metadata: JSON.parse(await Deno.readTextFile(`${cwd}/m.json`)),
      id: await Deno.readTextFile(`${cwd}/id`),
      printed: new TextDecoder().decode(run.stdout).trim(),
    };
  });
  return pushed!;
}

/** Pushes, and holds the files against the registry, and what buildx writes where there is one. */
async function comparePushes(
  { host, cli, cliEnv }: Engine,
  compare: boolean,
): Promise<Pushed> {
  await using registry = await startRegistry();
  let last: Pushed | undefined;
  for (
    const [words, manifest] of [
      [
        ["--push", "-t", `${registry.host}/a:1`, "-t", `${registry.host}/b:2`],
        "a/manifests/1",
      ],
      [
        ["-o", `type=image,name=${registry.host}/c,push=true`],
        "c/manifests/latest",
      ],
    ] as const
  ) {
    const davit = await pushWith(DAVIT, words, { DOCKER_HOST: host });
    assertEquals(
      davit.metadata["containerimage.digest"],
      await digestAt(registry, manifest),
    );
    assertEquals(davit.printed, davit.id);
    last = davit;
    if (!compare) continue;
    const docker = await pushWith([cli!], words, cliEnv!);
    // Each build has an id of its own.
    const ref = { "buildx.build.ref": davit.metadata["buildx.build.ref"] };
    assertEquals(davit.metadata, { ...docker.metadata, ...ref });
    assertEquals(
      docker.metadata["containerimage.config.digest"],
      docker.id,
    );
  }
  return last!;
}

engineTest(
  "--push --metadata-file: the digest that was pushed, and the image's id as ever",
  async (context) => {
    const compare = isRecent(context) && context.cli !== undefined;
    const { id, metadata } = await comparePushes(context, compare);
    assertEquals(id, metadata["containerimage.config.digest"]);
    const { Id } = await context.docker.imageInspect(id);
    assertEquals(Id, id);
  },
  (engine) => !engine.containerdStore,
);

containerdTest(
  "--push --metadata-file on the containerd store: the digest that was pushed, and an id that the engine knows",
  async (engine) => {
    const { id, metadata } = await comparePushes(
      engine,
      engine.cli !== undefined,
    );
    // What buildx gives there, the configuration's digest, it does not.
    assertEquals(id, metadata["containerimage.digest"]);
    assertEquals((await engine.docker.imageInspect(id)).Id, id);
  },
);

containerdTest(
  "--push of an image with a provenance pushes its index, as the files say",
  async ({ host }) => {
    await using registry = await startRegistry();
    await withTempFolder(async (cwd) => {
      await writeTree(cwd, { Dockerfile: "FROM scratch\nCOPY a /\n", a: "a" });
      const run = await runDavit([
        ...["build", "-q", "--push", "-t", `${registry.host}/a:1`],
        ...["--metadata-file=m", "--iidfile=id", "."],
      ], { cwd, env: { DOCKER_HOST: host } });
      assertEquals(run.code, 0, run.stderr);
      const metadata = JSON.parse(await Deno.readTextFile(`${cwd}/m`));
      const response = await fetch(
        `http://${registry.host}/v2/a/manifests/1`,
        { headers: { accept: "application/vnd.oci.image.index.v1+json" } },
      );
      const { manifests } = await response.json();
      assertEquals(
        response.headers.get("docker-content-digest"),
        metadata["containerimage.digest"],
      );
      assertEquals(
        manifests.map(({ annotations }: {
          annotations?: Record<string, string>;
        }) => annotations?.["vnd.docker.reference.type"]),
        [undefined, "attestation-manifest"],
      );
      assertEquals(
        await Deno.readTextFile(`${cwd}/id`),
        metadata["containerimage.digest"],
      );
    });
  },
);

engineTest(
  "a push that fails leaves neither an id nor metadata of its build",
  async ({ host }) => {
    await withTempFolder(async (cwd) => {
      await writeTree(cwd, { Dockerfile: "FROM scratch\nCOPY a /\n", a: "a" });
      await Deno.writeTextFile(`${cwd}/id`, "of an earlier build");
      const { code, stderr } = await runDavit(
        [
          ...["build", "-q", "--push", "-t", "127.0.0.1:1/a", "--iidfile"],
          ...["id", "--metadata-file", "m.json", "."],
        ],
        { cwd, env: { DOCKER_HOST: host } },
      );
      assertEquals(code, 1);
      assertMatch(stderr, /^ERROR: /m);
      const left = await Array.fromAsync(
        Deno.readDir(cwd),
        ({ name }) => name,
      );
      assertEquals(left.sort(), ["Dockerfile", "a"]);
    });
  },
);

/** Whether a build had its one step that runs in the cache. */
function isCached({ code, stderr }: CommandRun): boolean {
  assertEquals(code, 0, stderr);
  const [, step] = /^#(\d+) .* RUN /m.exec(stderr)!;
  // The containerd store fetches its layer when it is needed, and tells that.
  return new RegExp(`^#${step} (?:CACHED$|sha256:)`, "m").test(stderr);
}

engineTest(
  "--cache-to type=inline keeps the cache in the image that is pushed",
  async ({ host, docker }) => {
    await using registry = await startRegistry();
    await withTempFolder(async (cwd) => {
      // No other build has these steps.
      const step = crypto.randomUUID();
      await writeTree(cwd, {
        Dockerfile: `FROM davit-test/base\nRUN echo ${step} > /a\n`,
      });
      const options = { cwd, env: { DOCKER_HOST: host } };
      const build = ["build", "--network=none", "--progress=plain"];
      const forget = async () => {
        for (const id of await cacheIdsOf(host, step)) {
          await docker.buildPrune({ all: true, filters: { id: [id] } });
        }
        assertEquals(await cacheIdsOf(host, step), []);
      };
      for (const inline of [[], ["--cache-to", "type=inline"]]) {
        const name = `${registry.host}/cache:${inline.length}`;
        const words = [...build, ...inline, "--push", "-t", name, "."];
        assertEquals(isCached(await runDavit(words, options)), false);
        await docker.imageRemove(name, { force: true });
        await forget();
        const again = [...build, "--cache-from", name, "."];
        assertEquals(
          isCached(await runDavit(again, options)),
          inline.length > 0,
        );
        await forget();
      }
    });
  },
);

engineTest(
  "-o beside --load makes both, of the same steps",
  async ({ host, docker, cli, cliEnv, ...engine }) => {
    const recent = isRecent({ host, ...engine } as EngineContext);
    const commands = [
      [DAVIT, { DOCKER_HOST: host }],
      ...(cli !== undefined && recent ? [[[cli], cliEnv] as const] : []),
    ] as const;
    for (const [command, env] of commands) {
      await withTempFolder(async (cwd) => {
        const tag = `davit-both-${crypto.randomUUID()}`;
        await writeTree(cwd, {
          "context/Dockerfile":
            "FROM davit-test/base AS b\nRUN cat /proc/sys/kernel/random/uuid > /u\nFROM scratch\nCOPY --from=b /u /\n",
        });
        const { code, stdout, stderr } = await runProgram([
          ...command,
          ...["build", "-q", "--no-cache", "--network=none", "-o", "out"],
          ...["--load", "-t", tag, "context"],
        ], { cwd, env: env! });
        assertEquals(code, 0, stderr);
        const { Id } = await docker.imageInspect(tag);
        assertEquals(new TextDecoder().decode(stdout).trim(), Id);
        const image = await runDavit(["build", "-o", "again", "-f", "-", "."], {
          cwd,
          env: { DOCKER_HOST: host },
          stdin: new TextEncoder().encode(`FROM ${tag}\n`),
        });
        assertEquals(image.code, 0, image.stderr);
        assertEquals(
          await Deno.readTextFile(`${cwd}/out/u`),
          await Deno.readTextFile(`${cwd}/again/u`),
        );
        await docker.imageRemove(tag, { force: true });
      });
    }
  },
);

engineTest(
  "davit pull fetches an image by its tag and by its digest",
  async ({ host, docker }) => {
    await using registry = await startRegistry();
    const tag = await registry.put("pulled:1");
    const digest = await digestAt(registry, "pulled/manifests/1");
    const env = { DOCKER_HOST: host };
    for (
      const [name, words] of [
        [tag, []],
        [tag, ["-q", "--platform", "linux/amd64"]],
        [`${registry.host}/pulled@${digest}`, ["-q"]],
      ] as const
    ) {
      const run = await runDavit(["pull", ...words, name], { env });
      assertEquals(run.code, 0, run.stderr);
      assertEquals(new TextDecoder().decode(run.stdout), `${digest}\n`);
      if (words.length === 0) {
        assertStringIncludes(run.stderr, `${name}: pulled ${digest}`);
      } else assertEquals(run.stderr, "");
      await docker.imageInspect(name);
      await docker.imageRemove(name, { force: true });
    }
    const none = await runDavit(["pull", `${registry.host}/none`], { env });
    assertEquals([none.code, none.stdout.length], [1, 0]);
    assertMatch(none.stderr, /^ERROR: /m);
  },
);

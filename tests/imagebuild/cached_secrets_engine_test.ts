import { startGateway } from "../gateway/gateway.ts";
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { bothWaysTest, type BuildApi } from "../support/ways.ts";
import { startRegistry } from "../support/registry.ts";
import { withTempFolder } from "../support/folder.ts";
import { dockerfileTar } from "../support/tar.ts";
import { makeKey } from "../ssh/openssh.ts";
import {
  type BuildContext,
  DockerClient,
  type ImageBuildOptions,
  SecretError,
} from "../../mod.ts";
import type { SecretReport } from "../../lib/types.ts";

const VALUE = "a value of its own";

/** What a build says of its secrets. */
interface Said {
  readonly report: SecretReport;
  /** `id state` of each event, in their order; the requests left out. */
  readonly events: string[];
  /** Codes of the warnings about secrets, with their ids. */
  readonly warnings: string[];
}

/** The steps of a Dockerfile that no other test shares. */
function lines(...steps: string[]): string[] {
  return ["FROM davit-test/base AS first", `ENV M=${mark()}`, ...steps];
}

function mark(): string {
  return crypto.randomUUID();
}

async function run(
  docker: DockerClient,
  context: BuildContext,
  options: ImageBuildOptions = {},
): Promise<Said> {
  const build = docker.imageBuild(context, {
    networkmode: "none",
    secrets: { s: VALUE },
    ...options,
  });
  const events: string[] = [];
  for await (const event of build.events()) {
    if (event.type === "secret" && event.state !== "requested") {
      events.push(`${event.id} ${event.state}`);
    }
  }
  const { secrets: report, warnings } = await build.result();
  return {
    report,
    events,
    warnings: warnings.flatMap(({ code, short }) =>
      code?.startsWith("secret-")
        ? [`${code} ${/secret "([^"]*)"/.exec(short)?.[1]}`]
        : []
    ),
  };
}

/** The engine itself, and a gateway before it. */
async function eachWay(
  engine: {
    readonly host: string;
    readonly docker: DockerClient;
    readonly api: BuildApi;
  },
  test: (docker: DockerClient) => Promise<void>,
): Promise<void> {
  await test(engine.docker);
  if (engine.api === "buildkit") return; // a gateway does not let it pass
  await using served = await startGateway({ engine: engine.host });
  await using docker = await DockerClient.fromDockerHost(
    `unix://${served.path}`,
  );
  await test(docker);
}

/**
 * Whether the frontend is asked what the target mounts before a step runs: of a
 * tar, by BuildKit's API alone.
 */
function asksFirst(
  { api, generation }: {
    readonly api: BuildApi;
    readonly generation: string;
  },
): boolean {
  return api === "buildkit" && generation !== "20";
}

const SERVED: Said = {
  report: { served: ["s"], missing: [], cached: [], unused: [] },
  events: ["s served"],
  warnings: [],
};
const CACHED: Said = {
  report: { served: [], missing: [], cached: ["s"], unused: [] },
  events: ["s cached"],
  warnings: [],
};

bothWaysTest(
  "a secret whose steps come from the cache is cached, under strict and not, and with no log at all",
  async (engine) => {
    await eachWay(engine, async (docker) => {
      const steps = lines("RUN --mount=type=secret,id=s true");
      const tar = () => dockerfileTar(...steps);
      assertEquals(await run(docker, tar()), SERVED);
      for (const strictSecrets of [false, true, "missing", "unused"] as const) {
        assertEquals(await run(docker, tar(), { strictSecrets }), CACHED);
      }
      assertEquals(
        await run(docker, tar(), { strictSecrets: true, quiet: true }),
        CACHED,
      );
      const dockerfile = { text: steps.join("\n") };
      assertEquals(
        await run(docker, { dockerfile }, { strictSecrets: true }),
        CACHED,
      );
      // What is built anew asks anew.
      const changed = dockerfileTar(
        ...steps,
        "RUN --mount=type=secret,id=s true again",
      );
      assertEquals(await run(docker, changed, { strictSecrets: true }), SERVED);
    });
  },
);

bothWaysTest(
  "a secret that another stage mounts is unused, an ONBUILD of a stage below is not",
  async (engine) => {
    await eachWay(engine, async (docker) => {
      const steps = lines(
        "RUN --mount=type=secret,id=s touch /file",
        "FROM davit-test/base AS copy",
        "COPY --from=first /file /file",
        "FROM davit-test/base AS other",
        `RUN : ${mark()}`,
      );
      const tar = () => dockerfileTar(...steps);
      await run(docker, tar(), { target: "first" });
      assertEquals(
        await run(docker, tar(), { target: "copy", strictSecrets: true }),
        CACHED,
      );
      for (const target of ["other", undefined]) {
        const options = target === undefined ? {} : { target };
        assertEquals(await run(docker, tar(), options), {
          report: { served: [], missing: [], cached: [], unused: ["s"] },
          events: ["s unused"],
          warnings: ["secret-unused s"],
        });
        const error = await assertRejects(
          () => run(docker, tar(), { ...options, strictSecrets: true }),
          SecretError,
          asksFirst(engine)
            ? 'before its first step: secret "s" was given, and no step of this target mounts it'
            : 'The image was built, but secret "s" was given and never asked for',
        );
        assertEquals(error.id, "s");
      }
      const onbuild = lines(
        "ONBUILD RUN --mount=type=secret,id=s true",
        "FROM first",
      );
      const above = () => dockerfileTar(...onbuild);
      assertEquals(await run(docker, above(), { strictSecrets: true }), SERVED);
      assertEquals(await run(docker, above(), { strictSecrets: true }), CACHED);
    });
  },
);

bothWaysTest(
  "a base image's ONBUILD that comes from the cache mounts a secret, too",
  async ({ docker, daemon }) => {
    // A daemon finds base images in registries alone.
    await using registry = await startRegistry();
    const tag = `${registry.host}/onbuild:1`;
    const base = lines("ONBUILD RUN --mount=type=secret,id=s true");
    await docker.imageBuild(dockerfileTar(...base), {
      tag,
      ...(daemon === undefined ? {} : { outputs: { type: "registry" } }),
    }).wait();
    try {
      const tar = () => dockerfileTar(`FROM ${tag}`);
      assertEquals(await run(docker, tar(), { strictSecrets: true }), SERVED);
      assertEquals(await run(docker, tar(), { strictSecrets: true }), CACHED);
    } finally {
      if (daemon === undefined) await docker.imageRemove(tag);
    }
  },
);

bothWaysTest(
  "with a Dockerfile that davit can't see, steps tell what they mount; the rest is said and no error",
  async (engine) => {
    const { docker } = engine;
    // It is kept up to 256 KiB.
    const steps = lines(
      `#${"x".repeat(1000)}\n`.repeat(300),
      "RUN --mount=type=secret,id=s true",
    );
    const long = () => dockerfileTar(...steps);
    const options = {
      secrets: { s: VALUE, spare: "another value" },
      strictSecrets: true,
    };
    if (asksFirst(engine)) {
      // The frontend reads it, whatever its length is.
      const error = await assertRejects(
        () => run(docker, long(), options),
        SecretError,
        'secret "spare" was given, and no step of this target mounts it',
      );
      assertEquals(error.id, "spare");
      return;
    }
    await run(docker, long(), options);
    assertEquals(await run(docker, long(), options), {
      report: { served: [], missing: [], cached: ["s"], unused: [] },
      events: ["s cached"],
      warnings: ["secret-unknown spare"],
    });
  },
);

bothWaysTest(
  "a variable in a mount's id is followed where the engine does, and else said",
  async ({ docker, generation }) => {
    const steps = lines("ARG ID=s", "RUN --mount=type=secret,id=$ID true");
    const tar = () => dockerfileTar(...steps);
    const options = { strictSecrets: "unused" } as const;
    const first = await run(docker, tar(), options);
    const second = await run(docker, tar(), options);
    if (generation !== "20") {
      return assertEquals([first, second], [SERVED, CACHED]);
    }
    assertEquals(first, {
      report: { served: [], missing: ["$ID"], cached: [], unused: [] },
      events: ["$ID missing"],
      warnings: ["secret-unknown s", "secret-missing $ID"],
    });
    assertEquals(second.report, {
      served: [],
      missing: [],
      cached: [],
      unused: [],
    });
    assertEquals(second.warnings, ["secret-unknown s"]);
  },
);

bothWaysTest(
  'strictSecrets "missing" and "unused" fail for that alone',
  async (engine) => {
    await eachWay(engine, async (docker) => {
      const tar = () =>
        dockerfileTar(...lines("RUN --mount=type=secret,id=absent true"));
      const both = await run(docker, tar());
      assertEquals(both, {
        report: { served: [], missing: ["absent"], cached: [], unused: ["s"] },
        events: ["absent missing", "s unused"],
        warnings: ["secret-missing absent", "secret-unused s"],
      });
      for (
        const [strictSecrets, id, words] of [
          ["missing", "absent", "The build was stopped"],
          [
            "unused",
            "s",
            asksFirst(engine) ? "The build was stopped" : "The image was built",
          ],
          [true, "absent", "The build was stopped"],
        ] as const
      ) {
        const error = await assertRejects(
          () => run(docker, tar(), { strictSecrets }),
          SecretError,
          words,
        );
        assertEquals(error.id, id);
      }
      const one = await run(docker, tar(), {
        strictSecrets: "missing",
        secrets: { absent: VALUE, spare: "another value" },
      });
      assertEquals(one.warnings, ["secret-unused spare"]);
      const other = await run(docker, tar(), {
        strictSecrets: "unused",
        secrets: {},
      });
      assertEquals(other.warnings, ["secret-missing absent"]);
    });
  },
);

bothWaysTest(
  "an ssh id whose step comes from the cache is cached",
  ({ docker }) =>
    withTempFolder(async (folder) => {
      const key = await makeKey(`${folder}/key`);
      const steps = lines("RUN --mount=type=ssh true");
      const states = async () => {
        const build = docker.imageBuild(dockerfileTar(...steps), {
          networkmode: "none",
          ssh: { default: { keys: [key.path] }, spare: { keys: [key.path] } },
        });
        const found: string[] = [];
        for await (const event of build.events()) {
          if (event.type === "ssh") found.push(`${event.id} ${event.state}`);
        }
        const { warnings } = await build.result();
        assertEquals(warnings.map(({ code }) => code), ["ssh-unused"]);
        assertStringIncludes(warnings[0]!.short, '"spare"');
        return found;
      };
      assertEquals(await states(), ["default used", "spare unused"]);
      assertEquals(await states(), ["default cached", "spare unused"]);
    }),
);

// strictSecrets, where the frontend tells what the target mounts before a step
// runs.

import {
  type BuildEvent,
  DockerClient,
  type ImageBuild,
  type ImageBuildOptions,
  SecretError,
} from "../../mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { containerdTest, engineTest } from "../support/engines.ts";
import { type Relay, startRelay } from "../support/relay.ts";
import { bothWaysTest } from "../support/ways.ts";

const knows = ({ generation }: { readonly generation: string }) =>
  generation !== "20";

/** The Dockerfile as text; no build before had it. */
function file(...lines: string[]): string {
  return `FROM davit-test/base AS first\nENV M=${crypto.randomUUID()}\n${
    lines.join("\n")
  }\n`;
}

const step = (id: string) => `RUN --mount=type=secret,id=${id} true`;

/** What a build came to, and the names of the steps that began. */
async function outcome(
  build: ImageBuild,
): Promise<
  { error: Error | undefined; began: string[]; events: BuildEvent[] }
> {
  const events: BuildEvent[] = [];
  let error: Error | undefined;
  try {
    for await (const event of build.events()) events.push(event);
  } catch (thrown) {
    error = thrown as Error;
  }
  const began = events.flatMap((event) =>
    event.type === "vertex" && event.started !== undefined ? event.name : []
  );
  return { error, began, events };
}

/** Builds with `strictSecrets`; the names of the secrets are their values. */
function strict(
  docker: DockerClient,
  text: string,
  ids: readonly string[],
  options: ImageBuildOptions = {},
): ImageBuild {
  return docker.imageBuild({ dockerfile: { text } }, {
    networkmode: "none",
    strictSecrets: true,
    secrets: Object.fromEntries(ids.map((id) => [id, `value of ${id}`])),
    ...options,
  });
}

/** How many connections to BuildKit's API there were. */
function overGrpc(relay: Relay): number {
  return relay.connections.filter((one) =>
    /^POST \/v[\d.]+\/grpc /.test(one.request())
  ).length;
}

bothWaysTest(
  "a secret that is missing stops the build before any step runs, and the error names each with its place",
  async ({ docker }) => {
    const text = file(
      "RUN sleep 600",
      "RUN --mount=type=secret,id=npm_token,required true",
      step("other"),
    );
    const { error, began, events } = await outcome(strict(docker, text, []));
    assert(error instanceof SecretError, String(error));
    assertEquals(error.id, "npm_token");
    assertEquals(
      error.message,
      'The build was stopped before its first step: this target requires secret "npm_token" (Dockerfile:4) and mounts secret "other" (Dockerfile:5), which are not given; give them, or build without strictSecrets',
    );
    // That the build does not take ten minutes shows it, too.
    assertEquals(began.filter((name) => name.includes("RUN")), []);
    assertEquals(
      events.flatMap((event) =>
        event.type === "secret" ? `${event.id} ${event.state}` : []
      ),
      ["npm_token missing", "other missing"],
    );
    const one = await outcome(strict(docker, text, ["npm_token"]));
    assertEquals(
      one.error?.message,
      'The build was stopped before its first step: this target mounts secret "other" (Dockerfile:5), which is not given; give it, or build without strictSecrets',
    );
  },
  knows,
);

bothWaysTest(
  "a secret that nobody wants stops the build before any step runs; what fetches take without a mount does not",
  async ({ docker }) => {
    const text = file("RUN sleep 600", step("wanted"));
    const ids = ["wanted", "spare", "more"];
    const { error, began } = await outcome(strict(docker, text, ids));
    assert(error instanceof SecretError, String(error));
    assertEquals(
      error.message,
      'The build was stopped before its first step: secret "spare" and secret "more" were given, and no step of this target mounts them; leave them out, or build without strictSecrets',
    );
    assertEquals(began.filter((name) => name.includes("RUN")), []);
    const quick = file(step("wanted"));
    const result = await strict(docker, quick, ["wanted", "GIT_AUTH_TOKEN"], {
      strictSecrets: "missing",
    }).result();
    assertEquals(result.secrets, {
      served: ["wanted"],
      missing: [],
      cached: [],
      unused: ["GIT_AUTH_TOKEN"],
    });
  },
  knows,
);

bothWaysTest(
  "what is missing or unused is so also where all steps come from the cache",
  async ({ docker }) => {
    const text = file(step("a"), step("b"));
    const built = await strict(docker, text, ["a", "b"]).result();
    assertEquals(built.secrets.served.toSorted(), ["a", "b"]);
    const again = await strict(docker, text, ["a", "b"]).result();
    assertEquals(again.secrets.cached.toSorted(), ["a", "b"]);
    const missing = await assertRejects(
      () => strict(docker, text, ["a"]).wait(),
      SecretError,
      'mounts secret "b" (Dockerfile:4), which is not given',
    );
    assertEquals(missing.id, "b");
    const unused = await assertRejects(
      () => strict(docker, text, ["a", "b", "c"]).wait(),
      SecretError,
      'secret "c" was given, and no step of this target mounts it',
    );
    assertEquals(unused.id, "c");
    // One of the two alone.
    await strict(docker, text, ["a"], { strictSecrets: "unused" }).wait();
    const spare = await strict(docker, text, ["a", "b", "c"], {
      strictSecrets: "missing",
    }).result();
    assertEquals(spare.secrets.unused, ["c"]);
  },
  knows,
);

bothWaysTest(
  "stages that the target does not need, ids of variables, ONBUILD and here-documents",
  async ({ docker }) => {
    const text = file(
      step("unneeded"),
      "FROM davit-test/base AS copied",
      `RUN : ${crypto.randomUUID()}`,
      step("copied"),
      "FROM davit-test/base AS parent",
      "ONBUILD RUN --mount=type=secret,id=onbuild true",
      "FROM parent",
      "ARG ID=none",
      step("$ID"),
      "RUN <<END",
      "echo --mount=type=secret,id=text",
      "END",
      "COPY --from=copied /bin/busybox /copied",
      `RUN --mount=type=secret,id=env,target=/env : ${crypto.randomUUID()}`,
    );
    const ids = ["copied", "env", "onbuild", "variable"];
    const options = { buildargs: { ID: "variable" } };
    for (const id of ids) {
      const error = await assertRejects(
        () =>
          strict(docker, text, ids.filter((one) => one !== id), options).wait(),
        SecretError,
        `mounts secret "${id}"`,
      );
      assertEquals(error.id, id);
    }
    for (const id of ["unneeded", "text", "none", "ID"]) {
      const error = await assertRejects(
        () => strict(docker, text, [...ids, id], options).wait(),
        SecretError,
        `secret "${id}" was given, and no step of this target mounts it`,
      );
      assertEquals(error.id, id);
    }
    const { secrets } = await strict(docker, text, ids, options).result();
    assertEquals([...secrets.served, ...secrets.cached].toSorted(), ids);
  },
  knows,
);

bothWaysTest(
  "a platform in a spelling of its own wants what the build wants",
  async ({ docker }) => {
    for (
      const [platform, id] of [
        ["linux/arm", "of-armv7"],
        ["arm64", "of-arm64"],
        ["linux/aarch64", "of-arm64"],
        ["linux/arm64/v8", "of-arm64"],
      ] as const
    ) {
      const text = [
        "FROM --platform=$BUILDPLATFORM davit-test/base",
        "ARG TARGETARCH TARGETVARIANT",
        `ENV M=${crypto.randomUUID()}`,
        step("of-$TARGETARCH$TARGETVARIANT"),
      ].join("\n");
      const { secrets } = await strict(docker, text, [id], { platform })
        .result();
      assertEquals(secrets.served, [id]);
    }
  },
  knows,
);

containerdTest(
  "secrets of every platform are wanted, and those of a context by name are not",
  async ({ docker }) => {
    const text = [
      "FROM --platform=$BUILDPLATFORM davit-test/base AS of-amd64",
      step("amd"),
      "FROM --platform=$BUILDPLATFORM davit-test/base AS of-arm64",
      step("arm"),
      "FROM --platform=$BUILDPLATFORM davit-test/base AS replaced",
      step("replaced"),
      "FROM of-$TARGETARCH",
      "COPY --from=replaced /a /a",
    ].join("\n");
    const more = { contexts: { replaced: { files: { a: "a" } } } };
    for (
      const [platform, wanted] of [
        [["linux/amd64"], ["amd"]],
        [["linux/arm64"], ["arm"]],
        [["linux/amd64", "linux/arm64"], ["amd", "arm"]],
      ] as const
    ) {
      const options = { platform, ...more };
      for (const id of wanted) {
        const given = wanted.filter((one) => one !== id);
        const error = await assertRejects(
          () => strict(docker, text, given, options).wait(),
          SecretError,
          `mounts secret "${id}"`,
        );
        assertEquals(error.id, id);
      }
      await strict(docker, text, wanted, options).wait();
      await assertRejects(
        () => strict(docker, text, [...wanted, "replaced"], options).wait(),
        SecretError,
        'secret "replaced" was given',
      );
    }
  },
);

engineTest(
  "without strictSecrets, and of an engine that does not know, nothing more is asked; a build that can't be outlined tells its own error",
  async (engine) => {
    const { docker, socketPath } = engine;
    await using relay = await startRelay(socketPath);
    await using relayed = await DockerClient.fromDockerHost(relay.host);
    const text = file(step("a"));
    await strict(relayed, text, ["a"], { strictSecrets: false }).wait();
    assertEquals(overGrpc(relay), 0);
    await strict(relayed, text, ["a"]).wait();
    assertEquals(overGrpc(relay), knows(engine) ? 1 : 0);
    const error = await assertRejects(
      () => strict(docker, file("RUNN"), ["a"], { api: "engine" }).wait(),
    );
    assert((error as Error).message.includes("unknown instruction: RUNN"));
    // One warning for each violated rule, not two.
    const { warnings } = await strict(
      docker,
      file(step("a"), "ENV a b"),
      ["a"],
      { api: "buildkit" },
    ).result();
    assert(warnings.length <= 1, JSON.stringify(warnings));
  },
);

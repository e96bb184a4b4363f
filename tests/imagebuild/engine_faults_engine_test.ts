import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { collect, traceText, warnings } from "../support/builds.ts";
import { engineTest } from "../support/engines.ts";
import { bothWaysTest, by } from "../support/ways.ts";
import { startRelay } from "../support/relay.ts";
import { dockerfileTar, tarOf } from "../support/tar.ts";
import {
  BuildError,
  type BuildMessage,
  ConnectionError,
  DockerClient,
  SessionError,
} from "../../mod.ts";
import { importBaseImage } from "../engines/base_image.ts";
import { startEngine } from "../engines/engine.ts";
import type { Generation } from "../engines/packages.ts";

const ONE_CONNECTION =
  "a daemon's session is a call on the connection of its builds, and ends with that: tests/builder/faults_engine_test.ts";

const NONE = { networkmode: "none", nocache: true } as const;

bothWaysTest(
  "a Dockerfile that does not parse fails with the engine's words",
  async ({ docker }) => {
    const error = await assertRejects(
      () =>
        docker.imageBuild(dockerfileTar("FROM scratch", "NONSENSE 1"), NONE)
          .wait(),
      BuildError,
      "NONSENSE",
    );
    assertStringIncludes(error.detail.toLowerCase(), "unknown instruction");
  },
);

bothWaysTest(
  "a missing Dockerfile fails with the engine's words",
  async ({ docker }) => {
    await assertRejects(
      () => docker.imageBuild(tarOf({ other: "x" }), NONE).wait(),
      BuildError,
      "Dockerfile",
    );
    await assertRejects(
      () =>
        docker.imageBuild(tarOf({ Dockerfile: "FROM scratch" }), {
          ...NONE,
          dockerfile: "none",
        }).wait(),
      BuildError,
      "none",
    );
  },
);

bothWaysTest(
  "an unknown stage fails with the engine's words",
  async ({ docker }) => {
    await assertRejects(
      () =>
        docker.imageBuild(dockerfileTar("FROM scratch"), {
          ...NONE,
          target: "nowhere",
        }).wait(),
      BuildError,
      "nowhere",
    );
  },
);

bothWaysTest(
  "a session dropped in the middle of a build is named when the build needs it",
  async ({ socketPath, api }) => {
    await using relay = await startRelay(socketPath);
    await using client = await DockerClient.fromDockerHost(relay.host);
    const docker = by(client, api);
    const build = docker.imageBuild(
      dockerfileTar(
        "FROM davit-test/base",
        "RUN echo started && sleep 1",
        "RUN --mount=type=secret,id=t cat /run/secrets/t",
      ),
      { ...NONE, secrets: { t: "secret-of-lost-session" } },
    );
    const seen: BuildMessage[] = [];
    let error: unknown;
    try {
      for await (const message of build.messages()) {
        seen.push(message);
        if (/started$/m.test(traceText(seen))) {
          for (const session of relay.find("POST /v")) {
            if (session.request().includes("/session ")) session.cut();
          }
        }
      }
    } catch (caught) {
      error = caught;
    }
    assertInstanceOf(error, SessionError);
    assertInstanceOf(error.cause, BuildError);
    assert(warnings(seen).some((text) => text.includes("session ended")));
  },
  { engineOnly: ONE_CONNECTION },
);

bothWaysTest(
  "a session dropped when nothing needs it any more costs a warning",
  async ({ socketPath, api }) => {
    await using relay = await startRelay(socketPath);
    await using client = await DockerClient.fromDockerHost(relay.host);
    const docker = by(client, api);
    const build = docker.imageBuild(
      dockerfileTar("FROM davit-test/base", "RUN echo started && sleep 1"),
      NONE,
    );
    const seen: BuildMessage[] = [];
    for await (const message of build.messages()) {
      seen.push(message);
      if (/started$/m.test(traceText(seen))) {
        relay.connections.filter((one) => one.request().includes("/session "))
          .forEach((one) => one.cut());
      }
    }
    assert((await build.wait()).startsWith("sha256:"));
  },
  { engineOnly: ONE_CONNECTION },
);

bothWaysTest(
  "an engine killed in the middle of a build ends it with a ConnectionError",
  async ({ generation, api }) => {
    await using engine = await startEngine({
      generation: generation as Generation,
    });
    await importBaseImage(engine.host);
    await using client = await DockerClient.fromDockerHost(engine.host);
    const docker = by(client, api);
    const build = docker.imageBuild(
      dockerfileTar("FROM davit-test/base", "RUN echo started && sleep 60"),
      NONE,
    );
    const seen: BuildMessage[] = [];
    let error: unknown;
    try {
      for await (const message of build.messages()) {
        seen.push(message);
        if (/started$/m.test(traceText(seen))) await engine.kill();
      }
    } catch (caught) {
      error = caught;
    }
    assertInstanceOf(error, ConnectionError);
    assertMatch(error.message, /is (the engine|it) still running\?/);
  },
  {
    only: ({ generation }) =>
      ["20", "26", "28"].includes(generation) &&
      Deno.env.get("DAVIT_TEST_HOST") === undefined,
    engineOnly: "tests/builder/faults_engine_test.ts kills a daemon",
  },
);

bothWaysTest("80 builds leave no connection behind", async ({ docker }) => {
  const open = async () => {
    let sockets = 0;
    for await (const { name } of Deno.readDir("/proc/self/fd")) {
      const target = await Deno.readLink(`/proc/self/fd/${name}`).catch(() =>
        ""
      );
      if (target.startsWith("socket:")) sockets++;
    }
    return sockets;
  };
  const one = async (i: number) => {
    const build = docker.imageBuild(
      dockerfileTar("FROM scratch", `LABEL n=${i % 10}`),
      { secrets: { t: "secret-of-many" } },
    );
    // Some are cancelled, most go through.
    if (i % 4 === 3) await build.cancel();
    await build.wait().catch(() => {});
  };
  for (let i = 0; i < 10; i++) await one(i);
  const before = await open();
  for (let i = 0; i < 80; i += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, j) => one(i + j)));
  }
  const after = await open();
  // The pool may hold up to eight idle connections.
  assert(after <= before + 8, `${before} sockets before, ${after} after`);
});

engineTest(
  "what the classic builder says becomes a BuildError too",
  async ({ docker }) => {
    const build = docker.imageBuild(
      dockerfileTar("FROM davit-test/base", "RUN exit 9"),
      { version: "1", networkmode: "none" },
    );
    const { error } = await collect(build);
    assertInstanceOf(error, BuildError);
    assertEquals(error.exitCode, 9);
  },
);

import { BuildError, DockerClient } from "../../mod.ts";
import {
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
} from "../support/assert.ts";
import { sha256 } from "../support/digest.ts";
import {
  containerdTest,
  type EngineContext,
  engineTest,
} from "../support/engines.ts";
import { type Relay, startRelay } from "../support/relay.ts";
import { rounds } from "../support/stress.ts";
import { dockerfileTar } from "../support/tar.ts";
import { until } from "../support/until.ts";
import { activeBuilds } from "./active_builds.ts";
import { untilFlat } from "./memory_in_use.ts";

const BUILDS = rounds(300);
const AT_ONCE = 10;
/**
 * What a third of them may leave in memory more than the one before, in bytes:
 * four times the most that was seen.
 */
const MAX_GROWTH = 2_000_000;

function connections(relay: Relay, path: string): { readonly open: boolean }[] {
  return relay.connections.filter((connection) =>
    /^POST \/\S*\/(\w+) /.exec(connection.request())?.[1] === path
  );
}

/** Builds with a secret of its own, and says what it printed. */
async function withOwnSecret(docker: DockerClient): Promise<void> {
  const value = `secret ${crypto.randomUUID()}`;
  const sum = await sha256(value);
  const build = docker.imageBuild(
    dockerfileTar(
      "FROM davit-test/base",
      "RUN --mount=type=secret,id=t,required=true " +
        `test "$(sha256sum < /run/secrets/t)" = "${sum}  -" && echo "same ${sum}"`,
    ),
    { api: "buildkit", networkmode: "none", secrets: { t: value } },
  );
  assertStringIncludes(await new Response(build.logs()).text(), `same ${sum}`);
  await build.wait();
}

/** Builds what has nothing to run, and says so. */
async function withLabel(docker: DockerClient): Promise<void> {
  const label = crypto.randomUUID();
  const build = docker.imageBuild(
    { dockerfile: { text: `FROM davit-test/base\nLABEL l=${label}\n` } },
    { api: "buildkit" },
  );
  const { Config } = await docker.imageInspect(await build.wait());
  assertEquals(Config?.Labels?.l, label);
}

/** Fails: there is no such file. */
async function failing(docker: DockerClient): Promise<void> {
  const name = crypto.randomUUID();
  const error = await docker.imageBuild(
    { dockerfile: { text: `FROM davit-test/base\nCOPY ${name} /\n` } },
    { api: "buildkit" },
  ).wait().catch((error) => error);
  assertInstanceOf(error, BuildError);
  assertStringIncludes(error.detail, name);
  assertEquals(error.source?.startLine, 2);
}

/** Is given up as soon as the engine has begun. */
async function cancelled(docker: DockerClient): Promise<void> {
  const reason = new Error("enough");
  const build = docker.imageBuild(
    dockerfileTar("FROM davit-test/base", `RUN sleep 100 # ${Math.random()}`),
    { api: "buildkit", networkmode: "none" },
  );
  for await (const _ of build.events()) break;
  await build.cancel(reason);
  assertEquals(await build.wait().catch((error) => error), reason);
}

async function tenAtATime({ socketPath }: EngineContext): Promise<void> {
  await using relay = await startRelay(socketPath, 1);
  await using docker = await DockerClient.fromDockerHost(relay.host);
  const kinds = [withOwnSecret, failing, cancelled];
  let next = 0;
  const run = async () => {
    const end = next + BUILDS / 3;
    const work = async () => {
      while (next < end) {
        const kind = kinds[next++ % AT_ONCE] ?? withLabel;
        await kind(docker);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  };
  // One build stays, so that the connection does.
  const stay = docker.imageBuild(
    dockerfileTar("FROM davit-test/base", "RUN sleep 100000"),
    { api: "buildkit", networkmode: "none", nocache: true },
  );
  for await (const _ of stay.events()) break;
  await untilFlat(MAX_GROWTH, run);
  await stay.cancel();
  assertEquals(connections(relay, "grpc").length, 1);
  assertEquals(connections(relay, "session").length, next + 1);
  await until(
    () =>
      [...connections(relay, "grpc"), ...connections(relay, "session")]
        .every(({ open }) => !open),
    "every connection is closed",
  );
  await until(
    async () => (await activeBuilds(socketPath)).length === 0,
    "no build is left on the engine",
  );
}

const NAME =
  `${BUILDS} builds on one connection to BuildKit, ten at a time: no mix-up, nothing left, memory flat`;

engineTest(NAME, tenAtATime);
containerdTest(NAME, tenAtATime);

import {
  Builder,
  type DockerClient,
  type ImageBuildOptions,
} from "../../mod.ts";
import { startBuildkitd } from "../buildkitd/daemon.ts";
import type { EngineDescription } from "../engines/environment.ts";
import { type EngineContext, engineTest } from "./engines.ts";

/** The two interfaces by which BuildKit of an engine builds. */
export type BuildApi = NonNullable<ImageBuildOptions["api"]>;

/** By which a BuildKit daemon is reached. */
const DAEMON_WAYS = ["unix", "mTLS"] as const;

/** Which of the ways make sense. */
export interface WaysOptions {
  /** Engines that the test makes sense on; all unless given. */
  readonly only?: (engine: EngineDescription) => boolean;
  /** Why a BuildKit daemon can't do it, or is no case of its own. */
  readonly engineOnly?: string;
}

/**
 * Registers a test for each engine of this run, and for each of the two
 * interfaces; and for a BuildKit daemon, on its socket or by mTLS: what a build
 * promises holds on all of them. The builds of the client that the test is given
 * take that way, unless they say otherwise.
 *
 * Where the tests of a file can share a daemon, because they leave nothing in its
 * cache that others would take, {@linkcode everyWayTest} is quicker.
 *
 * Half of the tests reach their daemon by one way, half by the other, so that the
 * run takes no longer; with DAVIT_TEST_WAYS=all each of them does by both.
 *
 * @param which Engines that the test makes sense on, or more about that.
 */
export function bothWaysTest(
  name: string,
  test: (engine: EngineContext & { readonly api: BuildApi }) => Promise<void>,
  which: WaysOptions["only"] | WaysOptions = {},
): void {
  const { only = () => true, engineOnly } = typeof which === "function"
    ? { only: which }
    : which;
  for (const api of ["engine", "buildkit"] as const) {
    engineTest(
      `${name} [${api} API]`,
      (engine) => test({ ...engine, docker: by(engine.docker, api), api }),
      only,
    );
  }
  if (engineOnly !== undefined) return;
  const all = Deno.env.get("DAVIT_TEST_WAYS") === "all";
  const ways = all ? DAEMON_WAYS : [DAEMON_WAYS[name.length % 2]!];
  for (const way of ways) {
    // The engine is only there for what a test does beside its build.
    engineTest(
      `${name} [daemon, ${way}]`,
      (engine) => withDaemon(engine, way, test),
      (engine) => isFirst(engine) && only(engine),
    );
  }
}

let first: string | undefined;

/** Whether it is the first engine of its age: one is enough beside a daemon. */
function isFirst({ generation, host }: EngineDescription): boolean {
  if (Number(generation) >= 28) first ??= host;
  return host === first;
}

/** Runs a test whose builds are those of a daemon. */
async function withDaemon(
  engine: EngineContext,
  way: typeof DAEMON_WAYS[number],
  test: (engine: EngineContext & { readonly api: BuildApi }) => Promise<void>,
): Promise<void> {
  await using daemon = await startBuildkitd(
    way === "unix" ? {} : { tcp: true },
  );
  await using builder = way === "unix"
    ? await Builder.fromAddress(daemon.address)
    : await Builder.fromAddress(daemon.tcpAddress, { tls: daemon.tls });
  const { docker } = engine;
  // Without an output there is a warning, which the tests of outputs are about.
  docker.imageBuild = (context, options) =>
    builder.imageBuild(context, {
      ...options,
      outputs: options?.outputs ?? { type: "cacheonly" },
    });
  await test({ ...engine, docker, api: "buildkit" });
}

/** The client, with the interface that its builds take. */
export function by(docker: DockerClient, api: BuildApi): DockerClient {
  const imageBuild = docker.imageBuild.bind(docker);
  docker.imageBuild = (context, options) =>
    imageBuild(context, { api, ...options });
  return docker;
}

/** The builders that an interface reaches: the classic one is no part of BuildKit. */
export function buildersOf(api: BuildApi): readonly ("1" | "2")[] {
  return api === "engine" ? ["1", "2"] : ["2"];
}

/** What a test is given that is for BuildKit wherever it is. */
export interface WayContext extends Pick<EngineDescription, "generation"> {
  /** An engine's client, or a daemon's. */
  readonly docker: Pick<DockerClient, "imageBuild">;
  readonly api: BuildApi;
}

type WayTest = (way: WayContext) => Promise<void>;

const forDaemons: [name: string, test: WayTest][] = [];

/**
 * Registers a test as {@linkcode bothWaysTest}, and for the daemons of
 * {@linkcode daemonWaysTest}. What is built leaves no image.
 */
export function everyWayTest(
  name: string,
  test: WayTest,
  only?: (engine: EngineDescription) => boolean,
): void {
  bothWaysTest(name, test, {
    ...(only === undefined ? {} : { only }),
    engineOnly: "daemonWaysTest() has it for daemons",
  });
  forDaemons.push([name, test]);
}

/**
 * Registers the file's tests of {@linkcode everyWayTest} for a BuildKit daemon,
 * by its Unix socket and by mTLS: one test, since they share the daemon.
 *
 * @param what What they are about.
 */
export function daemonWaysTest(what: string): void {
  Deno.test(`${what} [buildkitd]`, async (t) => {
    await using daemon = await startBuildkitd({ tcp: true });
    const { address, tcpAddress, tls } = daemon;
    for (
      const [way, open] of [
        ["unix", () => Builder.fromAddress(address)],
        ["mTLS", () => Builder.fromAddress(tcpAddress, { tls })],
      ] as const
    ) {
      for (const [name, test] of forDaemons) {
        await t.step(`${name} [${way}]`, async () => {
          await using docker = await open();
          await test({ docker, api: "buildkit", generation: "28" });
        });
      }
    }
  });
}

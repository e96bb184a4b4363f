import { Builder, type DockerClient } from "../../mod.ts";
import { type PrivateBuildkitd, startBuildkitd } from "../buildkitd/daemon.ts";
import type { EngineDescription } from "../engines/environment.ts";
import { type EngineContext, engineTest } from "./engines.ts";
import { type BuildApi, daemonWay, engineWay, type Way } from "./way.ts";

export { type BuildApi, by, type Way } from "./way.ts";

/** By which a BuildKit daemon is reached. */
const DAEMON_WAYS = ["unix", "mTLS"] as const;
type DaemonWay = typeof DAEMON_WAYS[number];

/** Which of the ways make sense. */
export interface WaysOptions {
  /** Engines that the test makes sense on; all unless given. */
  readonly only?: (engine: EngineDescription) => boolean;
  /** Why it is nothing for a BuildKit daemon, and what tests that of a daemon. */
  readonly engineOnly?: string;
}

/** An engine, and the way that builds take: to it, or to a daemon beside it. */
export type EngineWay = EngineContext & Way<DockerClient>;

/**
 * Registers a test for each engine of this run, and for each of the two
 * interfaces; and for a BuildKit daemon, on its socket or by mTLS: what a build
 * promises holds on all of them. The builds of the client that the test is given
 * take that way, unless they say otherwise; its other methods are the engine's.
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
  test: (way: EngineWay) => Promise<void>,
  which: WaysOptions["only"] | WaysOptions = {},
): void {
  const { only = () => true, engineOnly } = typeof which === "function"
    ? { only: which }
    : which;
  onEngines(name, test, only);
  if (engineOnly === undefined) onDaemons(name, test, only);
}

/**
 * Registers a test for each engine of this run, by the interface that its options
 * ask for, and for a BuildKit daemon as {@linkcode bothWaysTest} does: where it is
 * about what BuildKit's own API alone can do.
 */
export function buildkitTest(
  name: string,
  test: (way: EngineWay) => Promise<void>,
  only: (engine: EngineDescription) => boolean = () => true,
): void {
  engineTest(name, (engine) => test(engineWay(engine)), only);
  onDaemons(name, test, only);
}

/** Registers a test for each engine and each of its interfaces. */
function onEngines(
  name: string,
  test: (way: EngineWay) => Promise<void>,
  only?: (engine: EngineDescription) => boolean,
): void {
  for (const api of ["engine", "buildkit"] as const) {
    engineTest(
      `${name} [${api} API]`,
      (engine) => test(engineWay(engine, api)),
      only,
    );
  }
}

/** Registers a test for a daemon; the engine is there for what it does besides. */
function onDaemons(
  name: string,
  test: (way: EngineWay) => Promise<void>,
  only: (engine: EngineDescription) => boolean,
): void {
  for (const how of daemonWaysOf(name)) {
    engineTest(
      `${name} [daemon, ${how}]`,
      async (engine) => {
        await using daemon = await startBuildkitd(
          how === "unix" ? {} : { tcp: true },
        );
        await withDaemon(daemon, how, async (way) => {
          const docker = Object.assign(engine.docker, way.docker);
          await test({ ...engine, ...way, docker });
        });
      },
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

/** By which ways a test reaches its daemon in this run. */
function daemonWaysOf(name: string): readonly DaemonWay[] {
  const all = Deno.env.get("DAVIT_TEST_WAYS") === "all";
  return all ? DAEMON_WAYS : [DAEMON_WAYS[name.length % 2]!];
}

/** Runs a test whose builds are those of a daemon. */
async function withDaemon(
  daemon: PrivateBuildkitd,
  how: DaemonWay,
  test: (way: Way) => Promise<void>,
): Promise<void> {
  const [address, tls] = how === "unix"
    ? [daemon.address, undefined]
    : [daemon.tcpAddress, daemon.tls];
  await using builder = await Builder.fromAddress(address, { tls });
  const way = daemonWay({ address, tls }, builder);
  await test(way);
  if (way.isUsed()) return;
  throw new Error(
    "The test never built by the daemon: build by what it is given, or say engineOnly",
  );
}

/** The builders that an interface reaches: the classic one is no part of BuildKit. */
export function buildersOf(api: BuildApi): readonly ("1" | "2")[] {
  return api === "engine" ? ["1", "2"] : ["2"];
}

type WayTest = (way: Way) => Promise<void>;

const forDaemons: [name: string, test: WayTest][] = [];

/**
 * Registers a test as {@linkcode bothWaysTest}, and for the daemon of
 * {@linkcode daemonWaysTest}. What is built leaves no image.
 */
export function everyWayTest(
  name: string,
  test: WayTest,
  only?: (engine: EngineDescription) => boolean,
): void {
  onEngines(name, test, only);
  forDaemons.push([name, test]);
}

/**
 * Registers the file's tests of {@linkcode everyWayTest} for a BuildKit daemon,
 * each by its Unix socket or by mTLS: one test, since they share the daemon.
 *
 * @param what What they are about.
 */
export function daemonWaysTest(what: string): void {
  Deno.test(`${what} [buildkitd]`, async (t) => {
    await using daemon = await startBuildkitd({ tcp: true });
    for (const [name, test] of forDaemons) {
      for (const how of daemonWaysOf(name)) {
        await t.step(`${name} [${how}]`, () => withDaemon(daemon, how, test));
      }
    }
  });
}

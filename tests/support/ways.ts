import type { DockerClient, ImageBuildOptions } from "../../mod.ts";
import type { EngineDescription } from "../engines/environment.ts";
import { type EngineContext, engineTest } from "./engines.ts";
import { startBuildkitd } from "../buildkitd/daemon.ts";
import { Builder } from "../../mod.ts";

/** The two interfaces by which BuildKit of an engine builds. */
export type BuildApi = NonNullable<ImageBuildOptions["api"]>;

/**
 * Registers a test for each engine of this run, and for each of the two
 * interfaces: what a build promises holds on both. The builds of the client that
 * the test is given take that interface, unless they say otherwise.
 *
 * @param only Engines that the test makes sense on; all unless given.
 */
export function bothWaysTest(
  name: string,
  test: (engine: EngineContext & { readonly api: BuildApi }) => Promise<void>,
  only?: (engine: EngineDescription) => boolean,
): void {
  for (const api of ["engine", "buildkit"] as const) {
    engineTest(
      `${name} [${api} API]`,
      (engine) => test({ ...engine, docker: by(engine.docker, api), api }),
      only,
    );
  }
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
  bothWaysTest(name, test, only);
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

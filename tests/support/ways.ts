import type { DockerClient, ImageBuildOptions } from "../../mod.ts";
import type { EngineDescription } from "../engines/environment.ts";
import { type EngineContext, engineTest } from "./engines.ts";

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

import { EngineError, UnsupportedError } from "../errors.ts";
import type { Engine, EngineRequest } from "./engine.ts";
import type { AnswerShape } from "./fields.ts";
import { type EngineVersion, version } from "./version.ts";

/** Name of podman's own entry in the answer to `/version`. */
const PODMAN_COMPONENT = "Podman Engine";

/**
 * Podman's version, such as `4.3.1`, from the components that `/version` lists;
 * undefined for a Docker engine.
 */
export function podmanComponent(version: EngineVersion): string | undefined {
  return version.Components?.find((part) => part.Name === PODMAN_COMPONENT)
    ?.Version;
}

/**
 * Finds out whether the engine is podman: by a header of its ping, or, where a
 * proxy removed that header, by the components that `/version` lists.
 *
 * @returns Podman's version; undefined for a Docker engine.
 */
export async function podmanVersion(
  engine: Engine,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { libpodApiVersion } = await engine.facts(signal);
  return libpodApiVersion ?? podmanComponent(await version(engine, signal));
}

/**
 * Sends a request for which podman may have no endpoint, and reads its answer
 * as JSON. If podman's router answers 404, this throws an error that says what
 * to do instead.
 *
 * @param feature Name of the feature, in a word or two.
 * @param instead What to use instead.
 * @param shape What the answer must look like.
 * @throws {UnsupportedError} If it is podman, and has no such endpoint.
 */
export async function requestFeature<T>(
  engine: Engine,
  feature: string,
  instead: string,
  request: EngineRequest,
  shape: AnswerShape,
): Promise<T> {
  try {
    return await engine.json(request, shape);
  } catch (cause) {
    const absent = cause instanceof EngineError && cause.status === 404 &&
      cause.detail === "Not Found";
    if (!absent) throw cause;
    const podman = await podmanVersion(engine, request.signal);
    if (podman === undefined) throw cause;
    throw new UnsupportedError(
      feature,
      `Podman ${podman} at ${engine.where} has no ${feature}: ${instead}`,
      { cause },
    );
  }
}

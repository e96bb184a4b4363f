import { EngineError, UnsupportedError } from "../errors.ts";
import type { Engine, EngineRequest } from "./engine.ts";
import type { AnswerShape } from "./fields.ts";
import { type EngineVersion, version } from "./version.ts";

/** Name of podman's own part in the answer to `/version`. */
const PODMAN_COMPONENT = "Podman Engine";

/** Podman's version, such as `4.3.1`, by the parts that an engine names; undefined on a Docker engine. */
export function podmanComponent(version: EngineVersion): string | undefined {
  return version.Components?.find((part) => part.Name === PODMAN_COMPONENT)
    ?.Version;
}

/**
 * Whether podman's Docker-compatible socket answers, and in which version:
 * by the header of its ping, or, where something between took that away, by
 * the parts that `/version` names.
 *
 * @returns Podman's version; undefined on a Docker engine.
 */
export async function podmanVersion(
  engine: Engine,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { libpodApiVersion } = await engine.facts(signal);
  return libpodApiVersion ?? podmanComponent(await version(engine, signal));
}

/**
 * Sends a request, answered in JSON, for which podman may have no endpoint: there it answers 404
 * with the words of its router alone.
 *
 * @param feature What is asked for, in a word or two.
 * @param instead What to do in its place.
 * @param shape What the answer is.
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

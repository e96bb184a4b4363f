import type { Query } from "../../engine/engine.ts";
import { advised } from "../../advice.ts";
import { UnsupportedError } from "../../errors.ts";

/**
 * The query of `/build` as podman reads it: some parameters have another form
 * there, and some it would overlook.
 *
 * @param query As a Docker engine reads it.
 * @throws {UnsupportedError} If podman can't do what is asked.
 */
export function podmanQuery(
  query: Readonly<Record<string, Query[string]>>,
): Record<string, Query[string]> {
  if (query.outputs !== undefined) {
    throw advised(
      (message) => new UnsupportedError("outputs on podman", message),
      "save-podman-image",
      "Podman can not build with outputs, it would make an image whatever they say",
    );
  }
  if (query.remote !== undefined) {
    throw new UnsupportedError(
      "a remote context on podman",
      "Podman can not fetch a context through this API, it would build from nothing: fetch it, and give it as a tar",
    );
  }
  return {
    ...query,
    // A JSON array here, a repeated parameter there.
    extrahosts: query.extrahosts === undefined
      ? undefined
      : JSON.stringify([query.extrahosts].flat()),
    ulimits: query.ulimits === undefined
      ? undefined
      : ulimitTexts(String(query.ulimits)),
  };
}

/** `[{"Name","Soft","Hard"}]` as `["name=soft:hard"]`. */
function ulimitTexts(json: string): string {
  const limits: { Name: string; Soft: number; Hard: number }[] = JSON.parse(
    json,
  );
  return JSON.stringify(
    limits.map(({ Name, Soft, Hard }) => `${Name}=${Soft}:${Hard}`),
  );
}

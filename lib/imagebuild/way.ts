// Chooses the way to build. Only this file asks what kind of engine there is;
// the rest of the build uses the chosen way.

import { type EngineFacts, isPodman } from "../engine/engine.ts";
import { UnsupportedError } from "../errors.ts";
import type { BuildWay } from "./build_way.ts";
import type { BuildRequest } from "./request.ts";
import { engineWay } from "./ways/engine.ts";

/**
 * Chooses the way for a request.
 *
 * @throws {UnsupportedError} If no way can do what is asked.
 */
export async function chooseWay(
  { builder, api, needs }: BuildRequest,
  facts: EngineFacts,
): Promise<BuildWay> {
  const need = needs[0] ?? (api === "buildkit" ? 'api "buildkit"' : undefined);
  if (need !== undefined) {
    throw new UnsupportedError(
      need,
      `Cannot build with ${need}: it needs BuildKit's own API, which is not spoken yet`,
    );
  }
  // Podman has a single builder; the option `version` makes no difference.
  if (isPodman(facts)) return (await import("./ways/podman.ts")).podmanWay;
  if (builder === "classic") {
    return (await import("./ways/classic.ts")).classicWay;
  }
  if (facts.gateway) return (await import("./ways/gateway.ts")).gatewayWay;
  return engineWay;
}

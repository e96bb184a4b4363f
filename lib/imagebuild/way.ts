// Chooses the way to build. Only this file asks what kind of engine there is;
// the rest of the build uses the chosen way.

import { type EngineFacts, isPodman } from "../engine/engine.ts";
import type { BuildWay } from "./build_way.ts";
import type { BuildRequest } from "./request.ts";
import { engineWay } from "./ways/engine.ts";

/** Chooses the way for a request. */
export async function chooseWay(
  { builder }: BuildRequest,
  facts: EngineFacts,
): Promise<BuildWay> {
  // Podman has a single builder; the option `version` makes no difference.
  if (isPodman(facts)) return (await import("./ways/podman.ts")).podmanWay;
  if (builder === "classic") {
    return (await import("./ways/classic.ts")).classicWay;
  }
  if (facts.gateway) return (await import("./ways/gateway.ts")).gatewayWay;
  return engineWay;
}

// Which way a build goes. This is the only file that asks what kind of engine
// there is: everything else asks the way.

import { type EngineFacts, isPodman } from "../engine/engine.ts";
import type { BuildWay } from "./build_way.ts";
import type { BuildRequest } from "./request.ts";
import { engineWay } from "./ways/engine.ts";

/** Chooses the way for a request. */
export async function chooseWay(
  { builder }: BuildRequest,
  facts: EngineFacts,
): Promise<BuildWay> {
  // Podman has one builder, whichever is asked for.
  if (isPodman(facts)) return (await import("./ways/podman.ts")).podmanWay;
  if (builder === "classic") {
    return (await import("./ways/classic.ts")).classicWay;
  }
  if (facts.gateway) return (await import("./ways/gateway.ts")).gatewayWay;
  return engineWay;
}

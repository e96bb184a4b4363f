// Chooses the way to build. Only this file asks what kind of engine there is;
// the rest of the build uses the chosen way.

import { cannotBuildWith } from "./cannot_build_with.ts";
import { type EngineFacts, isPodman } from "../engine/engine.ts";
import type { BuildWay } from "./build_way.ts";
import type { BuildRequest } from "./request.ts";
import { engineWay } from "./ways/engine.ts";

/**
 * Chooses the way for a request: `POST /build`, or BuildKit's own API where an
 * option needs it, or `api` asks for it.
 *
 * @throws {UnsupportedError} If no way can do what is asked.
 */
export async function chooseWay(
  { builder, api, needs }: BuildRequest,
  facts: EngineFacts | undefined,
): Promise<BuildWay> {
  if (facts === undefined) return (await loadSolve()).solveWay;
  const need = needOf({ api, needs });
  const refuse = (why: string) => {
    if (need === undefined) return;
    throw cannotBuildWith(need, `it needs BuildKit's own API, ${why}`);
  };
  if (isPodman(facts)) {
    refuse(
      "and podman has no BuildKit; leave it out, or use a Docker engine",
    );
  } else if (facts.gateway) {
    refuse(
      "which a davit gateway lets nobody reach: what passes there can not be looked through; leave it out, or use the engine's own socket",
    );
  }
  // Podman has a single builder; the option `version` makes no difference.
  if (isPodman(facts)) return (await import("./ways/podman.ts")).podmanWay;
  if (builder === "classic") {
    return (await import("./ways/classic.ts")).classicWay;
  }
  if (facts.gateway) return (await import("./ways/gateway.ts")).gatewayWay;
  if (need !== undefined) return (await loadSolve()).solveWay;
  return engineWay;
}

/**
 * Begins to load what a request will take, if the engine turns out to have it:
 * meanwhile the engine is asked what it is.
 */
export function loadExpectedWay(
  { builder, api, needs }: Pick<BuildRequest, "builder" | "api" | "needs">,
): void {
  if (builder === "classic" || needOf({ api, needs }) === undefined) return;
  loadSolve().catch(() => {}); // told to who chooses that way
}

/** Why a request takes BuildKit's own API; undefined if it does not. */
function needOf(
  { api, needs }: Pick<BuildRequest, "api" | "needs">,
): string | undefined {
  return needs[0] ?? (api === "buildkit" ? 'api "buildkit"' : undefined);
}

function loadSolve(): Promise<typeof import("./ways/solve.ts")> {
  return import("./ways/solve.ts");
}

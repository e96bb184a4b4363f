// Chooses the way to build. Only this file asks what kind of engine there is;
// the rest of the build uses the chosen way.

import { cannotBuildWith } from "./cannot_build_with.ts";
import { type EngineFacts, isPodman } from "../engine/engine.ts";
import type { BuildWay, SolveWay } from "./build_way.ts";
import type { BuildRequest } from "./request.ts";
import { engineWay } from "./ways/engine.ts";

/**
 * Chooses the way for a request: `POST /build`, or BuildKit's own API where an
 * option needs it, or `api` asks for it.
 *
 * @param other The way for something else than an image; it is the one that is
 * chosen, where the engine has BuildKit's API.
 * @throws {UnsupportedError} If no way can do what is asked.
 */
export async function chooseWay(
  { builder, api, needs }: BuildRequest,
  facts: EngineFacts | undefined,
  other?: SolveWay,
): Promise<BuildWay> {
  if (other !== undefined) return checkOther(other, { builder, api }, facts);
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

/** Refuses engines without BuildKit's API, for what needs it by itself. */
function checkOther(
  other: SolveWay,
  { builder, api }: Pick<BuildRequest, "builder" | "api">,
  facts: EngineFacts | undefined,
): SolveWay {
  if (builder === "classic") {
    throw other.refused(
      'the classic builder (version "1") can\'t do that; leave version out',
    );
  }
  if (api === "engine") {
    throw other.refused(
      'only BuildKit\'s own API can do that, and api is "engine"; leave api out',
    );
  }
  if (facts === undefined) return other;
  if (isPodman(facts)) {
    throw other.refused("podman has no BuildKit; use a Docker engine");
  }
  if (facts.gateway) {
    throw other.refused(
      "a davit gateway lets nobody reach BuildKit's own API: what passes there can not be looked through; use the engine's own socket",
    );
  }
  return other;
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

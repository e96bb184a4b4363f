// What the builders of an engine can do, depending on the API version that it
// speaks, and which options they ignore.

import { advised } from "../../advice.ts";
import { compareApi } from "../../engine/api_version.ts";
import type { EngineFacts } from "../../engine/engine.ts";
import { UnsupportedError } from "../../errors.ts";
import type { OwnWarning } from "../fact.ts";
import type { BuildRequest } from "../request.ts";

/**
 * Checks a request against the engine's version, for either builder.
 *
 * @throws {UnsupportedError} If the engine can't do what is asked.
 */
export function checkApi(
  { platforms, outputs }: BuildRequest,
  { negotiated }: EngineFacts,
): void {
  if (platforms.length > 0) needApi("a platform", "1.32", negotiated);
  if (outputs.length > 0) needApi("outputs", "1.40", negotiated);
  const keepsNothing = outputs.some(({ type }) => type === "cacheonly");
  if (keepsNothing && compareApi(negotiated, "1.45") >= 0) {
    throw advised(
      (message) => new UnsupportedError('output "cacheonly"', message),
      "no-outputs",
      'This engine can not build with output "cacheonly": engines from 26 on lost it',
    );
  }
}

/**
 * Checks a request against what BuildKit of an engine can do.
 *
 * @throws {UnsupportedError} If the engine has no BuildKit, or it can't do what
 * is asked.
 * @returns Warnings about options that it will ignore.
 */
export function checkBuildKit(
  request: BuildRequest,
  facts: EngineFacts,
): OwnWarning[] {
  needApi("BuildKit", "1.39", facts.negotiated);
  checkApi(request, facts);
  if (request.sourceDateEpoch !== undefined) {
    needApi("sourceDateEpoch", "1.42", facts.negotiated);
  }
  return ignoredOptions(request.ignored, request, facts);
}

/**
 * Checks a request against what BuildKit's own API can do, as
 * {@linkcode checkBuildKit}. It takes what `POST /build` does not give to
 * BuildKit: a parent control group, and outputs that keep nothing.
 */
export function checkSolve(
  request: BuildRequest,
  facts: EngineFacts,
): OwnWarning[] {
  needApi("BuildKit", "1.39", facts.negotiated);
  const ignored = request.ignored.filter((name) => name !== "cgroupparent");
  return ignoredOptions(ignored, request, facts);
}

function ignoredOptions(
  ignored: BuildRequest["ignored"],
  request: BuildRequest,
  facts: EngineFacts,
): OwnWarning[] {
  const warnings = ignored.map((option): OwnWarning => [
    "option-ignored",
    `${option} has no effect: BuildKit ignores it, only the classic builder (version "1") obeys${
      option === "cgroupparent"
        ? ', or BuildKit by its own API (api "buildkit")'
        : ""
    }`,
    option,
  ]);
  if (compareApi(facts.negotiated, "1.42") >= 0) return warnings;
  for (const option of ["shmsize", "ulimits"] as const) {
    const given = option === "shmsize" ? request.shmSize : request.ulimits;
    if (given === undefined) continue;
    warnings.push([
      "option-ignored",
      `${option} has no effect: BuildKit of this engine ignores it, engines from 23 on do not`,
      option,
    ]);
  }
  return warnings;
}

function needApi(feature: string, api: string, negotiated: string): void {
  if (compareApi(negotiated, api) >= 0) return;
  throw new UnsupportedError(
    feature,
    `This engine can not build with ${feature}: it speaks API ${negotiated}, and that needs ${api}`,
  );
}

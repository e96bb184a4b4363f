// The checks of the options that only BuildKit's own API can do.

import { cannotBuildWith } from "../cannot_build_with.ts";
import type { ImageBuildOptions } from "../options.ts";
import type { SourcePolicy } from "../source_policy.ts";
import type { RequestedAnnotation } from "./annotations.ts";
import type { RequestedAttestation } from "./attestations.ts";
import type { RareChecks } from "./rare_checks.ts";
import type { RequestedOutput } from "./requested_output.ts";
import { checkSwitch } from "./values.ts";

/** What only BuildKit's own API can do, checked. */
export interface BuildKitOptions {
  /** Names of options that were given and that only BuildKit's API can do. */
  readonly needs: readonly string[];
  /** Stages whose steps are run without the cache. */
  readonly noCacheStages: readonly string[];
  /** What the steps may do besides. */
  readonly allow: readonly string[];
  /** What is recorded about the image. */
  readonly attestations: readonly RequestedAttestation[];
  /** Annotations of the image. */
  readonly annotations: readonly RequestedAnnotation[];
  /** Which sources the build may use. */
  readonly sourcePolicy: SourcePolicy | undefined;
  /** Whether the engine keeps a record of the build. */
  readonly history: boolean;
}

/**
 * Checks the options that only BuildKit's API can do, and says which of them
 * ask for something.
 *
 * @param checks What checks the options that are given.
 * @param network Network of the steps.
 * @throws {TypeError} If one has the wrong form.
 */
export function checkBuildKitOptions(
  checks: RareChecks,
  options: ImageBuildOptions,
  network: string | undefined,
): BuildKitOptions {
  const names = (name: "allow" | "nocachefilter") =>
    options[name] === undefined
      ? []
      : checks.names!.checkNames(name, options[name]);
  const allow = names("allow");
  const noCacheStages = names("nocachefilter");
  if (noCacheStages.length > 0 && options.nocache === true) {
    throw new TypeError(
      "Cannot build with nocache and nocachefilter: without the cache there is nothing to filter; leave one of them out",
    );
  }
  const attestations = options.attest === undefined
    ? []
    : checks.attestations!.checkAttest(options.attest);
  const annotations = options.annotations === undefined
    ? []
    : checks.annotations!.checkAnnotations(options.annotations);
  const sourcePolicy = options.sourcePolicy === undefined
    ? undefined
    : checks.sourcePolicy!.checkSourcePolicy(
      options.sourcePolicy,
    );
  const history = options.history === undefined ||
    checkSwitch("history", options.history);
  // The Engine API allows the host's network where the steps are to use it.
  const isMore = allow.some((name) =>
    name !== "network.host" || network !== "host"
  );
  const asked: Partial<Record<keyof ImageBuildOptions, boolean>> = {
    allow: isMore,
    annotations: annotations.length > 0,
    attest: attestations.length > 0,
    history: !history,
    nocachefilter: noCacheStages.length > 0,
    sourcePolicy: sourcePolicy !== undefined,
  };
  const needs = Object.entries(asked).filter(([, is]) => is)
    .map(([name]) => name);
  return {
    needs,
    allow,
    attestations,
    annotations,
    noCacheStages,
    sourcePolicy,
    history,
  };
}

/**
 * Checks that something of the result can have what it is to have.
 *
 * @throws {TypeError} If no output can have the annotations.
 * @throws {UnsupportedError} If an output can't have the attestations.
 */
export function checkPlaces(
  { annotations, attestations }: Pick<
    BuildKitOptions,
    "annotations" | "attestations"
  >,
  outputs: readonly RequestedOutput[],
): void {
  const isNoImage = ({ type }: RequestedOutput) =>
    type === "local" || type === "tar" || type === "cacheonly";
  if (
    annotations.length > 0 && outputs.length > 0 && outputs.every(isNoImage)
  ) {
    throw new TypeError(
      `Cannot use annotations: output "${
        outputs[0]!.type
      }" is no image, and has no place for them`,
    );
  }
  const isBeside = attestations.some(({ attrs }) =>
    attrs["inline-only"] !== "true"
  );
  if (isBeside && outputs.some(({ type }) => type === "docker")) {
    throw cannotBuildWith(
      "attest",
      'an archive for docker load (output "docker") has no place for attestations; take output "oci", or leave it out',
    );
  }
}

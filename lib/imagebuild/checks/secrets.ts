// The checks of what a build may use of its caller: secrets and how they travel,
// the session, ssh, and which faults with secrets fail the build.

import { UnsupportedError } from "../../errors.ts";
import { isPlainObject, plainObjectHint } from "../../plain_object.ts";
import type { ImageBuildOptions } from "../options.ts";
import type { RequestedOutput } from "./requested_output.ts";
import { checkSwitch } from "./values.ts";

/** Which faults with secrets fail a build. */
export interface Strictness {
  /** Fail when a step mounts a secret that was not given. */
  readonly missing: boolean;
  /** Fail when a secret was given that no step mounts. */
  readonly unused: boolean;
}

/**
 * Checks the option `strictSecrets`.
 *
 * @throws {TypeError} If it has another form.
 * @throws {UnsupportedError} If this builder can't tell which secrets it asks
 * for.
 */
export function checkStrict(
  strict: ImageBuildOptions["strictSecrets"],
  builder: "buildkit" | "classic",
): Strictness {
  if (![undefined, false, true, "missing", "unused"].includes(strict)) {
    throw new TypeError(
      'Cannot build: strictSecrets is true, false, "missing" or "unused"',
    );
  }
  if (strict && builder === "classic") {
    throw strictUnsupported(
      'the classic builder (version "1") knows no secrets',
    );
  }
  return {
    missing: strict === true || strict === "missing",
    unused: strict === true || strict === "unused",
  };
}

/** The error for a `strictSecrets` that can't be obeyed. */
export function strictUnsupported(why: string): UnsupportedError {
  return new UnsupportedError(
    "strictSecrets",
    `Cannot build with strictSecrets: ${why}`,
  );
}

/**
 * Checks how secrets are to travel to the engine.
 *
 * @throws {TypeError} If they can't travel that way.
 */
export function checkSecretOptions(
  { secrets, secretsVia: via = "auto", session, allowSecretFiles }:
    ImageBuildOptions,
  builder: "buildkit" | "classic",
): void {
  if (allowSecretFiles !== undefined) {
    checkSwitch("allowSecretFiles", allowSecretFiles);
  }
  if (!["auto", "session", "header"].includes(via)) {
    throw new TypeError(
      'Cannot build: secretsVia is one of "auto", "session" and "header"',
    );
  }
  if (
    session !== undefined && session !== false &&
    (typeof session !== "string" || session === "")
  ) {
    throw new TypeError("Cannot build: session is the id of one, or false");
  }
  if (secrets === undefined) return;
  if (!isPlainObject(secrets)) {
    throw new TypeError(
      `Cannot build: secrets is an object of ids to sources${
        plainObjectHint(secrets)
      }`,
    );
  }
  if (builder === "classic" || Object.keys(secrets).length === 0) return;
  if (session !== undefined && via !== "header") {
    throw new TypeError(
      'Cannot build: secrets are served over a session of davit\'s own; leave the option session out, or use secretsVia: "header"',
    );
  }
}

/**
 * Refuses ssh and exported results where another option excludes the session
 * that they need, or where the builder is the classic one.
 *
 * @throws {UnsupportedError} If they are asked for all the same.
 */
export function checkSessionOptions(
  outputs: readonly RequestedOutput[],
  { ssh, session, secretsVia }: ImageBuildOptions,
  builder: "buildkit" | "classic",
): void {
  const exported = outputs.find(({ exporter }) => exporter !== undefined);
  const feature = exported !== undefined
    ? `output "${exported.type}"`
    : ssh !== undefined && builder === "buildkit"
    ? "ssh"
    : undefined;
  if (feature === undefined) return;
  const why = builder === "classic"
    ? 'the classic builder (version "1") makes images only'
    : session !== undefined
    ? "it comes over a session of davit's own; leave the option session out"
    : secretsVia === "header"
    ? 'it comes over a session, and secretsVia: "header" means none'
    : undefined;
  if (why === undefined) return;
  throw new UnsupportedError(feature, `Cannot build with ${feature}: ${why}`);
}

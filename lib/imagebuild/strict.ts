import type { Engine, EngineFacts } from "../engine/engine.ts";
import { UnsupportedError } from "../errors.ts";
import type { ImageBuildOptions } from "./options.ts";

/** Which faults with secrets fail a build. */
export interface Strictness {
  /** A step mounts one that was not given. */
  readonly missing: boolean;
  /** One was given that no step mounts. */
  readonly unused: boolean;
}

/** What the option `strictSecrets` asks for. */
export function strictnessOf(
  { strictSecrets: strict = false }: Pick<ImageBuildOptions, "strictSecrets">,
): Strictness {
  return {
    missing: strict === true || strict === "missing",
    unused: strict === true || strict === "unused",
  };
}

/**
 * Checks the option alone.
 *
 * @throws {TypeError} If it is no such option.
 * @throws {UnsupportedError} If this builder can't keep it.
 */
export function checkStrictOption(
  { strictSecrets }: ImageBuildOptions,
  version: "1" | "2",
): void {
  if (![undefined, false, true, "missing", "unused"].includes(strictSecrets)) {
    throw new TypeError(
      'Cannot build: strictSecrets is true, false, "missing" or "unused"',
    );
  }
  if (strictSecrets && version === "1") {
    throw unsupported('the classic builder (version "1") knows no secrets');
  }
}

/**
 * Checks that somebody will tell what the build asks for, before it is posted.
 *
 * @throws {UnsupportedError} If nobody will.
 */
export function checkStrictWay(
  { strictSecrets, secretsVia, session }: ImageBuildOptions,
  engine: Engine,
  facts: EngineFacts,
): void {
  if (!strictSecrets) return;
  if (session) {
    throw unsupported(
      "the session that the option names answers the engine, and does not tell davit what was asked; leave the option session out",
    );
  }
  if (facts.gateway) return;
  if (session === false) {
    throw unsupported(
      "without a session nobody tells what the build asks for; leave the option session out",
    );
  }
  if (secretsVia === "header") {
    throw unsupported(
      'with secretsVia: "header" nobody tells what the build asks for, unless a davit gateway stands before the engine; leave secretsVia out',
    );
  }
  if (engine.transport.upgrade === undefined) {
    throw unsupported(
      "this transport can not serve a session, so nobody tells what the build asks for; use a Docker engine's own socket, or a davit gateway",
    );
  }
}

function unsupported(why: string): UnsupportedError {
  return new UnsupportedError(
    "strictSecrets",
    `Cannot build with strictSecrets: ${why}`,
  );
}

import { BuildError, SecretError, SessionError } from "../errors.ts";
import type { SecretStore } from "../secrets/store.ts";
import type { SecretWays } from "./secrets.ts";

/** What davit knows of a failed build besides the engine's sentence. */
export interface FailureFacts {
  /** Who asked for which secret. */
  readonly store: SecretStore;
  /** How the secrets travelled. */
  readonly ways: SecretWays;
  /** Whether a secret that is not there is an error. */
  readonly strict: boolean;
}

/** The words of engines for a session that is not there when it is needed. */
const SESSION_REGEXP =
  /no active session|session|Unavailable|transport is closing|connection (?:closed|reset|error)|EOF/i;

/** The error to report, where davit knows more than the engine said; else the same. */
export function explainFailure(error: unknown, facts: FailureFacts): unknown {
  if (!(error instanceof BuildError)) return error;
  const failure = facts.ways.failure();
  if (failure !== undefined) {
    return new SecretError(
      failure.id,
      `${failure.message}; the build failed: ${error.detail}`,
      { cause: failure.cause ?? error },
    );
  }
  if (facts.ways.lost() && SESSION_REGEXP.test(error.detail)) {
    return new SessionError(
      `The session was lost while the build needed it: ${error.detail}; build again, and look into the engine's log if it happens twice`,
      { cause: error },
    );
  }
  const missing = facts.store.report().missing;
  if (missing.length === 0) return error;
  if (facts.strict) {
    return new SecretError(
      missing[0]!,
      `The build was stopped: secret "${
        missing[0]
      }" was asked for and not given; give it, or build without strictSecrets`,
      { cause: error },
    );
  }
  return new BuildError({
    detail: error.detail,
    exitCode: error.exitCode,
    missingSecrets: missing,
    cause: error.cause,
  });
}

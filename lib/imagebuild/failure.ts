import {
  BuildError,
  type BuildErrorSource,
  EngineError,
  SecretError,
  SessionError,
} from "../errors.ts";
import { entitlementsIn } from "../buildkit/error_place.ts";
import { formatExcerpt } from "../progress/excerpt.ts";
import { findFailure, type StepFailure } from "../progress/failure.ts";
import { isLineStep } from "../progress/line_steps.ts";
import { clientMounts, instructionOf } from "../progress/mounts.ts";
import { findPosition } from "../progress/position.ts";
import type { OpenSession } from "../session/open.ts";
import { LayoutError } from "../layout/layout_error.ts";
import { SshError } from "../ssh/ssh_error.ts";
import { emulationHint } from "../progress/emulation.ts";
import { deniedRegistry } from "./denied_image.ts";
import type { BuildRecord } from "./record.ts";
import { secretVariableHint } from "./secret_variable.ts";
import { unreadTarHint } from "./unread_tar.ts";
import type { SecretStore } from "../secrets/store.ts";

/** What davit knows about a failed build besides the engine's error. */
export interface FailureFacts {
  /** The secrets, which know what was asked for. */
  readonly store: SecretStore;
  /** The build's session, if it has one. */
  readonly session: OpenSession | undefined;
  /**
   * The error that kept davit from giving something that the engine asked for;
   * undefined if there was none.
   */
  readonly served: Error | undefined;
  /** Whether a missing secret is an error. */
  readonly strict: boolean;
  /**
   * Ids of secrets that were sent only in the header, to an engine that does
   * not read it.
   */
  readonly unread: readonly string[];
  /** The platforms of the build; none for the engine's own. */
  readonly platforms: readonly string[];
  /** The record of the build. */
  readonly record: BuildRecord;
  /** The node that failed, where several build. */
  readonly node?: string | undefined;
}

/** How engines word that a session is gone when they need it. */
const SESSION_REGEXP =
  /no active session|session|Unavailable|transport is closing|connection (?:closed|reset|error)|EOF/i;

/**
 * The error to report: one that says more where davit knows more than the
 * engine, otherwise the same error.
 */
export function explainFailure(error: unknown, facts: FailureFacts): unknown {
  if (isExplained(error)) return error;
  const reported = explanation(error, facts);
  if (reported instanceof Error) explained.add(reported);
  return reported;
}

/** Errors that say all that davit knows. */
const explained = new WeakSet<Error>();

/** Whether an error has been explained: one of a build's several nodes is. */
function isExplained(error: unknown): boolean {
  return error instanceof Error && explained.has(error);
}

function explanation(error: unknown, facts: FailureFacts): unknown {
  if (error instanceof EngineError) return maskedError(error, facts.record);
  if (!(error instanceof BuildError)) return error;
  if (facts.served instanceof SecretError) {
    const { id, message, cause } = facts.served;
    return new SecretError(
      id,
      `${message}; the build failed: ${error.detail}`,
      { cause: cause ?? error },
    );
  }
  if (facts.served instanceof SshError) {
    const { id, message, cause } = facts.served;
    return new SshError(
      id,
      `${message}; the build failed: ${error.detail}`,
      { cause: cause ?? error },
    );
  }
  // The engine's error only repeats this one. Without a cache in a damaged
  // folder a build goes on, and may fail for another reason.
  const isOther = facts.served instanceof LayoutError &&
    !error.detail.includes(facts.served.message);
  if (facts.served !== undefined && !isOther) return facts.served;
  if (facts.session?.lost() && SESSION_REGEXP.test(error.detail)) {
    return new SessionError(
      `The session was lost while the build needed it: ${error.detail}; build again, and look into the engine's log if it happens twice`,
      { cause: error },
    );
  }
  const missing = facts.store.requests().missing;
  if (facts.strict && missing.length > 0) {
    return new SecretError(
      missing[0]!,
      `The build was stopped: secret "${
        missing[0]
      }" was asked for and not given; give it, or build without strictSecrets`,
      { cause: error },
    );
  }
  return detailedError(error, missing, facts);
}

/**
 * Adds the failed step, the last lines of its output, and its place in the
 * Dockerfile.
 */
function detailedError(
  error: BuildError,
  missing: readonly string[],
  { record, unread, platforms, node }: FailureFacts,
): BuildError {
  const step = findFailure(record.state, error.detail, {
    vertex: error.vertex,
  });
  // An engine does not read the header, so the secrets that this step mounts
  // were not there.
  const mounted = clientMounts(instructionOf(step.name ?? ""));
  const unreadSecrets = unread.filter((id) =>
    mounted.some((mount) => mount.type === "secret" && mount.id === id)
  );
  const hints = [
    emulationHint(step, error.detail, platforms) ??
      unreadTarHint(error.detail) ?? secretVariableHint(error.detail),
    node &&
    `it failed on the node "${node}", and the builds of the other nodes were stopped`,
  ].filter(Boolean);
  return new BuildError({
    detail: error.detail,
    exitCode: error.exitCode ?? step.exitCode,
    vertex: step.vertex,
    step: step.name,
    log: step.log,
    source: error.source ?? sourceOf(step, error.detail, record),
    missingSecrets: missing,
    missingEntitlements: entitlementsIn(error.detail),
    failedCache: record.caches?.failedIn(error.detail),
    deniedBy: deniedRegistry(error.detail, step.name),
    unreadSecrets,
    ...(hints.length === 0 ? {} : { hint: hints.join("\n") }),
    cause: error.cause,
  });
}

/**
 * The failed step's place in the Dockerfile, where the engine does not tell it:
 * the answer of `/build` does not hold it. The step is searched for in the text.
 */
function sourceOf(
  { name, vertex }: StepFailure,
  detail: string,
  record: BuildRecord,
): BuildErrorSource | undefined {
  const file = record.dockerfile();
  if (file === undefined) return undefined;
  const countsAll = vertex !== undefined && isLineStep(vertex);
  const range = findPosition(file.text, { name, detail, countsAll });
  if (range === undefined) return undefined;
  return {
    file: file.name,
    startLine: range.start,
    endLine: range.end,
    excerpt: record.text(formatExcerpt(file.text, range, file.name)),
  };
}

/** An engine may quote a part of the request in its refusal. */
function maskedError(error: EngineError, record: BuildRecord): EngineError {
  const detail = record.text(error.detail);
  if (detail === error.detail) return error;
  const { status, method, path } = error;
  return new EngineError({ status, method, path, detail });
}

/** How many errors of a chain of causes are masked. */
const MAX_CAUSES = 20;

/**
 * Masks the messages of any error and of its causes: they may quote what came
 * from the engine, such as the name of a file of the result.
 */
export function maskMessages(error: unknown, record: BuildRecord): void {
  let each = error;
  for (let i = 0; i < MAX_CAUSES && each instanceof Error; i++) {
    for (const name of ["message", "stack"] as const) {
      const text = each[name];
      if (typeof text !== "string") continue;
      const masked = record.text(text);
      if (masked !== text) {
        Object.defineProperty(each, name, {
          value: masked,
          writable: true,
          configurable: true,
        });
      }
    }
    each = each.cause;
  }
}

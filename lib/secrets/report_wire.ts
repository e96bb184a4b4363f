import type { SecretState, SecretUse } from "./store.ts";

/**
 * The header with which a client asks a davit gateway to report which secrets
 * the engine asks for; in its answer the gateway confirms with the same header
 * that it does. This protocol is davit's own.
 */
export const REPORT_HEADER = "X-Davit-Secrets";

/** The value with which the gateway confirms. */
export const REPORT_PROMISE = "reported";

/**
 * Id of the report's messages, which come between those of the engine. No other
 * message of davit's has it.
 */
const REPORT_ID = "x-davit-secret";

/** What a client asks the gateway for. */
export interface ReportRequest {
  /**
   * A random text that each message of the report repeats. The engine does not
   * know it, so an engine's message can't be taken for the gateway's.
   */
  readonly token: string;
  /** Whether a step fails if it mounts a secret that was not given. */
  readonly strict: boolean;
}

/** A message that reports what happened to a secret. */
export interface ReportMessage {
  /** Marks a message of the report. */
  readonly id: string;
  /** What happened, and the token that the client sent. */
  readonly aux: SecretUse & { readonly token: string };
}

const REQUEST_REGEXP = /^report=([0-9a-f-]{36})(; strict)?$/;

/** Writes the value of the request's header. */
export function formatReportRequest({ token, strict }: ReportRequest): string {
  return `report=${token}${strict ? "; strict" : ""}`;
}

/**
 * Reads the value of the request's header; undefined if it has another form.
 */
export function parseReportRequest(value: string): ReportRequest | undefined {
  const [, token, strict] = REQUEST_REGEXP.exec(value) ?? [];
  return token === undefined
    ? undefined
    : { token, strict: strict !== undefined };
}

/** Makes the message that reports what happened to a secret. */
export function reportMessage(token: string, use: SecretUse): ReportMessage {
  return { id: REPORT_ID, aux: { token, id: use.id, state: use.state } };
}

/** The states that are reported while a build runs. */
const STATES: readonly unknown[] = [
  "requested",
  "served",
  "missing",
] satisfies SecretState[];

/**
 * Reads what a message reports; undefined if it is no message of a report with
 * this token.
 */
export function readReport(
  message: { readonly id?: unknown; readonly aux?: unknown },
  token: string,
): SecretUse | undefined {
  if (message.id !== REPORT_ID) return undefined;
  const { token: said, id, state } = (message.aux ?? {}) as Record<
    string,
    unknown
  >;
  return said === token && typeof id === "string" && STATES.includes(state)
    ? { id, state: state as SecretState }
    : undefined;
}

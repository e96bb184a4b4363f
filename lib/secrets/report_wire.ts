import type { SecretState, SecretUse } from "./store.ts";

/**
 * By this header a client asks a davit gateway to tell what the engine asks for,
 * and the gateway says in its answer that it does: a protocol of davit's own.
 */
export const REPORT_HEADER = "X-Davit-Secrets";

/** Value of the gateway's answer. */
export const REPORT_PROMISE = "reported";

/** Id of the messages that tell it, between those of the engine; none that davit's own have. */
const REPORT_ID = "x-davit-secret";

/** What a client asks for. */
export interface ReportRequest {
  /**
   * Repeated in each message: an engine does not see it, so what it says can't be
   * taken for the gateway's.
   */
  readonly token: string;
  /** Whether a step that mounts a secret that was not given is to fail. */
  readonly strict: boolean;
}

/** A message that tells what happened to a secret. */
export interface ReportMessage {
  /** Tells it from others. */
  readonly id: string;
  /** What happened, and the token that the client sent. */
  readonly aux: SecretUse & { readonly token: string };
}

const REQUEST_REGEXP = /^report=([0-9a-f-]{36})(; strict)?$/;

/** The header's value. */
export function formatReportRequest({ token, strict }: ReportRequest): string {
  return `report=${token}${strict ? "; strict" : ""}`;
}

/** Reads the header's value; undefined if it is none. */
export function parseReportRequest(value: string): ReportRequest | undefined {
  const [, token, strict] = REQUEST_REGEXP.exec(value) ?? [];
  return token === undefined
    ? undefined
    : { token, strict: strict !== undefined };
}

/** The message that tells a client what happened. */
export function reportMessage(token: string, use: SecretUse): ReportMessage {
  return { id: REPORT_ID, aux: { token, id: use.id, state: use.state } };
}

/** What happens while a build runs. */
const STATES: readonly unknown[] = [
  "requested",
  "served",
  "missing",
] satisfies SecretState[];

/** What a message tells; undefined if it is not one with this token. */
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

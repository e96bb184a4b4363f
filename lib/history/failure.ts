import type { Control } from "../buildkit/control.ts";
import { type ErrorDetails, readDetails } from "../buildkit/error_details.ts";
import { entitlementsIn, errorPlace } from "../buildkit/error_place.ts";
import { BuildError } from "../errors.ts";
import { emulationHint } from "../progress/emulation.ts";
import { findFailure } from "../progress/failure.ts";
import { BuildState } from "../progress/state.ts";
import type { HistoryRecordMessage } from "../proto/history.ts";
import { wholeStatus } from "../proto/status.ts";
import { contentBytes } from "./attachments.ts";
import { replay } from "./replay.ts";

/** The most that is read of an error: it may hold a Dockerfile twice. */
const MAX_ERROR_BYTES = 16 * 1024 * 1024;

/** A secret that was not given, in BuildKit's words. */
const SECRET_REGEXP = /(?:^|: )secret (\S+): not found$/;

/**
 * The error of a failed build, as the build itself would have had it: with its
 * step, its place and the end of the step's output.
 *
 * @param logLines How many lines of the output. @default {10}
 * @returns Undefined if the build did not fail.
 */
export async function failureOf(
  control: Control,
  record: HistoryRecordMessage,
  { logLines, signal }: {
    readonly logLines?: number | undefined;
    readonly signal: AbortSignal;
  },
): Promise<BuildError | undefined> {
  const { error, ref } = record;
  if (error === undefined) return undefined;
  const { message: detail } = error;
  const { exitCode, vertex, sources = [] } = await errorDetails(
    control,
    record,
    signal,
  );
  const state = new BuildState();
  for await (const event of replay(control, ref, signal)) state.apply(event);
  const step = findFailure(state, detail, {
    vertex,
    ...(logLines === undefined ? {} : { logLines }),
  });
  const [source] = sources;
  const platform = record.frontendAttrs.get("platform");
  const hint = emulationHint(step, detail, platform?.split(",") ?? []);
  const [, secret] = SECRET_REGEXP.exec(detail) ?? [];
  return new BuildError({
    detail,
    exitCode: exitCode ?? step.exitCode,
    vertex: step.vertex,
    step: step.name,
    log: step.log,
    source: source && errorPlace(source),
    missingSecrets: secret === undefined ? [] : [secret],
    missingEntitlements: entitlementsIn(detail),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** What BuildKit keeps of an error beside its words. */
export async function errorDetails(
  control: Control,
  { error, externalError }: HistoryRecordMessage,
  signal: AbortSignal,
): Promise<ErrorDetails> {
  // Older engines (26) keep the details in the record itself.
  if (externalError === undefined) return readDetails(error?.details ?? []);
  const bytes = await contentBytes(control, externalError.digest, {
    what: "The error of a build in the engine's history",
    maxBytes: MAX_ERROR_BYTES,
    signal,
  });
  return readDetails(wholeStatus.decode(bytes).details);
}

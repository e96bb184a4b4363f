import type { TypedAttrs } from "../proto/control.ts";
import type {
  BuildResultMessage,
  DescriptorMessage,
  HistoryRecordMessage,
} from "../proto/history.ts";
import type { TimestampMessage } from "../proto/timestamp.ts";
import { goJson, sortedObject } from "../gotext/json.ts";
import type { LocalState } from "./local_state.ts";

/** What stands beside a record in its file. */
export interface BundledWith {
  /** The engine's own platform. */
  readonly platform: string;
  readonly state: LocalState | undefined;
  /** The trace, as it is in the bundle. */
  readonly trace: DescriptorMessage | undefined;
}

/**
 * A record as the JSON that buildx writes into a `.dockerbuild` file: Go's own
 * names for the fields, and nothing for those that are zero.
 */
export function bundleRecord(
  record: HistoryRecordMessage,
  { platform, state, trace }: BundledWith,
): string {
  return goJson({
    Ref: textOr(record.ref),
    Frontend: textOr(record.frontend),
    FrontendAttrs: sortedObject(record.frontendAttrs),
    Exporters: listOr(record.exporters.map(exporterOf)),
    error: record.error && {
      code: numberOr(record.error.code),
      message: textOr(record.error.message),
    },
    CreatedAt: timeOf(record.createdAt),
    CompletedAt: timeOf(record.completedAt),
    logs: descriptorOf(record.logs),
    ExporterResponse: sortedObject(record.exporterResponse),
    Result: resultOf(record.result),
    Results: sortedObject(
      new Map(
        [...record.results].map(([name, each]) => [name, resultOf(each)]),
      ),
    ),
    Generation: numberOr(record.generation),
    trace: descriptorOf(trace),
    pinned: record.pinned || undefined,
    numCachedSteps: numberOr(record.cachedSteps),
    numTotalSteps: numberOr(record.totalSteps),
    numCompletedSteps: numberOr(record.completedSteps),
    externalError: descriptorOf(record.externalError),
    numWarnings: numberOr(record.warnings),
    DefaultPlatform: platform,
    localState: state?.raw,
  }, 2);
}

function exporterOf({ type, attrs }: TypedAttrs) {
  return { Type: textOr(type), Attrs: sortedObject(attrs) };
}

function timeOf(time: TimestampMessage | undefined) {
  return time &&
    { seconds: numberOr(time.seconds), nanos: numberOr(time.nanos) };
}

function resultOf(result: BuildResultMessage | undefined) {
  return result && {
    ResultDeprecated: descriptorOf(result.only),
    Attestations: listOr(result.attestations.map(descriptorOf)),
    Results: sortedObject(
      new Map(
        result.results.map((
          { number, descriptor },
        ) => [String(number), descriptorOf(descriptor)]),
      ),
    ),
  };
}

function descriptorOf(descriptor: DescriptorMessage | undefined) {
  return descriptor && {
    media_type: textOr(descriptor.mediaType),
    digest: textOr(descriptor.digest),
    size: numberOr(descriptor.size),
    annotations: sortedObject(descriptor.annotations),
  };
}

function textOr(text: string): string | undefined {
  return text || undefined;
}

function numberOr(number: number): number | undefined {
  return number || undefined;
}

function listOr<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

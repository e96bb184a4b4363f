/**
 * Messages of BuildKit's history of builds (`moby.buildkit.v1.Control`), with the
 * fields that davit reads and writes.
 *
 * @module
 */

import { type TypedAttrs, typedAttrs } from "./control.ts";
import {
  FLAG,
  INT32,
  INT64,
  many,
  map,
  maybe,
  type Message,
  message,
  one,
  TEXT,
} from "./message.ts";
import { type StatusMessage, wholeStatus } from "./status.ts";
import { timestamp, type TimestampMessage } from "./timestamp.ts";

/** `BuildHistoryRequest`. */
export const historyRequest: Message<{
  /** Whether the list ends with what is there now. */
  readonly earlyExit: boolean;
}> = message({ earlyExit: one(3, FLAG) });

/** `Descriptor`: a part of a record, by its digest. */
export interface DescriptorMessage {
  readonly mediaType: string;
  readonly digest: string;
  /** Its length in bytes. */
  readonly size: number;
  readonly annotations: ReadonlyMap<string, string>;
}

const descriptor: Message<DescriptorMessage> = message({
  mediaType: one(1, TEXT),
  digest: one(2, TEXT),
  size: one(3, INT64),
  annotations: map(5, TEXT),
});

/** A result of a build, by the number of the exporter that made it. */
export interface NumberedDescriptor {
  /** Of the exporter, counted from 0. */
  readonly number: number;
  readonly descriptor: DescriptorMessage | undefined;
}

/** `BuildResultInfo`. */
export interface BuildResultMessage {
  /** What older engines give as the only result. */
  readonly only: DescriptorMessage | undefined;
  readonly attestations: readonly DescriptorMessage[];
  /** What the exporters have stored: images and their indexes. */
  readonly results: readonly NumberedDescriptor[];
}

const buildResult: Message<BuildResultMessage> = message({
  only: maybe(1, descriptor),
  attestations: many(2, descriptor),
  // A map by numbers has entries of this form.
  results: many(
    3,
    message<NumberedDescriptor>({
      number: one(1, INT64),
      descriptor: maybe(2, descriptor),
    }),
  ),
});

/** `BuildHistoryRecord`. */
export interface HistoryRecordMessage {
  readonly ref: string;
  readonly frontend: string;
  readonly frontendAttrs: ReadonlyMap<string, string>;
  readonly exporters: readonly TypedAttrs[];
  /** Why the build failed; its details are in `externalError`. */
  readonly error: StatusMessage | undefined;
  readonly createdAt: TimestampMessage | undefined;
  /** When the build ended; missing while it runs. */
  readonly completedAt: TimestampMessage | undefined;
  /** The log: parts of it, each behind its length in four bytes. */
  readonly logs: DescriptorMessage | undefined;
  readonly exporterResponse: ReadonlyMap<string, string>;
  /** The result of a build for one platform. */
  readonly result: BuildResultMessage | undefined;
  /** The results by their platforms. */
  readonly results: ReadonlyMap<string, BuildResultMessage>;
  /** How often the record was changed. */
  readonly generation: number;
  /** BuildKit's own trace of the build, in JSON. */
  readonly trace: DescriptorMessage | undefined;
  readonly pinned: boolean;
  readonly cachedSteps: number;
  readonly totalSteps: number;
  readonly completedSteps: number;
  /** A `google.rpc.Status` with the error and its details. */
  readonly externalError: DescriptorMessage | undefined;
  readonly warnings: number;
}

/** `BuildHistoryRecord`. */
export const historyRecord: Message<HistoryRecordMessage> = message({
  ref: one(1, TEXT),
  frontend: one(2, TEXT),
  frontendAttrs: map(3, TEXT),
  exporters: many(4, typedAttrs),
  error: maybe(5, wholeStatus),
  createdAt: maybe(6, timestamp),
  completedAt: maybe(7, timestamp),
  logs: maybe(8, descriptor),
  exporterResponse: map(9, TEXT),
  result: maybe(10, buildResult),
  results: map(11, buildResult),
  generation: one(12, INT32),
  trace: maybe(13, descriptor),
  pinned: one(14, FLAG),
  cachedSteps: one(15, INT32),
  totalSteps: one(16, INT32),
  completedSteps: one(17, INT32),
  externalError: maybe(18, descriptor),
  warnings: one(19, INT32),
});

/** `BuildHistoryEvent`. */
export const historyEvent: Message<
  { readonly record: HistoryRecordMessage | undefined }
> = message({ record: maybe(2, historyRecord) });

/** `UpdateBuildHistoryRequest`; one without a word unpins the record. */
export interface HistoryUpdate {
  readonly ref: string;
  readonly pinned: boolean;
  readonly delete: boolean;
  /** Whether the trace is written now. */
  readonly finalize: boolean;
}

/** `UpdateBuildHistoryRequest`. */
export const historyUpdate: Message<HistoryUpdate> = message({
  ref: one(1, TEXT),
  pinned: one(2, FLAG),
  delete: one(3, FLAG),
  finalize: one(4, FLAG),
});

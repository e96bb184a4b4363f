/**
 * Messages of BuildKit's history of builds (`moby.buildkit.v1.Control`), with the
 * fields that davit reads and writes.
 *
 * @module
 */

import {
  FLAG,
  INT64,
  many,
  map,
  maybe,
  type Message,
  message,
  one,
  TEXT,
} from "./message.ts";

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

/** `BuildResultInfo`. */
export interface BuildResultMessage {
  readonly attestations: readonly DescriptorMessage[];
}

const buildResult: Message<BuildResultMessage> = message({
  attestations: many(2, descriptor),
});

/** `BuildHistoryRecord`. */
export interface HistoryRecordMessage {
  readonly ref: string;
  /** The result of a build for one platform. */
  readonly result: BuildResultMessage | undefined;
  /** The results by their platforms. */
  readonly results: ReadonlyMap<string, BuildResultMessage>;
}

/** `BuildHistoryEvent`. */
export const historyEvent: Message<
  { readonly record: HistoryRecordMessage | undefined }
> = message({
  record: maybe(
    2,
    message<HistoryRecordMessage>({
      ref: one(1, TEXT),
      result: maybe(10, buildResult),
      results: map(11, buildResult),
    }),
  ),
});

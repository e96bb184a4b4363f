/**
 * Messages of `moby.buildkit.v1.Control` about the disk usage of its cache.
 *
 * @module
 */

import {
  FLAG,
  INT64,
  many,
  maybe,
  type Message,
  message,
  one,
  TEXT,
} from "./message.ts";
import { timestamp, type TimestampMessage } from "./timestamp.ts";

/** `DiskUsageRequest`. */
export interface DiskUsageQuestion {
  /** Filters in containerd's words; what fits one of them is given. */
  readonly filter: readonly string[];
}

/** `DiskUsageRequest`. */
export const diskUsageRequest: Message<DiskUsageQuestion> = message({
  filter: many(1, TEXT),
});

/** `UsageRecord`. */
export interface UsageRecordMessage {
  readonly id: string;
  readonly mutable: boolean;
  readonly inUse: boolean;
  /** In bytes. */
  readonly size: number;
  /** What engines of the 20.10 line send in place of `parents`. */
  readonly parent: string;
  readonly createdAt: TimestampMessage | undefined;
  readonly lastUsedAt: TimestampMessage | undefined;
  readonly usageCount: number;
  readonly description: string;
  readonly recordType: string;
  readonly shared: boolean;
  readonly parents: readonly string[];
}

/** `UsageRecord`. */
export const usageRecord: Message<UsageRecordMessage> = message({
  id: one(1, TEXT),
  mutable: one(2, FLAG),
  inUse: one(3, FLAG),
  size: one(4, INT64),
  parent: one(5, TEXT),
  createdAt: maybe(6, timestamp),
  lastUsedAt: maybe(7, timestamp),
  usageCount: one(8, INT64),
  description: one(9, TEXT),
  recordType: one(10, TEXT),
  shared: one(11, FLAG),
  parents: many(12, TEXT),
});

/** `DiskUsageResponse`. */
export const diskUsageResponse: Message<
  { readonly records: readonly UsageRecordMessage[] }
> = message({ records: many(1, usageRecord) });

/** `PruneRequest`. */
export interface PruneMessage {
  readonly filter: readonly string[];
  readonly all: boolean;
  /** Nanoseconds; what was used within them is kept. */
  readonly keepDuration: number;
  /** In bytes, as those below. Older engines call it `keepBytes`. */
  readonly reservedSpace: number;
  readonly maxUsedSpace: number;
  readonly minFreeSpace: number;
}

/** `PruneRequest`. */
export const pruneRequest: Message<PruneMessage> = message({
  filter: many(1, TEXT),
  all: one(2, FLAG),
  keepDuration: one(3, INT64),
  reservedSpace: one(4, INT64),
  maxUsedSpace: one(5, INT64),
  minFreeSpace: one(6, INT64),
});

import type { UsageRecordMessage } from "../proto/usage.ts";
import { textOf } from "./record.ts";

/** One thing in the build cache. Times are in RFC 3339, in UTC. */
export interface BuildCacheRecord {
  /** Its id. */
  readonly id: string;
  /** Ids of those that it is built upon. */
  readonly parents: readonly string[];
  /**
   * Its kind: `regular`, `source.local`, `source.git.checkout`,
   * `exec.cachemount`, `frontend`, `internal`. Empty of one that was deleted:
   * BuildKit does not tell it then.
   */
  readonly type: string;
  /** What it is, in BuildKit's words. */
  readonly description: string;
  /** Its size in bytes. */
  readonly size: number;
  /** When it was made, to the nanosecond. */
  readonly createdAt: string;
  /** When a build last used it; undefined if none has, or BuildKit does not say. */
  readonly lastUsedAt: string | undefined;
  /** How often builds have used it. */
  readonly usageCount: number;
  /** Whether it may be written to, as the folder of a cache mount. */
  readonly mutable: boolean;
  /** Whether something uses it now. */
  readonly inUse: boolean;
  /** Whether it can be deleted: nothing uses it. */
  readonly reclaimable: boolean;
  /** Whether images or other records have its files as well. */
  readonly shared: boolean;
}

/** A record as it is told. */
export function cacheRecordOf(message: UsageRecordMessage): BuildCacheRecord {
  const { parent, parents, lastUsedAt, inUse } = message;
  return {
    id: message.id,
    parents: parents.length === 0 && parent !== "" ? [parent] : parents,
    type: message.recordType,
    description: message.description,
    size: message.size,
    createdAt: textOf(message.createdAt),
    lastUsedAt: lastUsedAt && textOf(lastUsedAt),
    usageCount: message.usageCount,
    mutable: message.mutable,
    inUse,
    reclaimable: !inUse,
    shared: message.shared,
  };
}

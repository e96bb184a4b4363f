import type { BuildCacheRecord } from "../history/cache_record.ts";
import { humanDuration, humanSize } from "../gotext/units.ts";

/** How long ago a record was used, in words; empty if nobody knows. */
export function lastUsed(
  { lastUsedAt }: BuildCacheRecord,
  now: number,
): string {
  return lastUsedAt === undefined
    ? ""
    : `${humanDuration(now - Date.parse(lastUsedAt))} ago`;
}

/** The id as tables show it: what may be written to has a star. */
export function starredId({ id, mutable }: BuildCacheRecord): string {
  return mutable ? `${id}*` : id;
}

/** The size as tables show it: what others have as well has a star. */
export function starredSize({ size, shared }: BuildCacheRecord): string {
  return shared ? `${humanSize(size)}*` : humanSize(size);
}

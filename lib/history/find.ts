import type { Control } from "../buildkit/control.ts";
import type { HistoryRecordMessage } from "../proto/history.ts";
import { BuildHistoryError } from "./history_error.ts";
import { withoutKeys } from "./without_keys.ts";

/**
 * All records, the newest first. A build that ends while they are read is told
 * twice by the engine, and is here once. Logins and keys are left out.
 */
export async function allRecords(
  control: Control,
  signal: AbortSignal,
): Promise<HistoryRecordMessage[]> {
  const byRef = new Map<string, HistoryRecordMessage>();
  for await (const record of control.history({ signal })) {
    byRef.set(record.ref, withoutKeys(record));
  }
  return [...byRef.values()].sort((a, b) => -compareBegin(a, b));
}

function compareBegin(
  { createdAt: a }: HistoryRecordMessage,
  { createdAt: b }: HistoryRecordMessage,
): number {
  return (a?.seconds ?? 0) - (b?.seconds ?? 0) ||
    (a?.nanos ?? 0) - (b?.nanos ?? 0);
}

/**
 * Finds a record by what a caller says of it: its id, the beginning of its id if
 * no other has the same, `builder/node/id` as buildx writes it down, `^1` for
 * the one before the newest; nothing, or `^0`, for the newest.
 *
 * @param records The newest first.
 * @throws {BuildHistoryError} If there is none, or several.
 */
export function findRecord<T extends { readonly ref: string }>(
  records: readonly T[],
  ref: string = "",
): T {
  const [, offset] = /^\^(\d+)$/.exec(ref) ?? [];
  if (ref === "" || offset !== undefined) {
    const found = records[Number(offset ?? 0)];
    if (found !== undefined) return found;
    throw records.length === 0
      ? new BuildHistoryError("no records found")
      : noRecord(ref);
  }
  const id = ref.slice(ref.lastIndexOf("/") + 1);
  const exact = records.find(({ ref }) => ref === id);
  if (exact !== undefined) return exact;
  const [first, second] = id === ""
    ? []
    : records.filter(({ ref }) => ref.startsWith(id));
  if (first === undefined) throw noRecord(ref);
  if (second === undefined) return first;
  throw new BuildHistoryError(
    `several records begin with ${
      JSON.stringify(id)
    }, such as ${first.ref} and ${second.ref}: give more of it`,
    { ref },
  );
}

function noRecord(ref: string): BuildHistoryError {
  return new BuildHistoryError(
    `no record found for ref ${JSON.stringify(ref)}`,
    { ref },
  );
}

import type { Control } from "../buildkit/control.ts";
import { BuildHistoryError } from "./history_error.ts";
import { allRecords, findRecord } from "./find.ts";

/** Which records are meant. */
export interface WhichRecords {
  readonly refs: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Deletes records of builds that have ended. All are looked for before the first
 * one is deleted.
 *
 * @returns The ids of the builds.
 * @throws {BuildHistoryError} If there is no such record, or its build runs.
 */
export async function removeRecords(
  control: Control,
  { refs, signal }: WhichRecords,
): Promise<string[]> {
  const records = await allRecords(control, signal);
  const found = new Set<string>();
  for (const each of refs) {
    const { ref, completedAt } = findRecord(records, each);
    if (completedAt === undefined) {
      throw new BuildHistoryError(
        `the build ${ref} runs: its record can be removed when it has ended`,
        { ref },
      );
    }
    found.add(ref);
  }
  return await removeEach(control, [...found], signal);
}

/** Deletes the records of all builds that have ended. */
export async function removeAllRecords(
  control: Control,
  signal: AbortSignal,
): Promise<string[]> {
  const ended = (await allRecords(control, signal)).filter(({ completedAt }) =>
    completedAt !== undefined
  );
  return await removeEach(control, ended.map(({ ref }) => ref), signal);
}

async function removeEach(
  control: Control,
  refs: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  for (const ref of refs) {
    await control.updateHistory({ ref, delete: true }, { signal });
  }
  return [...refs];
}

/**
 * Has the engine keep a record for ever, or no longer.
 *
 * @throws {BuildHistoryError} If there is no such record, or its build runs.
 */
export async function pinRecord(
  control: Control,
  ref: string | undefined,
  { pinned, signal }: {
    readonly pinned: boolean;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const record = findRecord(await allRecords(control, signal), ref);
  if (record.completedAt === undefined) {
    throw new BuildHistoryError(
      `the build ${record.ref} runs: its record can be pinned when it has ended`,
      { ref: record.ref },
    );
  }
  await control.updateHistory({ ref: record.ref, pinned }, { signal });
}

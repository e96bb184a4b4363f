import type { Control } from "../buildkit/control.ts";
import type { HistoryRecordMessage } from "../proto/history.ts";
import { attachmentBytes } from "./attachment.ts";
import { bundle, type BundledBuild } from "./bundle.ts";
import { checkExport } from "../exporter/output.ts";
import {
  type BuildHistoryDockerfile,
  rememberedDockerfile,
} from "./dockerfile.ts";
import { exportBytes } from "./export.ts";
import { historyFilters } from "./filters.ts";
import { allRecords, findRecord } from "./find.ts";
import type {
  BuildHistoryAttachmentOptions,
  BuildHistoryExportOptions,
  BuildHistoryExportResult,
  BuildHistoryInspectOptions,
  BuildHistoryListOptions,
} from "./options.ts";
import {
  attestationsOf,
  type BuildHistoryAttestation,
  type BuildHistoryDetails,
  detailsOf,
} from "./inspect.ts";
import { buildxFolder } from "../buildx/folder.ts";
import { grantedEnvironment } from "../transport/environment.ts";
import { type LocalState, readLocalState } from "./local_state.ts";
import { type BuildHistoryRecord, recordOf } from "./record.ts";
import { asking, type HistorySource, iterating } from "./source.ts";

const WHAT = "The history of builds";

/** The records that fit. */
export async function listRecords(
  source: HistorySource,
  { filters = [], limit = Infinity, signal }: BuildHistoryListOptions,
): Promise<BuildHistoryRecord[]> {
  const isLimit = limit === Infinity || Number.isSafeInteger(limit);
  if (!isLimit || limit < 1) {
    throw new TypeError(
      `Cannot list builds: limit is ${limit}, and must be a whole number, 1 or more`,
    );
  }
  const now = Date.now();
  const fits = historyFilters(filters, now);
  return await asking(source, WHAT, signal, async (control, signal) => {
    const records = (await allRecords(control, signal)).filter(fits);
    return await Promise.all(
      records.slice(0, limit).map(async (record) =>
        recordOf(record, await stateOf(source, record), now)
      ),
    );
  });
}

/** All that is remembered of a build. */
export async function inspectRecord(
  source: HistorySource,
  ref: string | undefined,
  { logLines, signal }: BuildHistoryInspectOptions,
): Promise<BuildHistoryDetails> {
  return await readRecord(
    source,
    ref,
    signal,
    async (control, record, signal) =>
      await detailsOf(control, record, {
        state: await stateOf(source, record),
        logLines,
        now: Date.now(),
        signal,
      }),
  );
}

/** Reads something of the build that `ref` names; of the newest without one. */
async function readRecord<T>(
  source: HistorySource,
  ref: string | undefined,
  signal: AbortSignal | undefined,
  read: (
    control: Control,
    record: HistoryRecordMessage,
    signal: AbortSignal,
  ) => Promise<T>,
): Promise<T> {
  return await asking(
    source,
    WHAT,
    signal,
    async (control, signal) =>
      await read(control, await recordBy(control, ref, signal), signal),
  );
}

/** The id of a build. */
export async function findRef(
  source: HistorySource,
  ref: string | undefined,
  signal: AbortSignal | undefined,
): Promise<string> {
  return await readRecord(
    source,
    ref,
    signal,
    (_control, record) => Promise.resolve(record.ref),
  );
}

/** The Dockerfile of a build. */
export async function readDockerfile(
  source: HistorySource,
  ref: string,
  signal: AbortSignal | undefined,
): Promise<BuildHistoryDockerfile | undefined> {
  return await readRecord(source, ref, signal, rememberedDockerfile);
}

/** What is attested of a build. */
export async function readAttestations(
  source: HistorySource,
  ref: string | undefined,
  signal: AbortSignal | undefined,
): Promise<BuildHistoryAttestation[]> {
  return await readRecord(source, ref, signal, attestationsOf);
}

/** The bytes of an attachment. A failure before the first byte is thrown. */
export async function readAttachment(
  source: HistorySource,
  ref: string | undefined,
  { signal, ...query }: BuildHistoryAttachmentOptions,
): Promise<ReadableStream<Uint8Array>> {
  const bytes = iterating(
    source,
    WHAT,
    signal,
    async function* (control, signal) {
      const record = await recordBy(control, ref, signal);
      yield* attachmentBytes(control, record, query, signal);
    },
  );
  let next: IteratorResult<Uint8Array, void> | undefined = await bytes.next();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = next ?? await bytes.next();
      next = undefined;
      if (done === true) controller.close();
      else controller.enqueue(value as Uint8Array);
    },
    async cancel() {
      await bytes.return();
    },
  }, { highWaterMark: 0 });
}

/** Writes records into a file that Docker Desktop reads. */
export async function exportRecords(
  source: HistorySource,
  refs: readonly string[],
  { dest, finalize = false, signal }: BuildHistoryExportOptions,
): Promise<BuildHistoryExportResult> {
  // A wrong place is refused before the engine is asked.
  const { exporter } = checkExport("tar", { dest });
  return await asking(source, WHAT, signal, async (control, signal) => {
    const ended = async () =>
      (await allRecords(control, signal)).filter(({ completedAt }) =>
        completedAt !== undefined
      );
    let records = await ended();
    const wanted = (refs.length === 0 ? [undefined] : refs).map((ref) =>
      findRecord(records, ref)
    );
    if (finalize) {
      for (const { ref, trace } of wanted) {
        if (trace !== undefined) continue;
        await control.updateHistory({ ref, finalize: true }, { signal });
      }
      records = await ended();
    }
    const builds: BundledBuild[] = [];
    for (const ref of new Set(wanted.map(({ ref }) => ref))) {
      const record = findRecord(records, ref);
      builds.push({ record, state: await stateOf(source, record) });
    }
    const [worker] = await control.workers({ signal });
    const platform = worker?.platforms[0] ?? "";
    const { dest: path, bytes } = await exportBytes(
      exporter,
      () => bundle(control, builds, { platform, signal }),
      signal,
    );
    return { dest: path, bytes };
  });
}

async function recordBy(
  control: Control,
  ref: string | undefined,
  signal: AbortSignal,
): Promise<HistoryRecordMessage> {
  return findRecord(await allRecords(control, signal), ref);
}

async function stateOf(
  { readsBuildxFolder }: HistorySource,
  { ref }: HistoryRecordMessage,
): Promise<LocalState | undefined> {
  if (!readsBuildxFolder) return undefined;
  let folder;
  try {
    folder = buildxFolder(grantedEnvironment);
  } catch {
    return undefined; // there is no home folder
  }
  return await readLocalState(folder, ref);
}

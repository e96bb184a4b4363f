import { ExportSet } from "../exporter/export_set.ts";
import type { ExportReport } from "../exporter/exporter.ts";
import { sentOutputs } from "./checks/requested_output.ts";
import { containerdNeed } from "./checks/store.ts";
import type { Build } from "./build_way.ts";
import type { BuildRecord } from "./record.ts";
import type { BuildRequest } from "./request.ts";
import type { BuildExportResult } from "./result.ts";

/** The outputs of a request that are received here; undefined if none is. */
export function exportSet(
  { outputs }: Pick<BuildRequest, "outputs">,
): ExportSet | undefined {
  return outputs.some(({ exporter }) => exporter !== undefined)
    ? new ExportSet(sentOutputs(outputs))
    : undefined;
}

/**
 * Checks that the engine's image store can do what is asked. An engine without
 * the exporters `oci` and `docker` reports it only after six seconds; other
 * things it ignores without a word.
 *
 * @throws {UnsupportedError} If it can't.
 */
export async function checkStore(
  { engine, request, stop }: Pick<Build, "engine" | "request" | "stop">,
): Promise<void> {
  const need = containerdNeed(request);
  if (need === undefined || engine === undefined) return;
  const { info, isContainerdStore } = await import("../engine/info.ts");
  if (!isContainerdStore(await info(engine, stop))) throw need;
}

/**
 * Moves the exported results to their destinations, and warns of files that
 * could not be exported.
 *
 * @param imageId The id of the image that the engine made; empty if none.
 * @throws {ExportError} If that fails; it says what is in place already.
 */
export async function commitExports(
  { request, record }: Pick<Build, "request" | "record">,
  exports: ExportSet,
  imageId: string,
): Promise<readonly BuildExportResult[]> {
  const reports = await exports.commit(builtImages(request, imageId));
  return reports.map((report) => tell(report, record));
}

/** The image that the engine has stored, in words for an error. */
function builtImages(
  { makesImage, tags }: BuildRequest,
  imageId: string,
): string[] {
  if (!makesImage) return [];
  return [`image ${tags.length === 0 ? imageId : tags.join(" and ")}`];
}

function tell(
  { dest, entries, bytes, skipped, skippedPaths }: ExportReport,
  record: BuildRecord,
): BuildExportResult {
  const exported = { dest, entries, bytes, skipped };
  record.tell({ type: "export", ...exported });
  if (skipped === 0) return exported;
  record.warn(
    "export-skipped",
    `${skipped} devices, FIFOs or sockets were left out of the export: ${
      skippedPaths.join(", ")
    }${skipped > skippedPaths.length ? ", …" : ""}`,
  );
  return exported;
}

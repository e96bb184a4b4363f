import type { Engine } from "../engine/engine.ts";
import type { Exporter } from "../exporter/exporter.ts";
import { checkImageStore } from "../exporter/output.ts";
import type { BuildRecord } from "./record.ts";
import type { BuildRequest } from "./request.ts";
import type { BuildExportResult } from "./result.ts";

/**
 * Prepares the destination of an export before anything is sent to the engine.
 *
 * @throws {UnsupportedError} If this engine has no such exporter.
 * @throws {ExportError} If nothing can be written there.
 */
export async function prepareExport(
  engine: Engine,
  { outputs }: BuildRequest,
  signal: AbortSignal,
): Promise<void> {
  const images = outputs.map(({ type }) => type)
    .filter((type) => type === "oci" || type === "docker");
  if (images.length > 0) {
    const { info, isContainerdStore } = await import("../engine/info.ts");
    const facts = await info(engine, signal);
    for (const type of images) checkImageStore(type, isContainerdStore(facts));
  }
  for (const { exporter } of outputs) await exporter?.prepare();
}

/**
 * Moves the exported result to its destination, and warns of files that could
 * not be exported.
 *
 * @throws {ExportError} If that fails.
 */
export async function commitExport(
  exporter: Exporter,
  record: BuildRecord,
): Promise<BuildExportResult> {
  const { dest, entries, bytes, skipped, skippedPaths } = await exporter
    .commit();
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

import type { WarningEvent } from "../progress/event.ts";
import type { BuildStep } from "../progress/state.ts";
import type { SecretReport } from "../secrets/store.ts";
import type { SecretVerification } from "../verify/verification.ts";
import type { BuildRecord } from "./record.ts";

/** How much of a context was sent. */
export interface BuildContextResult {
  /** Regular files that were offered; undefined for a tar that davit did not make. */
  readonly files: number | undefined;
  /** Files that the engine had from an earlier build and did not ask for. */
  readonly filesReused: number;
  /** Bytes that were offered: of those files, or of the tar. */
  readonly bytesOffered: number;
  /** Bytes that were sent. */
  readonly bytesSent: number;
}

/** What came back with an output of type `local`, `tar`, `oci` or `docker`. */
export interface BuildExportResult {
  /** The folder or file; undefined for a stream. */
  readonly dest: string | undefined;
  /** Files, folders and links; 0 for an archive, which is not looked into. */
  readonly entries: number;
  /** Bytes of the files, or of the archive. */
  readonly bytes: number;
  /** Devices, FIFOs and sockets that were left out. */
  readonly skipped: number;
}

/** What came of a build that went well. */
export interface BuildResult {
  /** The image's id, `sha256:…`; empty where the output is no image. */
  readonly imageId: string;
  /** Names that the image got. */
  readonly names: readonly string[];
  /** Warnings of the engine and of davit, in their order. */
  readonly warnings: readonly WarningEvent[];
  /**
   * What became of the secrets: ids, never values. Empty where the header alone
   * carried them and no davit gateway tells: then davit is not asked, and does not
   * know.
   */
  readonly secrets: SecretReport;
  /** What was looked through with the option `verify`; no secret was found. */
  readonly verification: SecretVerification | undefined;
  /** Every step that began, in the order of their start. */
  readonly steps: readonly BuildStep[];
  /** What was sent; all zero where the engine fetched the context itself, or took nothing of it. */
  readonly context: BuildContextResult;
  /** What was exported; undefined where the output is an image. */
  readonly exported: BuildExportResult | undefined;
}

/** Sums up a build: what it came to, and what was said of it. */
export function buildResult(
  facts: Omit<BuildResult, "warnings" | "steps" | "context">,
  { state }: BuildRecord,
): BuildResult {
  return {
    ...facts,
    warnings: state.warnings,
    steps: state.steps(),
    context: {
      files: state.context === undefined ? 0 : state.context.files,
      filesReused: state.context?.filesReused ?? 0,
      bytesOffered: state.context?.bytesOffered ?? 0,
      bytesSent: state.context?.bytesSent ?? 0,
    },
  };
}

import type { WarningEvent } from "../progress/event.ts";
import type { BuildStep } from "../progress/state.ts";
import type { SecretReport } from "../secrets/store.ts";
import type { BuildRecord } from "./record.ts";

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
   * carried them: then davit is not asked, and does not know.
   */
  readonly secrets: SecretReport;
  /** Every step that began, in the order of their start. */
  readonly steps: readonly BuildStep[];
  /** What was sent. */
  readonly context: {
    /** Bytes of the tar; 0 where the engine fetched the context itself. */
    readonly bytes: number;
  };
}

/** Sums up a build. */
export function buildResult(
  imageId: string,
  names: readonly string[],
  record: BuildRecord,
  secrets: SecretReport,
): BuildResult {
  const { state } = record;
  return {
    imageId,
    names,
    warnings: state.warnings,
    secrets,
    steps: state.steps(),
    context: { bytes: state.context?.bytes ?? 0 },
  };
}

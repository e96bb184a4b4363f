import { ProtocolError } from "../errors.ts";
import { plainWords } from "./held_names.ts";

/** What an {@linkcode ExportError} tells beside its sentence. */
export interface ExportErrorInit extends ErrorOptions {
  /** What had been moved into place when moving the rest failed, and could not be taken back. */
  moved?: readonly string[];
}

/** What was built could not be written where the caller wants it. */
export class ExportError extends Error {
  /** Always `ExportError`. */
  override readonly name: string = "ExportError";
  /**
   * Paths below the folder that were already replaced when moving the rest into
   * place failed, and could not be put back; empty in every other case, where
   * the folder is as it was.
   */
  readonly moved: readonly string[];

  /** Puts what was moved beside the sentence. */
  constructor(message: string, init: ExportErrorInit = {}) {
    super(message, init.cause === undefined ? {} : { cause: init.cause });
    this.moved = init.moved ?? [];
  }
}

/** The refusal of a place, in the system's own words where there are some. */
export function cannotExport(
  dest: string,
  why: string,
  cause?: unknown,
): ExportError {
  const words = cause instanceof Error ? `: ${plainWords(cause)}` : "";
  return new ExportError(
    `Cannot export to ${JSON.stringify(dest)}: ${why}${words}`,
    cause === undefined ? {} : { cause },
  );
}

/** A build that went well and sent nothing. */
export function notReceived(): ProtocolError {
  return new ProtocolError(
    "The engine ended the build without sending its result: look into its log",
  );
}

/** An archive behind the first one, or after the end. */
export function secondArchive(): ProtocolError {
  return new ProtocolError(
    "The engine sent an archive where none is wanted any more",
  );
}

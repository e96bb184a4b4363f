import { ProtocolError } from "../errors.ts";
import { plainWords } from "./held_names.ts";

/** Options of an {@linkcode ExportError}. */
export interface ExportErrorInit extends ErrorOptions {
  /**
   * Paths that were already moved into place when a later move failed, and that
   * could not be moved back.
   */
  moved?: readonly string[];
}

/**
 * The result of a build could not be written to its destination, such as a
 * folder where this user may not write, or a full disk. The build itself went
 * well, and what the destination held before is there still (but for `moved`).
 */
export class ExportError extends Error {
  /** Always `ExportError`. */
  override readonly name: string = "ExportError";
  /**
   * Paths below the folder that were already replaced when a later move failed,
   * and that could not be put back. Empty in all other cases: then the folder
   * is as it was.
   */
  readonly moved: readonly string[];

  /** Makes the error; `init` has the cause, and the paths not put back. */
  constructor(message: string, init: ExportErrorInit = {}) {
    super(message, init.cause === undefined ? {} : { cause: init.cause });
    this.moved = init.moved ?? [];
  }
}

/**
 * The error for a destination that can't be used; includes the system's message
 * if there is one.
 */
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

/** The error for a build that succeeded without sending its result. */
export function notReceived(): ProtocolError {
  return new ProtocolError(
    "The engine ended the build without sending its result: look into its log",
  );
}

/**
 * The error for a second archive, or one that comes after the end of the
 * export.
 */
export function secondArchive(): ProtocolError {
  return new ProtocolError(
    "The engine sent an archive where none is wanted any more",
  );
}

/** How the command ends when all went well. */
export const EXIT_OK = 0;
/** How it ends with an error, of the build or of its own words. */
export const EXIT_FAILED = 1;
/** How it ends after Ctrl-C: 128 and the signal's number. */
export const EXIT_INTERRUPTED = 130;

/** Words of the command line that can't be used; told in one line. */
export class UsageError extends Error {
  /** Always `UsageError`. */
  override readonly name: string = "UsageError";
}

/** How the command ends when all went well. */
export const EXIT_OK = 0;
/** How it ends with an error, of the build or of its own words. */
export const EXIT_FAILED = 1;
/** How it ends where flags can't be read, as docker's command does. */
export const EXIT_FLAGS = 125;
/** How it ends after Ctrl-C: 128 and the signal's number. */
export const EXIT_INTERRUPTED = 130;

/** Words of the command line that can't be used; told in one line. */
export class UsageError extends Error {
  /** Always `UsageError`. */
  override readonly name: string = "UsageError";
  /** How the command ends with it. */
  readonly exitCode: number = EXIT_FAILED;
}

/** A flag that is unknown, lacks its value, or whose value can't be read. */
export class FlagError extends UsageError {
  override readonly exitCode: number = EXIT_FLAGS;
}

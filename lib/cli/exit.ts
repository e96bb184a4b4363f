/** The exit code of a command that succeeded. */
export const EXIT_OK = 0;
/**
 * The exit code of an error: the build failed, or the command line can't be
 * used.
 */
export const EXIT_FAILED = 1;
/** The exit code where flags can't be read; docker's command has the same. */
export const EXIT_FLAGS = 125;
/** The exit code after Ctrl-C: 128 and the signal's number. */
export const EXIT_INTERRUPTED = 130;

/** An error in the command line; it is printed in one line, without a stack. */
export class UsageError extends Error {
  /** Always `UsageError`. */
  override readonly name: string = "UsageError";
  /** The exit code of the command. */
  readonly exitCode: number = EXIT_FAILED;
}

/** A flag that is unknown, lacks its value, or whose value can't be read. */
export class FlagError extends UsageError {
  override readonly exitCode: number = EXIT_FLAGS;
}

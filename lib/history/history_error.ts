/**
 * What was asked of the engine's history of builds, or of its build cache, can't
 * be done: there is no such record, or the engine refuses. The message has the
 * engine's own words.
 */
export class BuildHistoryError extends Error {
  /** Always `BuildHistoryError`. */
  override readonly name: string = "BuildHistoryError";
  /** The record that was asked for; undefined where the error is about none. */
  readonly ref: string | undefined;

  /** Names the record. */
  constructor(
    message: string,
    options: ErrorOptions & { readonly ref?: string | undefined } = {},
  ) {
    const { ref, ...rest } = options;
    super(message, rest);
    this.ref = ref;
  }
}

/**
 * Combines a caller's `signal` with one of our own.
 *
 * @throws {TypeError} If it is no `AbortSignal`, for example a number of
 * milliseconds, or a controller instead of its signal.
 */
export function withCallerSignal(
  own: AbortSignal,
  signal: AbortSignal | undefined,
): AbortSignal {
  if (signal === undefined) return own;
  if (!(signal instanceof AbortSignal)) {
    throw new TypeError(
      "Cannot use signal: expected an AbortSignal, such as AbortSignal.timeout(60_000) or the signal of an AbortController",
    );
  }
  return AbortSignal.any([own, signal]);
}

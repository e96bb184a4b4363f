/** Types of `@std/async/abortable`, whose npm form carries none: what is used here. */

/**
 * Waits for a promise no longer than a signal allows; what becomes of it
 * afterwards is not waited for, and not seen.
 *
 * @throws The signal's reason.
 */
export function abortable<T>(p: Promise<T>, signal: AbortSignal): Promise<T>;

// The errors of a context. Their messages fit the program that reads the
// context: a build, or a program that only packs a folder.

import { type AdviceCode, advised } from "../advice.ts";
import { ContextError } from "../errors.ts";

/** Key of the message without the advice that makes sense for a build only. */
const FAULT = Symbol("fault");

/**
 * Makes the error of a build that can't read its context.
 *
 * @param fault What is wrong, and what to do about it.
 * @param advice Further advice that makes sense for a build only.
 */
export function contextError(
  fault: string,
  { advice, ...options }: ErrorOptions & { advice?: AdviceCode } = {},
): ContextError {
  const make = (message: string) => new ContextError(message, options);
  const message = `Cannot build: ${fault}`;
  const error = advice === undefined
    ? make(message)
    : advised(make, advice, message);
  return Object.defineProperty(error, FAULT, { value: fault });
}

/**
 * Words a build's error for a program that only packs a folder; other errors
 * are returned unchanged.
 */
export function packingError(error: unknown): unknown {
  const fault = (error as { [FAULT]?: string } | undefined)?.[FAULT];
  if (!(error instanceof ContextError) || fault === undefined) return error;
  const options = error.cause === undefined ? {} : { cause: error.cause };
  return new ContextError(`Cannot pack: ${fault}`, options);
}

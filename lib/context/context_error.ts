// The errors of a context, in the words of who reads it: a build, or a program that
// packs a folder for another use.

import { type AdviceCode, advised } from "../advice.ts";
import { ContextError } from "../errors.ts";

/** What is wrong, without what can't be done for it. */
const FAULT = Symbol("fault");

/**
 * Makes the error of a build that can't read its context.
 *
 * @param fault What is wrong, and what to do about it.
 * @param advice What to do that makes sense for a build alone.
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

/** The same error where a folder is packed, and nothing is built; others stay. */
export function packingError(error: unknown): unknown {
  const fault = (error as { [FAULT]?: string } | undefined)?.[FAULT];
  if (!(error instanceof ContextError) || fault === undefined) return error;
  const options = error.cause === undefined ? {} : { cause: error.cause };
  return new ContextError(`Cannot pack: ${fault}`, options);
}

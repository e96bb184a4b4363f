import { HeldPromise } from "./held_promise.ts";
import { tellAtEnd, unheardText } from "./unheard.ts";

/** A promise that somebody may wait for, or nobody. */
export interface ToldPromise<T> {
  /** Its failure is told at the program's end, unless somebody takes hold of it. */
  readonly promise: Promise<T>;
  /** Who asks for the end in another way hears of the failure, too. */
  hear(): void;
}

/**
 * Has a promise's failure told where nobody takes hold of it, instead of passing
 * it over, or ending the program before somebody can.
 *
 * @param sentence What failed, and what to do to hear of it.
 */
export function toldPromise<T>(
  promise: Promise<T>,
  sentence: string,
): ToldPromise<T> {
  const origin = new Error();
  Error.captureStackTrace(origin, toldPromise);
  let isHeard = false;
  let takeBack: (() => void) | undefined;
  const hear = () => {
    isHeard = true;
    takeBack?.();
    takeBack = undefined;
  };
  promise.catch((error) => {
    if (isHeard) return;
    origin.message = unheardText(sentence, error);
    takeBack = tellAtEnd(origin);
  });
  return { promise: new HeldPromise(promise, hear), hear };
}

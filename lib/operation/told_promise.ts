import { HeldPromise } from "./held_promise.ts";
import { tellAtEnd, unheardText } from "./unheard.ts";

/** A promise that a program may await or ignore. */
export interface ToldPromise<T> {
  /**
   * The promise; its failure is reported at the program's end unless somebody
   * uses it.
   */
  readonly promise: Promise<T>;
  /**
   * Call it when the caller learns of the failure in another way: then nothing
   * is reported.
   */
  hear(): void;
}

/**
 * Makes a promise whose failure is reported at the program's end if nobody uses
 * it. A plain promise would end the program before somebody can use it, and an
 * ignored one would hide the failure.
 *
 * @param sentence What failed, and what to do to see the failure.
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

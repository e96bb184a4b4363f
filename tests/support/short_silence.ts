/** How long an engine may be silent before somebody is told, in milliseconds. */
const SILENCE_MS = 10_000;

/** Silences that count after a moment; see {@linkcode shortSilence}. */
export interface ShortSilence extends Disposable {
  /** Resolves when a silence that has begun by now has been told. */
  pass(): Promise<void>;
}

/** Makes silences count after a moment, so that no test waits for 10 seconds. */
export function shortSilence(): ShortSilence {
  const { timeout } = AbortSignal;
  AbortSignal.timeout = (ms) =>
    timeout.call(AbortSignal, ms === SILENCE_MS ? 20 : ms);
  return {
    pass: () =>
      new Promise((resolve) => {
        AbortSignal.timeout(SILENCE_MS)
          .addEventListener("abort", () => resolve());
      }),
    [Symbol.dispose]: () => void (AbortSignal.timeout = timeout),
  };
}

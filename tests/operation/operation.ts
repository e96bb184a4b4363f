import type { OperationInit } from "../../lib/operation/operation.ts";

/** What an operation of texts is made of. */
export function init<Result>(
  work: OperationInit<Result, string>["work"],
  signal?: AbortSignal,
): OperationInit<Result, string> {
  return {
    what: "test",
    startedBy: init,
    items: {
      maxSize: 100,
      sizeOf: (item) => item.length,
      patienceMs: 0,
      lost: (count) => `lost ${count}`,
    },
    signal,
    work,
  };
}

/** Work that goes on until it is stopped. */
export function untilStopped(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  return promise;
}

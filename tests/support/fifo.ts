import { until } from "./until.ts";

/** Makes a FIFO that nobody writes to. */
export async function makeFifo(path: string): Promise<void> {
  const { success } = await new Deno.Command("mkfifo", { args: [path] })
    .output();
  if (!success) throw new Error(`mkfifo ${path} failed`);
}

/**
 * Starts what reads a FIFO without a writer, and aborts it: gives what it
 * rejects with. What does not obey fails instead of waiting for ever.
 */
export async function abortedAtFifo(
  path: string,
  reason: Error,
  read: (signal: AbortSignal) => Promise<unknown>,
): Promise<unknown> {
  const over = new AbortController();
  let outcome: [unknown] | undefined;
  const reading = read(over.signal).then(
    () => outcome = [undefined],
    (error) => outcome = [error],
  );
  over.abort(reason);
  try {
    return (await until(() => outcome, "the reading has ended"))[0];
  } finally {
    // Whoever waits for a writer still has one now, and then the end.
    (await Deno.open(path, { read: true, write: true })).close();
    await reading;
  }
}

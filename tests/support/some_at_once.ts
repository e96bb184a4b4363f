/**
 * Calls a function for each item, four at a time: enough to keep an engine busy
 * while a client starts. The first error is that of the call, once all ended.
 */
export async function someAtOnce<T>(
  items: readonly T[],
  use: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const workers = Array.from({ length: 4 }, async () => {
    for (const item of rest) await use(item);
  });
  const ended = await Promise.allSettled(workers);
  for (const one of ended) if (one.status === "rejected") throw one.reason;
}

/** How long a registry may send nothing of a body, in milliseconds. */
const SILENCE_MS = 60_000;

/**
 * The bytes of an answer's body.
 *
 * @param failure Makes the error for a connection that breaks while they come:
 * `fetch` has a `TypeError` for it, which names neither the registry nor what was
 * read. Also for one over which nothing comes any more, for a minute.
 */
export async function* bodyOf(
  response: Response,
  failure: () => Error,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read(), failure);
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw error instanceof TypeError ? failure() : error;
  } finally {
    // Nothing is read any more; of a body that has ended this does nothing.
    reader.cancel().catch(() => {});
  }
}

/** Waits for a part of a body no longer than it may take. */
async function inTime<T>(part: Promise<T>, failure: () => Error): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(failure()), SILENCE_MS);
  });
  try {
    return await Promise.race([part, late]);
  } finally {
    clearTimeout(timer);
  }
}

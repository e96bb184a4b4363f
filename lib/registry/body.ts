/**
 * The bytes of an answer's body.
 *
 * @param failure Makes the error for a connection that breaks while they come:
 * `fetch` has a `TypeError` for it, which names neither the registry nor what was
 * read.
 */
export async function* bodyOf(
  response: Response,
  failure: () => Error,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  try {
    yield* response.body ?? [];
  } catch (error) {
    throw error instanceof TypeError ? failure() : error;
  }
}

/**
 * The folders that exports write in at the moment: their paths by their
 * descriptors.
 */
export const heldNames: Map<number, string> = new Map();

/**
 * The message of an error, with `/proc/self/fd/N` replaced by the path that the
 * user knows.
 */
export function plainWords(cause: unknown): string {
  const words = cause instanceof Error ? cause.message : String(cause);
  return words.replaceAll(
    /\/proc\/self\/fd\/(\d+)/g,
    (path, fd) => heldNames.get(Number(fd)) ?? path,
  );
}

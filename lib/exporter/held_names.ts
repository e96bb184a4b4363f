/** Folders that an export works in at the moment: their paths by their descriptors. */
export const heldNames: Map<number, string> = new Map();

/** A system's words with paths in them that mean something to a reader. */
export function plainWords(cause: unknown): string {
  const words = cause instanceof Error ? cause.message : String(cause);
  return words.replaceAll(
    /\/proc\/self\/fd\/(\d+)/g,
    (path, fd) => heldNames.get(Number(fd)) ?? path,
  );
}

/** A digest that names a file of a layout. */
export interface Digest {
  /** The hash function, which is also the folder's name. */
  readonly algorithm: string;
  /** The hash in hex, which is also the file's name. */
  readonly hex: string;
}

/** The functions that OCI's image specification registers, with their lengths in hex. */
const LENGTHS: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

/** The names of these functions. */
export const ALGORITHMS: readonly string[] = Object.keys(LENGTHS);

const DIGEST_REGEXP = /^([a-z0-9]+):([0-9a-f]+)$/;

/**
 * Reads a digest.
 *
 * @returns Undefined for anything else: its parts would be names of files.
 */
export function parseDigest(text: string): Digest | undefined {
  const [, algorithm = "", hex = ""] = DIGEST_REGEXP.exec(text) ?? [];
  return Object.hasOwn(LENGTHS, algorithm) && LENGTHS[algorithm] === hex.length
    ? { algorithm, hex }
    : undefined;
}

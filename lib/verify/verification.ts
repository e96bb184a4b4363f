import type { SecretFind } from "./find.ts";

/** Options of a search for secrets. */
export interface VerifySecretsOptions {
  /**
   * Returns true for a find that is to be ignored: for example a line of a
   * secret that is not secret itself. At most 100,000 finds are kept for it.
   */
  readonly ignore?: ((find: SecretFind) => boolean) | undefined;
  /** Stops the search. */
  readonly signal?: AbortSignal | undefined;
}

/** The result of a search for secrets. */
export interface SecretVerification {
  /** The places in which secrets were found; empty if none was found. */
  readonly finds: readonly SecretFind[];
  /** How many further finds there are: at most 1000 are kept. */
  readonly findsLost: number;
  /**
   * Ids of the secrets that were looked for; if there are none, nothing is
   * proven.
   */
  readonly searched: readonly string[];
  /**
   * Ids of the secrets that were not looked for: they have fewer than 4 bytes,
   * or are given by a function that returned no value.
   */
  readonly skipped: readonly string[];
  /**
   * Compressed files that were not searched to their end, as
   * `layer 3, path/to/file` if the layer has a number. They are damaged,
   * encrypted, compressed in an unknown way, nested in more than 8 levels, or
   * something follows after their end.
   */
  readonly unreadable: readonly string[];
  /** How many further such files there are: at most 100 are named. */
  readonly unreadableLost: number;
  /** How many bytes were searched, unpacked content included. */
  readonly bytes: number;
}

import type { SecretFind } from "./find.ts";

/** How secrets are looked for. */
export interface VerifySecretsOptions {
  /**
   * Says of a find that it is none: a line of a secret that anybody may write,
   * for example. Of more than 100,000 finds the rest can't be ignored.
   */
  readonly ignore?: ((find: SecretFind) => boolean) | undefined;
  /** Stops it. */
  readonly signal?: AbortSignal | undefined;
}

/** What was found, and what was not looked for. */
export interface SecretVerification {
  /** The places where secrets are; none if all is well. */
  readonly finds: readonly SecretFind[];
  /** How many finds there are besides: not more than 1000 are kept. */
  readonly findsLost: number;
  /** Ids of the secrets that were looked for; without one nothing is proven. */
  readonly searched: readonly string[];
  /** Ids of those that were not: they have fewer than 4 bytes, or a function gave none. */
  readonly skipped: readonly string[];
  /**
   * Packed files that were not looked through to their end, as
   * `layer 3, path/to/file` where the layer has a number: they are damaged, or
   * encrypted, packed in a way that is not known here, in more than 8 packings,
   * or have something behind their end.
   */
  readonly unreadable: readonly string[];
  /** Bytes that were looked through, what was unpacked included. */
  readonly bytes: number;
}

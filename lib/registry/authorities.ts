import { type PemSource, readPem } from "../transport/pem.ts";

/**
 * Reads authorities.
 *
 * @param option The option that has them, for the error.
 * @throws {TypeError} If one of them can't be read, or is no certificate in PEM.
 */
export async function readAuthorities(
  option: string,
  authorities: PemSource | readonly PemSource[] = [],
): Promise<readonly string[]> {
  const wrong = (why: string, cause?: unknown) =>
    new TypeError(
      `Cannot use the option ${option}: ${why}`,
      cause === undefined ? {} : { cause },
    );
  const sources = Array.isArray(authorities) ? authorities : [authorities];
  return await Promise.all(
    sources.map((source) => readPem("a certificate", source, wrong)),
  );
}

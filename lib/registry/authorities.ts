/** Authorities that are trusted: PEM texts. */
export type Authorities = string | readonly string[] | undefined;

/**
 * The texts of authorities.
 *
 * @param option The option that has them, for the error.
 * @throws {TypeError} If one of them is no certificate in PEM.
 */
export function authorityTexts(
  option: string,
  authorities: Authorities,
): readonly string[] {
  const texts: unknown = typeof authorities === "string"
    ? [authorities]
    : authorities ?? [];
  const isPem = (text: unknown) =>
    typeof text === "string" && text.includes("-----BEGIN");
  if (Array.isArray(texts) && texts.every(isPem)) return texts;
  throw new TypeError(
    `Cannot use the option ${option}: expected the text of a certificate, as in a PEM file`,
  );
}

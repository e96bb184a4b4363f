/** Docker's own Dockerfile frontend in any version. */
const OWN_SYNTAX_REGEXP =
  /^(?:docker\.io\/)?docker\/dockerfile(?:-upstream)?(?:[:@]|$)/;

/**
 * Whether the frontend that a Dockerfile names (`# syntax=`) is docker's own,
 * so that davit knows what the Dockerfile means.
 */
export function isOwnSyntax(syntax: string): boolean {
  return OWN_SYNTAX_REGEXP.test(syntax);
}

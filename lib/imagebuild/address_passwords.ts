// Passwords in the addresses of what the engine fetches: it shows the address
// of a git repository, as it is, in the name of a step.

import { Secret } from "../secrets/secret.ts";
import type { BuildRequest } from "./request.ts";

/** Shorter ones are not masked: they would mask ordinary words. */
const MIN_PASSWORD_LENGTH = 4;
/** A name alone may be a token, which is longer than a user's name such as `git`. */
const MIN_TOKEN_LENGTH = 16;

const ADDRESS_REGEXP =
  /^(?:https?|git|ssh):\/\/(?<user>[^/@:]*)(?::(?<password>[^/]*))?@/i;

/**
 * The passwords in the addresses of the contexts and caches of a build, each
 * with a name, both decoded and as they are written.
 */
export function addressPasswords(
  { context, contexts, cacheImports, cacheExports }: Pick<
    BuildRequest,
    "context" | "contexts" | "cacheImports" | "cacheExports"
  >,
): [name: string, password: Secret][] {
  const addresses: [name: string, address: string][] = [
    ...[["context", context] as const, ...contexts].flatMap((
      [name, source],
    ) =>
      source.kind === "remote" || source.kind === "file"
        ? [[`address of ${name}`, source.url] as [string, string]]
        : []
    ),
    ...[...cacheImports, ...cacheExports].flatMap(({ type, attrs }) =>
      Object.entries(attrs).map(([word, value]): [string, string] => [
        `${type} ${word}`,
        value,
      ])
    ),
  ];
  return addresses.flatMap(([name, address]) =>
    passwordsIn(address).map((text): [string, Secret] => [
      name,
      new Secret(text),
    ])
  );
}

function passwordsIn(address: string): string[] {
  const { user = "", password } = ADDRESS_REGEXP.exec(address)?.groups ?? {};
  const [written, least] = password === undefined
    ? [user, MIN_TOKEN_LENGTH]
    : [password, MIN_PASSWORD_LENGTH];
  return [...new Set([written, decoded(written)])]
    .filter(({ length }) => length >= least);
}

/** A text without the escapes of URLs. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // it has none
  }
}

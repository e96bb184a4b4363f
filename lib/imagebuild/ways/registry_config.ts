import { CredentialError } from "../../credentials/credential_error.ts";
import { registryConfigHeader } from "../../credentials/header.ts";
import type { Login } from "../../credentials/login.ts";
import type { Build } from "../build_way.ts";
import { baseRegistries } from "./base_registries.ts";

/**
 * The header `X-Registry-Config`, for a builder that has no session over which
 * it could ask for logins: the classic builder, podman, and BuildKit behind a
 * gateway. It holds the logins that were given by registry, and those that are
 * found for the registries named in the Dockerfile. Where the Dockerfile is not
 * known, functions are not called, and all registries listed in docker's config
 * file are included, as docker's client does it.
 *
 * @param onUnasked Called with the reason why a function is not called; may
 * throw.
 * @throws {CredentialError} If a login exists and can't be read.
 */
export async function registryConfig(
  { request, context: { dockerfile }, inputs: { logins }, record }: Build,
  onUnasked: (why: string) => void = () => {},
): Promise<Record<string, string>> {
  const ignored = (why: string) => record.warn("credentials-ignored", why);
  const found = new Map(
    logins.given().map((login) => [login.registry, login]),
  );
  const add = (login: Login | undefined) => {
    if (login !== undefined) found.set(login.registry, login);
  };
  if (dockerfile !== undefined) {
    const { buildArgs } = request;
    for (const registry of baseRegistries(dockerfile.text, buildArgs)) {
      add(await logins.get(registry));
    }
  } else {
    if (logins.asksFunction) {
      const why =
        "a function for logins can't be asked: which registries are needed is not known before the build, and nobody asks while it runs; give the logins by registry";
      onUnasked(why);
      ignored(why);
    }
    for (const registry of await logins.listed()) {
      try {
        add(await logins.getListed(registry));
      } catch (error) {
        if (!(error instanceof CredentialError)) throw error;
        // This login may be for a registry that the build does not need.
        ignored(error.message);
      }
    }
  }
  return found.size === 0
    ? {}
    : { "X-Registry-Config": registryConfigHeader(found.values()) };
}

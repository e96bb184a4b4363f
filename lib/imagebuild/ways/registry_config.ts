import { CredentialError } from "../../credentials/credential_error.ts";
import { registryConfigHeader } from "../../credentials/header.ts";
import type { Login } from "../../credentials/login.ts";
import type { CredentialStore } from "../../credentials/store.ts";
import { type EngineFacts, isPodman } from "../../engine/engine.ts";
import { UnsupportedError } from "../../errors.ts";
import { baseRegistries } from "./base_registries.ts";
import type { ImageBuildOptions } from "../options.ts";
import type { BuildPlan } from "../plan.ts";
import type { BuildRecord, Dockerfile } from "../record.ts";

/** What the logins of a build without a session are found by. */
export interface RegistryConfigInit {
  /** What is asked of the engine. */
  readonly plan: BuildPlan;
  /** What was asked for. */
  readonly options: ImageBuildOptions;
  /** Which engine it is. */
  readonly facts: EngineFacts;
  /** Logins by registry. */
  readonly logins: CredentialStore;
  /** The Dockerfile, where it is known before it is sent. */
  readonly dockerfile: Dockerfile | undefined;
  /** Told of logins that can't get there. */
  readonly record: BuildRecord;
}

/**
 * The header `X-Registry-Config`, for a builder that has no session to ask
 * over: the classic one, podman, and BuildKit behind a gateway. It holds what
 * was given by registry, and what is known of the registries of the Dockerfile.
 * Where the Dockerfile is not known, a function can't be asked, and of docker's
 * config file all registries are taken that it lists, as docker's client does.
 *
 * @throws {CredentialError} If a login is to be had and can't be read.
 * @throws {UnsupportedError} If podman would need a function to be asked.
 */
export async function registryConfig(
  init: RegistryConfigInit,
): Promise<Record<string, string>> {
  const { plan, options, facts, logins, dockerfile, record } = init;
  const ignored = (why: string) => record.warn("credentials-ignored", why);
  const podman = isPodman(facts);
  if (plan.version === "2" && !podman && !facts.gateway) {
    // Somebody else's session answers for its logins itself.
    if (options.credentials !== undefined && !options.session) {
      ignored(
        "credentials are ignored: without a session nobody asks for them",
      );
    }
    return {};
  }
  const found = new Map(
    logins.given().map((login) => [login.registry, login]),
  );
  const add = (login: Login | undefined) => {
    if (login !== undefined) found.set(login.registry, login);
  };
  if (dockerfile !== undefined) {
    const args = JSON.parse(String(plan.query.buildargs ?? "{}"));
    for (const registry of baseRegistries(dockerfile.text, args)) {
      add(await logins.get(registry));
    }
  } else {
    if (logins.asksFunction) {
      const why =
        "a function for logins can't be asked: which registries are needed is not known before the build, and nobody asks while it runs; give the logins by registry";
      if (podman && typeof options.credentials === "function") {
        throw new UnsupportedError(
          "logins from functions on podman",
          `Cannot build with logins from functions on podman: ${why}`,
        );
      }
      ignored(why);
    }
    for (const registry of await logins.listed()) {
      try {
        add(await logins.getListed(registry));
      } catch (error) {
        if (!(error instanceof CredentialError)) throw error;
        // It may be for a registry that this build has no need of.
        ignored(error.message);
      }
    }
  }
  return found.size === 0
    ? {}
    : { "X-Registry-Config": registryConfigHeader(found.values()) };
}

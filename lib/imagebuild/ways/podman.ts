import { advised } from "../../advice.ts";
import { UnsupportedError } from "../../errors.ts";
import type { SecretStore } from "../../secrets/store.ts";
import type { ImageBuildOptions } from "../options.ts";
import type { BuildPlan } from "../plan.ts";
import { podmanQuery } from "./podman_query.ts";
import { addPodmanSecrets } from "./podman_secrets.ts";
import type { Sending } from "../context/sending.ts";

export { podmanQuery } from "./podman_query.ts";

/**
 * Checks a build against what podman can do.
 *
 * @throws {UnsupportedError} If it can't do something that was asked.
 */
export function checkPodman(
  plan: BuildPlan,
  options: ImageBuildOptions,
  store: SecretStore,
): void {
  podmanQuery(plan.query);
  if (typeof options.session === "string") {
    throw unsupported(
      "the option session on podman",
      "podman has no sessions; leave the option out",
    );
  }
  if (options.ssh !== undefined) {
    throw unsupported("ssh on podman", "podman has no sessions to ask over");
  }
  if (plan.version === "1" && Object.keys(options.secrets ?? {}).length > 0) {
    throw unsupported(
      'secrets and version "1"',
      "podman has one builder; leave version out",
    );
  }
  if (options.strictSecrets) {
    throw unsupported(
      "strictSecrets on podman",
      "podman does not say which secrets a build asks for; leave strictSecrets out",
    );
  }
  if (store.size === 0) return;
  if (options.allowSecretFiles !== true) {
    throw advised(
      (message) => new UnsupportedError("secrets on podman", message),
      "allow-secret-files",
      "Cannot build with secrets on podman: podman has no sessions, and secrets can only go as files that lie on the server's disk while it builds",
    );
  }
  const [deferred] = store.deferred();
  if (deferred !== undefined) {
    throw unsupported(
      "secrets from functions on podman",
      `podman does not ask for secret "${deferred}" when it needs it; give the value itself`,
    );
  }
}

/**
 * Puts the secrets into the tar that is sent; see {@linkcode addPodmanSecrets}.
 *
 * @throws {UnsupportedError} If that tar or an id is not fit for it.
 */
export async function withSecretFiles(
  sending: Sending,
  store: SecretStore,
): Promise<Sending> {
  if (store.size === 0 || sending.body === undefined) return sending;
  const { tar, secrets } = await addPodmanSecrets(
    sending.body,
    store.atHand(),
  );
  return { ...sending, body: tar, query: { ...sending.query, secrets } };
}

function unsupported(feature: string, why: string): UnsupportedError {
  return new UnsupportedError(feature, `Cannot build with ${feature}: ${why}`);
}

// What of this machine a build may use: opened before the engine is met, watched
// while it builds.

import {
  type ClientCredentials,
  CredentialStore,
} from "../credentials/store.ts";
import type { TokenServer } from "../credentials/token_server.ts";
import type { Engine } from "../engine/engine.ts";
import type { Exporter } from "../exporter/exporter.ts";
import type { Secret } from "../secrets/secret.ts";
import { SecretStore } from "../secrets/store.ts";
import type { SshAgents } from "../ssh/agents.ts";
import { watchLogins } from "./logins.ts";
import type { BuildRecord } from "./record.ts";
import type { BuildRequest } from "./request.ts";

/** What of this machine a build may use. */
export interface BuildInputs {
  /** Secrets by id. */
  readonly secrets: SecretStore;
  /** Logins by registry. */
  readonly logins: CredentialStore;
  /** Finds the token server of a registry; see the session's `authService`. */
  readonly tokenServer: (registry: string) => Promise<TokenServer | undefined>;
  /** ssh agents by id; undefined without any. */
  readonly agents: SshAgents | undefined;
  /** Takes the result, if it comes back. */
  readonly exporter: Exporter | undefined;
}

/** What {@linkcode openInputs} is told of a build. */
export interface InputsInit {
  /** Where it is built. */
  readonly engine: Engine;
  /** Where logins come from, besides the options. */
  readonly logins: ClientCredentials;
}

/**
 * Opens all of it: what can't be read is known before an engine is asked for
 * anything.
 *
 * @param over Ends with the build.
 * @throws {SecretError} If a secret can't be read.
 * @throws {SshError} If an agent or a key can't be used.
 * @throws {TypeError} If an option is wrong.
 */
export async function openInputs(
  { engine, logins }: InputsInit,
  request: BuildRequest,
  over: AbortSignal,
): Promise<BuildInputs> {
  return {
    logins: new CredentialStore({
      credentials: request.credentials,
      client: logins,
      signal: over,
    }),
    tokenServer: async (registry) => {
      const { askTokenServer } = await import("../credentials/token_server.ts");
      return await askTokenServer(registry, engine.where, over);
    },
    secrets: await SecretStore.open(request.secrets, over),
    agents: await openAgents(request, over),
    exporter: request.output?.exporter,
  };
}

// What only some builds need is loaded with them: modules are most of a
// program's start.

async function openAgents(
  { ssh }: BuildRequest,
  signal: AbortSignal,
): Promise<SshAgents | undefined> {
  if (ssh === undefined) return undefined;
  const { SshAgents } = await import("../ssh/agents.ts");
  const agents = await SshAgents.open(ssh, { signal });
  return agents.size === 0 ? undefined : agents;
}

/** Has all values masked from now on, and what happens to them told. */
export async function watchInputs(
  { secrets, logins, agents }: BuildInputs,
  record: BuildRecord,
): Promise<void> {
  await record.protect([...secrets.atHand(), ...logins.atHand()]);
  for (const [id, secret] of secrets.atHand()) {
    warnOfEmpty(id, secret, record);
  }
  secrets.onUse = (use) => record.tell({ type: "secret", ...use });
  secrets.onValue = async (id, secret) => {
    await record.protect([[id, secret]]);
    warnOfEmpty(id, secret, record);
  };
  watchLogins(logins, record);
  if (agents !== undefined) {
    agents.onUse = (id, state) => record.tell({ type: "ssh", id, state });
  }
}

/** CI systems hand out empty text for a secret that is not set. */
function warnOfEmpty(
  id: string,
  { byteLength }: Secret,
  record: BuildRecord,
): void {
  if (byteLength > 0) return;
  record.warn(
    "secret-empty",
    `secret "${id}" is empty: is the variable or file that it is read from set?`,
    id,
  );
}

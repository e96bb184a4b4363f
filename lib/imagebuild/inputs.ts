// What a build may use of this machine: secrets, logins and ssh agents. They are opened before anything is sent to the engine,
// and reported to the record while the build runs.

import type { ClientCredentials } from "../credentials/source.ts";
import { CredentialStore } from "../credentials/store.ts";
import type { TokenServer } from "../credentials/token_server.ts";
import type { ContentStore } from "../layout/content_store.ts";
import type { LayoutStores } from "../layout/layout_stores.ts";
import type { Secret } from "../secrets/secret.ts";
import { SecretStore } from "../secrets/store.ts";
import type { SshAgents } from "../ssh/agents.ts";
import { openCaches, type OpenedCaches } from "./caches.ts";
import type { BuildHost } from "./host.ts";
import { watchLogins } from "./logins.ts";
import type { BuildRecord } from "./record.ts";
import type { BuildRequest } from "./request.ts";

/** What a build may use of this machine. */
export interface BuildInputs {
  /** The secrets by their ids. */
  readonly secrets: SecretStore;
  /** The logins by their registries. */
  readonly logins: CredentialStore;
  /** Finds the token server of a registry; see the session's `authService`. */
  readonly tokenServer: (registry: string) => Promise<TokenServer | undefined>;
  /** ssh agents by their ids; undefined where there are none. */
  readonly agents: SshAgents | undefined;
  /** The caches that are read and written besides the engine's own. */
  readonly caches: OpenedCaches;
  /** Folders of content that the engine may read or write, by their ids. */
  readonly stores: ReadonlyMap<string, ContentStore>;
}

/** What {@linkcode openInputs} needs to know besides the request. */
export interface InputsInit {
  /** What builds. */
  readonly host: Pick<BuildHost, "where">;
  /** The client's own source of logins, used after the option. */
  readonly logins: ClientCredentials;
  /** Takes the folders of content; undefined where there are none. */
  readonly stores?: LayoutStores | undefined;
}

/**
 * Opens the inputs of a build, so that an input that can't be read is found
 * before anything is sent to the engine.
 *
 * @param over Aborts when the build is over, in whatever way.
 * @throws {SecretError} If a secret can't be read.
 * @throws {SshError} If an agent or a key can't be used.
 * @throws {LayoutError} If a folder can't be written.
 * @throws {TypeError} If an option is wrong.
 */
export async function openInputs(
  { host, logins, stores }: InputsInit,
  request: BuildRequest,
  over: AbortSignal,
): Promise<BuildInputs> {
  return {
    logins: new CredentialStore({
      credentials: request.credentials,
      client: logins,
      signal: over,
    }),
    tokenServer: tokenServerFor(host, over),
    secrets: await SecretStore.open(request.secrets, over),
    agents: await openAgents(request, over),
    caches: await openCaches(request, over, stores),
    stores: stores?.byId ?? new Map(),
  };
}

// Code that only some builds need is imported when it is needed, because
// loading modules is most of the time that a program takes to start.

/**
 * Finds the token servers of registries for what builds at a place: `localhost`
 * is a registry of its own on each machine.
 */
export function tokenServerFor(
  { where }: Pick<BuildHost, "where">,
  over: AbortSignal,
): BuildInputs["tokenServer"] {
  return async (registry) => {
    const { askTokenServer } = await import("../credentials/token_server.ts");
    return await askTokenServer(registry, where, over);
  };
}

async function openAgents(
  { ssh }: BuildRequest,
  signal: AbortSignal,
): Promise<SshAgents | undefined> {
  if (ssh === undefined) return undefined;
  const { SshAgents } = await import("../ssh/agents.ts");
  const agents = await SshAgents.open(ssh, { signal });
  return agents.size === 0 ? undefined : agents;
}

/**
 * Masks all values from now on, and reports their use to the record.
 *
 * @param onSecret Called when a function has given a value, which the engine
 * does not get if this throws.
 */
export async function watchInputs(
  { secrets, logins, agents, caches }: BuildInputs,
  record: BuildRecord,
  onSecret: () => void = () => {},
): Promise<void> {
  await record.protect([
    ...secrets.atHand(),
    ...logins.atHand(),
    ...caches.secrets,
  ]);
  for (const warning of caches.warnings) record.warn(...warning);
  const { imports, exports, unopened } = caches;
  if (imports.length + exports.length + unopened.length > 0) {
    const { CacheWatch } = await import("./cache_watch.ts");
    record.caches = new CacheWatch(caches, record);
    for (const cache of unopened) record.caches.tellUnopened(cache);
  }
  for (const [id, secret] of secrets.atHand()) {
    warnOfEmpty(id, secret, record);
  }
  secrets.onUse = (use) => record.tell({ type: "secret", ...use });
  secrets.onValue = async (id, secret) => {
    await record.protect([[id, secret]]);
    warnOfEmpty(id, secret, record);
    onSecret();
  };
  watchLogins(logins, record);
  if (agents !== undefined) {
    agents.onUse = (id, state) => record.tell({ type: "ssh", id, state });
  }
}

/**
 * Warns of an empty secret: CI systems give an empty text for a secret that is
 * not set.
 */
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

import type { CredentialStore } from "../credentials/store.ts";
import type { CredentialStoreOptions } from "../credentials/store.ts";
import type { Exporter } from "../exporter/exporter.ts";
import type { GrpcMethod } from "../grpc/method.ts";
import type { SecretStore } from "../secrets/store.ts";
import { authService } from "../session/auth.ts";
import { filesendService } from "../session/filesend.ts";
import { sshService } from "../session/ssh.ts";
import { SshAgents } from "../ssh/agents.ts";
import type { ContextSource } from "./build_context.ts";
import { openLogins, watchLogins } from "./logins.ts";
import type { ImageBuildOptions } from "./options.ts";
import type { BuildPlan } from "./plan.ts";
import type { BuildRecord } from "./record.ts";
import { openSecrets } from "./secrets.ts";
import { PreparedContext } from "./sending.ts";

/** What of this machine a build may use. */
export interface BuildInputs {
  /** What it is built from. */
  readonly context: PreparedContext;
  /** Secrets by id. */
  readonly secrets: SecretStore;
  /** Logins by registry. */
  readonly logins: CredentialStore;
  /** ssh agents by id. */
  readonly agents: SshAgents;
  /** Takes the result, if it comes back. */
  readonly exporter: Exporter | undefined;
}

/**
 * Opens all of it: what can't be read is known before an engine is asked for
 * anything.
 *
 * @param client Where logins come from, besides the options.
 * @param over Ends with the build.
 * @throws {ContextError} If the folder or its Dockerfile can't be read.
 * @throws {SecretError} If a secret can't be read.
 * @throws {SshError} If an agent or a key can't be used.
 * @throws {TypeError} If an option is wrong.
 */
export async function openInputs(
  source: ContextSource,
  plan: BuildPlan,
  options: ImageBuildOptions,
  client: CredentialStoreOptions,
  over: AbortSignal,
): Promise<BuildInputs> {
  return {
    logins: openLogins(options, client, over),
    context: await PreparedContext.of(source, options),
    secrets: await openSecrets(plan, options, over),
    agents: await SshAgents.open(
      plan.version === "2" ? options.ssh : undefined,
    ),
    exporter: plan.output?.exporter,
  };
}

/** Has all values masked from now on, and what happens to them told. */
export async function watchInputs(
  { secrets, logins }: BuildInputs,
  record: BuildRecord,
): Promise<void> {
  await record.protect([...secrets.atHand(), ...logins.atHand()]);
  secrets.onUse = (use) => record.use(use);
  secrets.onValue = (id, secret) => record.protect([[id, secret]]);
  watchLogins(logins, record);
}

/** What the session offers of it, besides the secrets. */
export async function inputMethods(
  { context, logins, agents, exporter }: BuildInputs,
  record: BuildRecord,
  onError: (error: Error) => void,
): Promise<GrpcMethod[]> {
  return [
    ...await context.methods(record, onError),
    ...authService(logins, { onError }),
    ...(agents.size === 0 ? [] : sshService(agents, { onError })),
    ...(exporter === undefined ? [] : filesendService(exporter, { onError })),
  ];
}

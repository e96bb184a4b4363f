import { compareApi } from "../engine/api_version.ts";
import { SecretError } from "../errors.ts";
import type { ClientMount } from "../progress/mounts.ts";
import type { SecretReport } from "../secrets/store.ts";
import type { BuildInputs } from "./inputs.ts";
import type { ImageBuildOptions } from "./options.ts";
import type { BuildRecord } from "./record.ts";
import type { Strictness } from "./strict.ts";

/** What is known once a build went well. */
export interface Accounting {
  /** What was asked for. */
  readonly options: ImageBuildOptions;
  /** What is an error. */
  readonly strict: Strictness;
  /** Whether davit knows what the engine asked for. */
  readonly told: boolean;
  /** The engine's API version. */
  readonly apiVersion: string;
  /** Told of it. */
  readonly record: BuildRecord;
}

type Inputs = Pick<BuildInputs, "secrets" | "agents" | "context">;

/**
 * Says what the secrets and the agents came to, once the build went well.
 *
 * @throws {SecretError} If a secret is missing or unused, and that is an error.
 */
export async function accountForInputs(
  inputs: Inputs,
  accounting: Accounting,
): Promise<SecretReport> {
  const { strict, record, told } = accounting;
  if (!told) return { served: [], missing: [], cached: [], unused: [] };
  const requests = inputs.secrets.requests();
  const { served, missing } = requests;
  const secrets = await sortUnasked(
    "secret",
    requests.unasked,
    inputs,
    accounting,
  );
  for (const state of ["cached", "unused"] as const) {
    for (const id of secrets[state]) record.tell({ type: "secret", id, state });
  }
  for (const id of missing) {
    const text = `secret "${id}" was asked for and not given`;
    if (strict.missing) throw built(id, text);
    record.warn("secret-missing", text, id);
  }
  for (const id of secrets.unused) {
    const text =
      `secret "${id}" was given and never asked for: no step of what was built mounts it`;
    if (strict.unused) throw built(id, text);
    record.warn("secret-unused", text, id);
  }
  await accountForAgents(inputs, accounting);
  return { served, missing, ...secrets };
}

async function accountForAgents(
  inputs: Inputs,
  accounting: Accounting,
): Promise<void> {
  const { record } = accounting;
  const report = inputs.agents?.report();
  if (report === undefined) return;
  const agents = await sortUnasked("ssh", report.unasked, inputs, accounting);
  for (const id of agents.cached) {
    record.tell({ type: "ssh", id, state: "cached" });
  }
  for (const id of agents.unused) {
    record.tell({ type: "ssh", id, state: "unused" });
    record.warn(
      "ssh-unused",
      `ssh id "${id}" was given and never asked for: no step of what was built mounts it`,
      id,
    );
  }
  for (const id of report.missing) {
    record.warn(
      "ssh-missing",
      `ssh id "${id}" was asked for and not given`,
      id,
    );
  }
}

/** What was given and not asked for, by what became of it; a warning says what can't be known. */
async function sortUnasked(
  type: ClientMount["type"],
  ids: readonly string[],
  { context }: Inputs,
  { options, record, apiVersion }: Accounting,
): Promise<{ cached: string[]; unused: string[] }> {
  const sorted = { cached: [] as string[], unused: [] as string[] };
  if (ids.length === 0) return sorted;
  const { UnaskedInputs } = await import("./unasked.ts");
  const { target, buildargs } = options;
  const unasked = new UnaskedInputs({
    target,
    buildargs: typeof buildargs === "string"
      ? JSON.parse(buildargs)
      : buildargs ?? {},
    dockerfile: record.dockerfile(),
    steps: record.state.names(),
    expandsIds: compareApi(apiVersion, "1.42") >= 0,
    remote: context.isRemote || options.remote !== undefined,
  });
  for (const id of ids) {
    const found = unasked.find(type, id);
    if (found.state !== "unknown") sorted[found.state].push(id);
    else {
      record.warn(
        `${type}-unknown`,
        `${
          type === "ssh" ? "ssh id" : "secret"
        } "${id}" was given and not asked for, and whether a step mounts it can't be known: ${found.why}`,
        id,
      );
    }
  }
  return sorted;
}

function built(id: string, text: string): SecretError {
  return new SecretError(id, `The image was built, but ${text}`);
}

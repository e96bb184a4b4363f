import { SecretError } from "../errors.ts";
import type { ClientMount } from "../progress/mounts.ts";
import type { SecretReport } from "../secrets/store.ts";
import type { Build } from "./build_way.ts";

/**
 * Reports what became of the secrets and ssh agents of a build that went well.
 *
 * @param told Whether davit knows what the engine asked for.
 * @throws {SecretError} If a secret is missing or unused, and `strictSecrets`
 * makes that an error.
 */
export async function accountForInputs(
  build: Build,
  told: boolean,
): Promise<SecretReport> {
  const { inputs, request: { strict }, record } = build;
  if (!told) return { served: [], missing: [], cached: [], unused: [] };
  const requests = inputs.secrets.requests();
  const { served, missing } = requests;
  const secrets = await sortUnasked("secret", requests.unasked, build);
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
  await accountForAgents(build);
  return { served, missing, ...secrets };
}

async function accountForAgents(build: Build): Promise<void> {
  const { inputs, record } = build;
  const report = inputs.agents?.report();
  if (report === undefined) return;
  const agents = await sortUnasked("ssh", report.unasked, build);
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

/**
 * Sorts what was given and not asked for into cached and unused; warns where it
 * can't be known which of both.
 */
async function sortUnasked(
  type: ClientMount["type"],
  ids: readonly string[],
  { takes, request, record }: Build,
): Promise<{ cached: string[]; unused: string[] }> {
  const sorted = { cached: [] as string[], unused: [] as string[] };
  if (ids.length === 0) return sorted;
  const { UnaskedInputs } = await import("./unasked.ts");
  const { target, buildArgs = {}, context } = request;
  const unasked = new UnaskedInputs({
    target,
    buildargs: buildArgs,
    contexts: new Set(request.contexts.keys()),
    dockerfile: record.dockerfile(),
    mounts: record.mounts,
    steps: record.stepNames(),
    expandsIds: takes.expandedIds,
    remote: context.kind === "remote",
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

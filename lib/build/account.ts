import { SecretError } from "../errors.ts";
import { warning } from "./message.ts";
import type { BuildInputs } from "./inputs.ts";
import type { BuildRecord } from "./record.ts";

/**
 * Says what the secrets and the agents came to, once the build went well.
 *
 * @param strict Whether a secret that is missing or unused is an error.
 * @throws {SecretError} If there is one, and it is.
 */
export async function accountForInputs(
  { secrets, agents }: BuildInputs,
  strict: boolean,
  record: BuildRecord,
): Promise<void> {
  const { missing, unused } = secrets.report();
  for (const id of unused) record.use({ id, state: "unused" });
  const faults = [
    ...missing.map((id) =>
      [
        "secret-missing",
        id,
        `secret "${id}" was asked for and not given`,
      ] as const
    ),
    ...unused.map((id) =>
      [
        "secret-unused",
        id,
        `secret "${id}" was given and never asked for: no step that ran mounts it (a cached step asks for nothing)`,
      ] as const
    ),
  ];
  for (const [code, id, text] of faults) {
    if (strict) throw new SecretError(id, `The image was built, but ${text}`);
    await record.publish(warning(code, text, id));
  }
  for (const id of agents?.report().unused ?? []) {
    await record.publish({ id: "davit.ssh", aux: { id, state: "unused" } });
    await record.publish(warning(
      "ssh-unused",
      `ssh id "${id}" was given and never asked for: no step that ran mounts it (a cached step asks for nothing)`,
      id,
    ));
  }
  for (const id of agents?.report().missing ?? []) {
    await record.publish(warning(
      "ssh-missing",
      `ssh id "${id}" was asked for and not given`,
      id,
    ));
  }
}

import { checkOptionNames } from "../option_names.ts";
import type { ClientCredentials, Credentials } from "../credentials/source.ts";
import {
  type DistributionInspect,
  distributionInspect,
} from "../engine/distribution_inspect.ts";
import type { Engine } from "../engine/engine.ts";
import { parseImageReference } from "../engine/image_reference.ts";
import { registryLogin } from "./registry_login.ts";

/** Options for asking a registry about an image. */
export interface DistributionInspectOptions {
  /**
   * Logins for registries; the one for the image's registry is used. Without
   * one there, the client's own login is.
   */
  readonly credentials?: Credentials | undefined;
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS = {
  credentials: true,
  signal: true,
} satisfies Record<keyof DistributionInspectOptions, true>;

/** Asks an image's registry what the image's name refers to. */
export async function inspectDistribution(
  engine: Engine,
  name: string,
  options: DistributionInspectOptions = {},
  client: ClientCredentials = {},
): Promise<DistributionInspect> {
  checkOptionNames("inspect", options, OPTIONS);
  const reference = parseImageReference(name);
  const login = await registryLogin(
    reference.registry,
    options,
    client,
  );
  return await distributionInspect(
    engine,
    reference,
    login.header,
    options.signal,
  );
}

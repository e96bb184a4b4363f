import type { AuthConfig } from "../credentials/auth_config.ts";
import {
  type DistributionInspect,
  distributionInspect,
} from "../engine/distribution_inspect.ts";
import type { Engine } from "../engine/engine.ts";
import { parseImageReference } from "../engine/image_reference.ts";
import { type LoginSources, registryLogin } from "./registry_login.ts";

/** How a registry is asked about an image. */
export interface DistributionInspectOptions {
  /** The login for the image's registry; the client's own for it unless given. */
  readonly auth?: AuthConfig;
  /** Aborts the request. */
  readonly signal?: AbortSignal;
}

/** Asks an image's registry what its name leads to. */
export async function inspectDistribution(
  engine: Engine,
  name: string,
  options: DistributionInspectOptions = {},
  sources: LoginSources = {},
): Promise<DistributionInspect> {
  const reference = parseImageReference(name);
  const login = await registryLogin(
    reference.registry,
    options,
    sources,
  );
  return await distributionInspect(
    engine,
    reference,
    login.header,
    options.signal,
  );
}

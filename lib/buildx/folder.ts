import { configFolder } from "../transport/docker_config.ts";
import type { Environment } from "../transport/environment.ts";

/**
 * buildx's folder: `BUILDX_CONFIG`, else `buildx` in docker's own.
 *
 * @throws {TypeError} If there is no home folder to look in.
 */
export function buildxFolder(env: Environment = Deno.env): string {
  return env.get("BUILDX_CONFIG")?.replace(/(.)\/+$/, "$1") ||
    `${configFolder(env)}/buildx`;
}

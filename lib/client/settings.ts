import type { DockerSettings } from "../transport/docker_settings.ts";

/**
 * Docker's settings on this machine for what is at an address. They are read
 * once, when they are first asked for.
 */
export function dockerSettings(
  address: string | undefined,
): () => Promise<DockerSettings> {
  let settings: Promise<DockerSettings> | undefined;
  return () =>
    settings ??= import("../transport/docker_settings.ts").then(
      ({ readDockerSettings }) => readDockerSettings(address),
    );
}

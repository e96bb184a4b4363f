import type { DockerClient } from "../client.ts";

/** Whether the engine keeps images in containerd's store, where an image's id is the digest of its manifest. */
export async function isContainerdStore(
  docker: DockerClient,
  signal: AbortSignal,
): Promise<boolean> {
  const { DriverStatus } = await docker.info({ signal });
  return DriverStatus?.some(([name, value]) =>
    name === "driver-type" && value.startsWith("io.containerd.snapshotter")
  ) ?? false;
}

import { BuilderError } from "../buildx/builder_error.ts";
import type { BuildxBuilders, ListedBuilder } from "../buildx/builders.ts";
import type { ReachOptions } from "../buildx/reach.ts";
import { DockerClient } from "../client/docker_client.ts";
import { formatPlatform } from "../platforms/platform.ts";
import { isDefaultContext } from "../transport/docker_config.ts";
import { Builder, type BuilderNodesOptions } from "./builder.ts";
import { type AddressedNode, addressNodes } from "./buildx_nodes.ts";

/** Opens a builder that was found; see `openBuilder()`. */
export async function openListed(
  builders: BuildxBuilders,
  builder: ListedBuilder,
  { credentials, dockerConfig = true, registryCa }: BuilderNodesOptions,
  reach: ReachOptions,
): Promise<Builder | DockerClient> {
  const { onSilence } = reach;
  const options = { credentials, dockerConfig, onSilence };
  if (builder.isContext) return await openContext(builders, builder, options);
  const { host } = await builders.engine();
  const nodes = await addressNodes(builder, { ...reach, host });
  await noteUse(builders, builder);
  try {
    return await fromNodes(nodes, builder, { ...options, registryCa });
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new BuilderError(
      builder.name,
      `Cannot use builder "${builder.name}": ${cause.message}`,
      { cause },
    );
  }
}

async function fromNodes(
  nodes: readonly AddressedNode[],
  { nodes: named }: ListedBuilder,
  { registryCa, ...options }: BuilderNodesOptions,
): Promise<Builder> {
  const [first, ...others] = nodes;
  if (first !== undefined && others.length === 0) {
    const { address, tls, dockerHost } = first;
    return await Builder.fromAddress(address, { ...options, tls, dockerHost });
  }
  return await Builder.fromNodes(
    nodes.map(({ name, address, tls, dockerHost }, i) => ({
      name,
      address,
      tls,
      dockerHost,
      platforms: named[i]!.platforms?.map(formatPlatform),
    })),
    { ...options, registryCa },
  );
}

/** The engine that docker's command uses may be named by an address. */
async function openContext(
  builders: BuildxBuilders,
  { name }: ListedBuilder,
  options: Pick<
    BuilderNodesOptions,
    "credentials" | "dockerConfig" | "onSilence"
  >,
): Promise<DockerClient> {
  const { host } = await builders.engine();
  return isDefaultContext(name) && host !== undefined
    ? await DockerClient.fromDockerHost(host, options)
    : await DockerClient.fromDockerContext(name, options);
}

/**
 * Notes that a builder is used, as buildx does. The builder serves its purpose
 * without that, so a folder that may not be written to is left as it is.
 */
async function noteUse(
  { store }: BuildxBuilders,
  { name }: ListedBuilder,
): Promise<void> {
  const { state } = Deno.permissions.querySync({
    name: "write",
    path: store.folder,
  });
  if (state !== "granted") return;
  try {
    await store.edit((edit) => edit.used(name));
  } catch (error) {
    const isClosed = error instanceof Deno.errors.PermissionDenied ||
      (error as { code?: string }).code === "EROFS";
    if (!isClosed) throw error;
  }
}

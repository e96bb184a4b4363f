import { BuilderError } from "../buildx/builder_error.ts";
import { BuildxBuilders, type ListedBuilder } from "../buildx/builders.ts";
import type { ReachOptions } from "../buildx/reach.ts";
import { DockerClient } from "../client.ts";
import type { Credentials } from "../credentials/store.ts";
import { requireDenoVersion } from "../deno_version.ts";
import { UnsupportedError } from "../errors.ts";
import { isDefaultContext } from "../transport/docker_config.ts";
import { checkOptionNames } from "../option_names.ts";
import { Builder } from "./builder.ts";
import { addressNodes } from "./buildx_nodes.ts";

/** Options of {@linkcode openBuilder}. */
export interface OpenBuilderOptions {
  /**
   * Logins for registries. The option of the same name of a build is used before
   * this one.
   */
  readonly credentials?: Credentials | undefined;
  /**
   * Whether docker's own configuration is used, after `credentials` and the
   * options of each build.
   *
   * @default {true}
   */
  readonly dockerConfig?: boolean | undefined;
  /** Aborts the opening. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS = {
  credentials: true,
  dockerConfig: true,
  signal: true,
} satisfies Record<keyof OpenBuilderOptions, true>;

/**
 * Opens a builder of `docker buildx` by its name: one that `docker buildx create`
 * or `davit builder create` made, or a docker context, whose engine builds
 * itself. Without a name it is the one that `BUILDX_BUILDER` names, or else the
 * one that `docker buildx use` has chosen.
 *
 * A container of the driver `docker-container` that is stopped is started; one
 * that is missing is not made. Pods of the driver `kubernetes` are found by the
 * user's own `kubectl`.
 *
 * Needs `--allow-env` and `--allow-read` for the files of docker and buildx
 * (`BUILDX_CONFIG`, else `buildx` in docker's own folder), and what the builder's
 * daemon needs: see {@linkcode Builder.fromAddress}.
 *
 * @returns A {@linkcode DockerClient} where an engine builds itself, otherwise a
 * {@linkcode Builder}; both have `imageBuild()`. It is the caller's to close.
 * @throws {BuilderError} If there is no such builder, its file is broken, or its
 * daemon is not there.
 * @throws {ConnectionError} If the engine of its container can't be reached.
 * @example
 * ```ts
 * import { openBuilder } from "@davit/build";
 *
 * await using builder = await openBuilder("ci");
 * await builder.imageBuild("./app", {
 *   tag: "registry.example/app:1",
 *   outputs: { type: "registry" },
 * }).wait();
 * ```
 */
export async function openBuilder(
  name?: string,
  options: OpenBuilderOptions = {},
): Promise<Builder | DockerClient> {
  requireDenoVersion();
  checkOptionNames("open a builder", options, OPTIONS);
  const builders = new BuildxBuilders();
  const wanted = name ?? (Deno.env.get("BUILDX_BUILDER") || undefined);
  const listed = wanted === undefined
    ? await builders.current()
    : await builders.named(wanted);
  return await openListed(builders, listed, options, {
    signal: options.signal,
  });
}

/** Opens a builder that was found; see {@linkcode openBuilder}. */
export async function openListed(
  builders: BuildxBuilders,
  builder: ListedBuilder,
  { credentials, dockerConfig = true }: OpenBuilderOptions,
  reach: ReachOptions,
): Promise<Builder | DockerClient> {
  const options = { credentials, dockerConfig };
  if (builder.isContext) return await openContext(builders, builder, options);
  const { host } = await builders.engine();
  const nodes = await addressNodes(builder, { ...reach, host });
  await noteUse(builders, builder);
  const [node, ...others] = nodes;
  if (node === undefined || others.length > 0) {
    throw new UnsupportedError(
      "a builder of several nodes",
      `Cannot use builder "${builder.name}": it has ${nodes.length} nodes, and davit builds on one`,
    );
  }
  const { address, tls, dockerHost } = node;
  try {
    return await Builder.fromAddress(address, { ...options, tls, dockerHost });
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new BuilderError(
      builder.name,
      `Cannot use builder "${builder.name}": ${cause.message}`,
      { cause },
    );
  }
}

/** The engine that docker's command uses may be named by an address. */
async function openContext(
  builders: BuildxBuilders,
  { name }: ListedBuilder,
  options: { credentials: Credentials | undefined; dockerConfig: boolean },
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

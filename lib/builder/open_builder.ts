import type { DockerClient } from "../client/docker_client.ts";
import type { Credentials } from "../credentials/source.ts";
import { requireDenoVersion } from "../deno_version.ts";
import { checkOptionNames } from "../option_names.ts";
import type { PemSource } from "../transport/pem.ts";
import type { OnSilence } from "../transport/silence.ts";
import type { Builder } from "./builder.ts";

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
  /**
   * Authorities that are trusted besides those of Deno when the images of several
   * nodes are joined in a registry. With `dockerConfig` also those that docker
   * has for the registry, in `/etc/docker/certs.d`.
   */
  readonly registryCa?: PemSource | readonly PemSource[] | undefined;
  /**
   * Called when something that is needed (the daemon, an engine) takes a
   * connection and does not answer for 10 seconds.
   */
  readonly onSilence?: OnSilence | undefined;
  /** Aborts the opening. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS = {
  credentials: true,
  dockerConfig: true,
  onSilence: true,
  registryCa: true,
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
 * @throws {TypeError} If an option is wrong, or an authority in `registryCa`
 * can't be read.
 * @throws {UnsupportedError} If this version of Deno is too old.
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
  const { readAuthorities } = await import("../registry/authorities.ts");
  await readAuthorities("registryCa", options.registryCa);
  const { BuildxBuilders } = await import("../buildx/builders.ts");
  const { openListed } = await import("./open_listed.ts");
  const builders = new BuildxBuilders();
  const wanted = name ?? (Deno.env.get("BUILDX_BUILDER") || undefined);
  const listed = wanted === undefined
    ? await builders.current()
    : await builders.named(wanted);
  const { onSilence, signal } = options;
  return await openListed(builders, listed, options, { onSilence, signal });
}

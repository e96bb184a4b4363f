import { checkOptionNames } from "../option_names.ts";
import type { RegistryOptions } from "../registry/registries.ts";
import type {
  ImagetoolsCreateOptions,
  ImagetoolsInspectOptions,
} from "./options.ts";
import type { ImagetoolsImage, ImagetoolsInspection } from "./result.ts";
import type { ImagetoolsSource } from "./source.ts";

// The code is imported with the first call, because loading modules is most of
// the time that a program takes to start.

const REGISTRY_OPTIONS = {
  ca: true,
  credentials: true,
  dockerConfig: true,
  signal: true,
} satisfies Record<keyof RegistryOptions, true>;

const CREATE_OPTIONS = {
  ...REGISTRY_OPTIONS,
  annotations: true,
  append: true,
  dryRun: true,
  onProgress: true,
  platform: true,
  preferIndex: true,
  tag: true,
} satisfies Record<keyof ImagetoolsCreateOptions, true>;

const INSPECT_OPTIONS = {
  ...REGISTRY_OPTIONS,
  images: true,
} satisfies Record<keyof ImagetoolsInspectOptions, true>;

/**
 * Makes one image of several in a registry, as
 * `docker buildx imagetools create` does, with the same bytes for the same
 * sources: usually an index of the images that several machines built.
 *
 * Indexes among the sources are taken apart; what is attested about an image
 * stays with it. What is not in the repository of a name is copied there:
 * within a registry without its bytes, otherwise as streams. The names are
 * written last, when all is there.
 *
 * @param sources Names, digests and descriptors, in their order.
 * @throws {TypeError} If a source or an option is wrong, or they do not fit
 * together; nothing was written then.
 * @throws {RegistryError} If a registry refuses, does not have a source, or
 * can't be reached.
 * @throws {CredentialError} If a login can't be read or is refused.
 * @throws {ProtocolError} If what a registry has is not what its digest says,
 * or no image.
 * @example
 * ```ts
 * import { imagetoolsCreate } from "@davit/build";
 *
 * const { descriptor } = await imagetoolsCreate(
 *   ["registry.example/app:amd64", "registry.example/app:arm64"],
 *   { tag: "registry.example/app:1", dockerConfig: true },
 * );
 * console.log(descriptor.digest);
 * ```
 */
export async function imagetoolsCreate(
  sources: readonly ImagetoolsSource[],
  options: ImagetoolsCreateOptions = {},
): Promise<ImagetoolsImage> {
  checkOptionNames("create an image", options, CREATE_OPTIONS);
  const { createImage } = await import("./create.ts");
  return await createImage(sources, options);
}

/**
 * Reads what a registry has under a name: the index or manifest in its own
 * bytes, and with `images: true` each platform's manifest and configuration.
 *
 * @throws {TypeError} If the name or an option is wrong.
 * @throws {RegistryError} If the registry refuses, does not have it, or can't be
 * reached.
 * @throws {CredentialError} If a login can't be read or is refused.
 * @throws {ProtocolError} If what the registry has is not what its digest says,
 * or no image.
 * @example
 * ```ts
 * import { imagetoolsInspect } from "@davit/build";
 *
 * const { descriptor, index } = await imagetoolsInspect(
 *   "registry.example/app:1",
 *   { dockerConfig: true },
 * );
 * console.log(descriptor.digest);
 * for (const { platform, digest } of index?.manifests ?? []) {
 *   console.log(platform?.os, platform?.architecture, digest);
 * }
 * ```
 */
export async function imagetoolsInspect(
  name: string,
  options: ImagetoolsInspectOptions = {},
): Promise<ImagetoolsInspection> {
  checkOptionNames("inspect an image", options, INSPECT_OPTIONS);
  const { inspectImage } = await import("./inspect.ts");
  return await inspectImage(name, options);
}

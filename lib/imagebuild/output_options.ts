// What the option `outputs` takes.

import type { ImageFormat } from "../exporter/image_format.ts";
import type { ExportOutput } from "../exporter/output.ts";

/**
 * An image in the engine's store. How it is written can be chosen where the
 * engine has the containerd image store; with graph drivers that is refused,
 * since they ignore it.
 */
export interface ImageOutput extends ImageFormat {
  /**
   * The engine's image store (the default), for which `moby` and `image` are
   * two names; `registry` is an image that is pushed, too.
   */
  readonly type: "moby" | "image" | "registry";
  /**
   * Whether the engine pushes the image to the registries in its names, with
   * the logins of the build. It takes the containerd image store, and excludes
   * `verify`; `imagePush()` after the build needs neither.
   *
   * @default {false}
   */
  readonly push?: boolean | undefined;
  /** Attributes of the exporter, such as `{ name: "app:latest" }`. */
  readonly attrs?: Readonly<Record<string, string>> | undefined;
}

/** No result: the steps are run, and stay in the engine's cache. */
export interface CacheOutput {
  /** The type, with docker's name. */
  readonly type: "cacheonly";
}

/**
 * Where a result of a build goes: into the engine's store, into a folder, a file
 * or a stream of this machine, or nowhere.
 *
 * @example
 * ```ts
 * import type { BuildOutput } from "@davit/build";
 *
 * const folder: BuildOutput = { type: "local", dest: "./out" };
 * const files: BuildOutput = { type: "tar", dest: "out.tar" };
 * const archive: BuildOutput = { type: "oci", dest: "app.oci.tar" };
 * const pushed: BuildOutput = { type: "registry" }; // by the names in `tag`
 * const nothing: BuildOutput = { type: "cacheonly" }; // the steps are run
 * ```
 */
export type BuildOutput = ImageOutput | CacheOutput | ExportOutput;

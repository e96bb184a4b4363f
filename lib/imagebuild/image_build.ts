import type { OperationInit } from "../operation/operation.ts";
import type { Operations } from "../operation/operations.ts";
import { type BuildOperation, startOperation } from "./build_operation.ts";
import type { Fact } from "./fact.ts";
import type { ImageBuildOptions } from "./options.ts";
import type { BuildRecord } from "./record.ts";
import { namesOf } from "./check_request.ts";
import type { BuildResult } from "./result.ts";

/**
 * A running build of an image; it began with the call that returned it. Wait for
 * its end, read what happens, or both: any number of readers get all of it.
 *
 * @example What happens in a build, and what came of it
 * ```ts
 * import { DockerClient } from "@davit/build";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const build = docker.imageBuild("./app", { tag: "app:1" });
 * for await (const event of build.events()) {
 *   if (event.type === "vertex") console.log(event.name);
 *   if (event.type === "warning") console.warn(event.short);
 * }
 * const { imageId, steps, context } = await build.result();
 * console.log(imageId, steps.length, context?.bytesSent);
 * ```
 *
 * @example A build that is cancelled after ten minutes
 * ```ts
 * import { DockerClient } from "@davit/build";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const build = docker.imageBuild("./app", {
 *   tag: "app:1",
 *   signal: AbortSignal.timeout(600_000),
 * });
 * console.log(await build.wait()); // or rejects with a TimeoutError
 * ```
 */
export interface ImageBuild extends BuildOperation<BuildResult> {
  /** The image's names, as they were given. */
  readonly names: readonly string[];
  /**
   * The full result of a build that went well: image, warnings, steps, secrets.
   * Rejects as `wait()` does.
   */
  result(): Promise<BuildResult>;
  /**
   * Waits for the end of the build.
   *
   * @returns The image's id, `sha256:…`; empty where the output is no image.
   * @throws {BuildError} If the build fails.
   * @throws {EngineError} If the engine refuses the request.
   * @throws {ConnectionError} If the engine can't be reached, or the connection
   * breaks.
   * @throws {SecretError} If a secret can't be given.
   * @throws {SecretLeakError} If `verify` finds a secret in the result.
   * @throws {VerifyError} If the result can't be searched, or with `strict` a
   * part of it.
   * @throws {SshError} If an ssh agent or key can't be used.
   * @throws {CredentialError} If a login can't be read or fetched.
   * @throws {SessionError} If the session was lost and the build failed because
   * of that.
   * @throws {ContextError} If the context can't be read.
   * @throws {ExportError} If the result can't be written to its destination.
   * @throws {LayoutError} If a folder in OCI's layout (a cache, an image) can't
   * be read or written.
   * @throws {ProtocolError} If the engine's answer can't be read.
   * @throws {UnsupportedError} If this engine can't do what was asked.
   * @throws {TypeError} If an option is wrong; nothing was sent then.
   * @throws {RangeError} If a number is out of its range; nothing was sent then.
   */
  wait(): Promise<string>;
}

/** What is needed to start a build. */
export interface BuildInit {
  /** The running operations of the client. */
  readonly operations: Operations;
  /** The client's method that was called, for the stack of errors. */
  readonly startedBy: OperationInit<BuildResult, Fact>["startedBy"];
  /**
   * The options as they were given, not checked yet. Only the names and the
   * signal are used here.
   */
  readonly options: ImageBuildOptions;
  /** Runs the build. */
  run(record: BuildRecord, stop: AbortSignal): Promise<BuildResult>;
}

/**
 * Starts a build. Every failure, also that of a wrong option, is reported by
 * the returned object and not thrown here.
 */
export function startBuild(
  { operations, startedBy, options, run }: BuildInit,
): ImageBuild {
  const names = namesOf(options);
  return startOperation({
    operations,
    what: names.length === 0 ? "build" : `build of "${names[0]}"`,
    startedBy,
    names,
    signal: Object(options).signal, // not checked yet
    run,
  }, (wait) => ({ names, wait: () => wait(({ imageId }) => imageId) }));
}

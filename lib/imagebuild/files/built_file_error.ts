/**
 * Why something of a build's result can't be read: there is nothing of that
 * name (`not-found`), it is a folder (`is-directory`) or none
 * (`not-directory`), it is a FIFO, socket or device, which has no content
 * (`not-a-file`), it is larger than the caller takes (`too-large`), or the
 * engine can't read it (`unreadable`).
 */
export type BuiltFileCode =
  | "not-found"
  | "is-directory"
  | "not-directory"
  | "not-a-file"
  | "too-large"
  | "unreadable";

/**
 * A file or folder of a build's result can't be read. The message says why, and
 * never quotes a file.
 *
 * @example
 * ```ts
 * import { BuiltFileError, DockerClient } from "@davit/build";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * await using files = await docker.buildFiles("./app").result();
 * try {
 *   console.log(await files.readTextFile("/app/version"));
 * } catch (error) {
 *   if (!(error instanceof BuiltFileError && error.code === "not-found")) {
 *     throw error;
 *   }
 *   console.log("no version");
 * }
 * ```
 */
export class BuiltFileError extends Error {
  /** Always `BuiltFileError`. */
  override readonly name: string = "BuiltFileError";
  /** Why it can't be read. */
  readonly code: BuiltFileCode;
  /** The path, as it was given. */
  readonly path: string;

  /** Names the path. */
  constructor(
    code: BuiltFileCode,
    path: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.path = path;
  }
}

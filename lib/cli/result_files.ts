import type { BuildResult } from "../imagebuild/result.ts";
import type { DockerClient } from "../client/docker_client.ts";
import { solvedOf } from "../imagebuild/solved.ts";
import { UsageError } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";
import type { OutputPlan } from "./output_flag.ts";
import { loadModule } from "./load_module.ts";

/** The files that `--iidfile` and `--metadata-file` name. */
export class ResultFiles {
  readonly #idFile: string | undefined;
  readonly #metadataFile: string | undefined;
  readonly #parsed: ParsedWords;

  private constructor(parsed: ParsedWords) {
    this.#parsed = parsed;
    this.#idFile = parsed.text("iidfile");
    this.#metadataFile = parsed.text("metadata-file");
  }

  /**
   * Checks before the build that the files can be written.
   *
   * @throws {UsageError} If one can't be written, or the output has no image
   * id.
   */
  static async open(
    parsed: ParsedWords,
    { outputs, alsoImage }: OutputPlan,
  ): Promise<ResultFiles> {
    const files = new ResultFiles(parsed);
    if (
      files.#idFile !== undefined &&
      outputs.length > 0 && !alsoImage &&
      outputs.every(({ type }) => type === "local" || type === "tar")
    ) {
      throw new UsageError(
        "local and tar exporters are incompatible with image ID file",
      );
    }
    for (const name of ["iidfile", "metadata-file"]) {
      const path = parsed.text(name);
      if (path !== undefined) await tryToWrite(name, path);
    }
    return files;
  }

  /**
   * Removes the file with the image id of an earlier build, which would be
   * wrong if the next build fails.
   */
  async clear(): Promise<void> {
    const id = this.#idFile;
    if (id !== undefined && await isFile(id)) await Deno.remove(id);
  }

  /** The paths of the files. */
  get paths(): string[] {
    return [this.#idFile, this.#metadataFile].filter((path) =>
      path !== undefined
    );
  }

  /**
   * Writes the files, as buildx does.
   *
   * @param docker The engine; undefined for a daemon, whose builds tell all.
   * @param pushed The digest that the image got in its registry, if it was
   * pushed after the build.
   * @param node The builder and its node, as buildx names them; those of an
   * engine unless given.
   */
  async write(
    docker: DockerClient | undefined,
    result: BuildResult,
    pushed: string | undefined,
    signal: AbortSignal,
    node?: string,
  ): Promise<void> {
    if (this.#idFile !== undefined) {
      await Deno.writeTextFile(this.#idFile, result.imageId);
    }
    if (this.#metadataFile === undefined) return;
    const metadata = await this.#metadata(
      docker,
      result,
      pushed,
      signal,
      node,
    );
    await Deno.writeTextFile(
      this.#metadataFile,
      `${JSON.stringify(metadata, null, 2)}\n`,
    );
  }

  async #metadata(
    docker: DockerClient | undefined,
    result: BuildResult,
    pushed: string | undefined,
    signal: AbortSignal,
    node: string | undefined,
  ): Promise<Record<string, unknown>> {
    const solved = solvedOf(result);
    if (solved === undefined) {
      if (docker === undefined) return {};
      const { buildMetadata } = await loadModule<
        typeof import("./metadata.ts")
      >("./metadata.ts");
      return await buildMetadata(docker, result, pushed, signal);
    }
    const { builderName, solveMetadata } = await loadModule<
      typeof import("./solve_metadata.ts")
    >("./solve_metadata.ts");
    const name = node ?? await builderName(this.#parsed);
    const builder = node ?? `${name}/${name}`;
    return await solveMetadata(result, solved, { builder, pushed }, signal);
  }
}

/**
 * Tries whether a file can be written, and leaves everything as it was: a file
 * keeps its content, and a missing one is removed again.
 */
export async function tryToWrite(flag: string, path: string): Promise<void> {
  const refuse = (why: string) =>
    new UsageError(`--${flag} can't be written: ${why}`);
  const info = await Deno.stat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw refuse(messageOf(error));
  });
  if (info?.isDirectory || path.endsWith("/")) {
    throw refuse(`${JSON.stringify(path)} is a folder`);
  }
  // A device or a FIFO is not opened: that may wait for another process.
  if (info !== undefined && !info.isFile) return;
  try {
    (await Deno.open(path, { write: true, create: true })).close();
    // A link to a file that is not there yet stays.
    if (info === undefined) await Deno.remove(await Deno.realPath(path));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw refuse(messageOf(error));
    }
    throw refuse(`there is no folder for ${JSON.stringify(path)}`);
  }
}

async function isFile(path: string): Promise<boolean> {
  const info = await Deno.stat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  return info?.isFile === true;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

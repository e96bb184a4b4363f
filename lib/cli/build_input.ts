import { isRemote } from "../imagebuild/context/given_path.ts";
import type { BuildContext } from "../imagebuild/context/source.ts";
import type { ImageBuildOptions } from "../imagebuild/options.ts";
import { UsageError } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";
import { loadModule } from "./load_module.ts";

/** The input of a build. */
export interface BuildInput {
  /** The context. */
  readonly context: BuildContext;
  /**
   * The option `dockerfile`, where the context is a tar or is fetched by the
   * engine.
   */
  readonly dockerfile?: string;
}

/**
 * Reads the build's argument (PATH, URL or `-`) and `--file`.
 *
 * @param signal Ends the reading of standard input.
 * @throws {UsageError} If there is no such folder, or standard input would be
 * read twice.
 */
export async function buildInput(
  word: string,
  parsed: ParsedWords,
  signal: AbortSignal,
): Promise<BuildInput> {
  const file = parsed.text("file");
  await checkStdin(word, file, parsed);
  if (word === "-") return await stdinInput(file, signal);
  if (file !== undefined && /^https?:\/\//i.test(file)) {
    throw new UsageError(
      "--file can't be a URL: an engine's /build fetches no Dockerfile beside a context; fetch it, and give it as --file -",
    );
  }
  const named = file === undefined ? {} : { dockerfile: file };
  if (isRemote(word)) {
    if (file === "-") {
      throw new UsageError(
        "--file - is not for a URL: the engine takes the Dockerfile from there",
      );
    }
    return { context: word, ...named };
  }
  await checkFolder(word);
  if (file === "-") {
    const { readStdin } = await loadModule<
      typeof import("./standard_input.ts")
    >("./standard_input.ts");
    return { context: { context: word, dockerfile: readStdin(signal) } };
  }
  const dockerfile = await findDockerfile(word, file);
  return {
    context: dockerfile === undefined ? word : { context: word, dockerfile },
  };
}

/**
 * Refuses a command line that needs standard input more than once: it can be
 * read only once.
 */
async function checkStdin(
  word: string,
  file: string | undefined,
  parsed: ParsedWords,
): Promise<void> {
  const secrets = await countSecrets(parsed.list("secret"));
  const readers = [
    word === "-" ? "the context" : "",
    file === "-" ? "--file" : "",
    ...Array<string>(secrets).fill("--secret"),
  ].filter(Boolean);
  if (readers.length > 1) {
    throw new UsageError(
      secrets > 1
        ? "standard input can't be several of --secret"
        : `standard input can't be both ${readers.join(" and ")}`,
    );
  }
}

/** How many of the secrets come from standard input. */
async function countSecrets(words: readonly string[]): Promise<number> {
  if (words.length === 0) return 0;
  const { countStdin } = await loadModule<typeof import("./secret_flag.ts")>(
    "./secret_flag.ts",
  );
  return countStdin(words);
}

async function checkFolder(path: string): Promise<void> {
  let info;
  try {
    info = await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UsageError(
      `unable to prepare context: path ${JSON.stringify(path)} not found`,
    );
  }
  if (!info.isDirectory) {
    throw new UsageError(
      `unable to prepare context: ${
        JSON.stringify(path)
      } is not a folder; a tar is given as - on standard input`,
    );
  }
}

/**
 * The path of the Dockerfile that `--file` names; undefined without `--file`. A
 * missing file is refused here because the engine's error would not mention the
 * flag.
 */
async function findDockerfile(
  folder: string,
  file: string | undefined,
): Promise<string | undefined> {
  const path = file ?? `${folder}/Dockerfile`;
  if (await isThere(path)) return file;
  // Docker also takes the name with a small first letter.
  const lower = path.replace(/(^|\/)Dockerfile$/, "$1dockerfile");
  if (lower !== path && await isThere(lower)) {
    return file === undefined ? undefined : lower;
  }
  throw new UsageError(
    `failed to read dockerfile: no file ${
      JSON.stringify(path)
    }; --file names another one`,
  );
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return false;
  }
}

/**
 * Reads a tar (compressed or not), or a Dockerfile alone, from standard input.
 */
async function stdinInput(
  file: string | undefined,
  signal: AbortSignal,
): Promise<BuildInput> {
  const { sortStdin } = await loadModule<typeof import("./standard_input.ts")>(
    "./standard_input.ts",
  );
  const { kind, stream } = await sortStdin(signal);
  if (kind === "tar") {
    return {
      context: stream,
      ...(file === undefined ? {} : { dockerfile: file }),
    };
  }
  if (file !== undefined) {
    throw new UsageError(
      "standard input is a Dockerfile, and --file names another one",
    );
  }
  return { context: { dockerfile: stream } };
}

/** The options that the input of a build gives. */
export function optionsOf(
  { dockerfile }: BuildInput,
): Pick<ImageBuildOptions, "dockerfile"> {
  return dockerfile === undefined ? {} : { dockerfile };
}

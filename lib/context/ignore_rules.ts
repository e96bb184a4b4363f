import { ContextFilter } from "./filter.ts";
import type { KnownFile } from "./known_file.ts";
import type { MemoryFiles } from "./memory_files.ts";
import { readInside, readKnown } from "./read_inside.ts";

/**
 * The rules that leave parts of a folder out of the context: those of its
 * ignore file, or of the caller.
 */
export interface IgnoreRules {
  /** Decides which paths remain. */
  readonly filter: ContextFilter;
  /** Path of the ignore file in the folder; undefined if there is none. */
  readonly file: string | undefined;
  /** Content of the ignore file; empty if there is none. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const NOTHING = new Uint8Array(0);

const ADVICE =
  "make it readable, or give the patterns in the option ignore of a context";

/**
 * Checks that an engine can read the `.dockerignore` of a folder: it would wait
 * for a FIFO for ever.
 *
 * @returns The file, for an engine that asks for it; undefined if there is none.
 * @throws {ContextError} If the file can't be read.
 */
export async function checkIgnoreFile(
  root: string | undefined,
  files?: MemoryFiles,
): Promise<KnownFile | undefined> {
  return await readKnown(root, ".dockerignore", ADVICE, files);
}

/**
 * Finds the ignore file of a folder: `<Dockerfile>.dockerignore`, or else
 * `.dockerignore`. A link that leads out of the folder does not count as one.
 *
 * @param dockerfile Path of the Dockerfile in the folder; undefined for a folder
 * without one, such as a context by name.
 * @param files Files in memory that lie over the folder.
 * @throws {ContextError} If the file can't be read, or a pattern is malformed.
 */
export async function findIgnoreRules(
  root: string | undefined,
  dockerfile: string | undefined,
  files?: MemoryFiles,
): Promise<IgnoreRules> {
  const own = dockerfile === undefined ? [] : [`${dockerfile}.dockerignore`];
  for (const file of [...own, ".dockerignore"]) {
    const bytes = await readInside(root, file, ADVICE, files);
    if (bytes === undefined) continue;
    const { parseIgnoreFile } = await import("./ignore_file.ts");
    return {
      file,
      bytes,
      filter: new ContextFilter({ exclude: parseIgnoreFile(bytes) }),
    };
  }
  return { file: undefined, filter: new ContextFilter(), bytes: NOTHING };
}

import { ContextFilter } from "./filter.ts";
import { parseIgnoreFile } from "./ignore_file.ts";
import type { MemoryFiles } from "./memory_files.ts";
import { readInside } from "./read_inside.ts";

/** What a folder's ignore file, or the caller, leaves out of it. */
export interface IgnoreRules {
  /** What is left. */
  readonly filter: ContextFilter;
  /** Path of the ignore file in the folder; undefined if there is none. */
  readonly file: string | undefined;
  /** What is in it; empty if there is none. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const NOTHING = new Uint8Array(0);

const ADVICE =
  "make it readable, or give the patterns in the option ignore of a context";

/**
 * Finds the rules of a folder: `<Dockerfile>.dockerignore`, else
 * `.dockerignore`, else none. One that is a link out of the folder is none.
 *
 * @param dockerfile Path of the Dockerfile in the folder.
 * @param files What lies over the folder.
 * @throws {ContextError} If the file can't be read, or a pattern is malformed.
 */
export async function findIgnoreRules(
  root: string | undefined,
  dockerfile: string,
  files?: MemoryFiles,
): Promise<IgnoreRules> {
  for (const file of [`${dockerfile}.dockerignore`, ".dockerignore"]) {
    const bytes = await readInside(root, file, ADVICE, files);
    if (bytes === undefined) continue;
    return {
      file,
      bytes,
      filter: new ContextFilter({ exclude: parseIgnoreFile(bytes) }),
    };
  }
  return { file: undefined, filter: new ContextFilter(), bytes: NOTHING };
}

import { ContextFilter } from "./filter.ts";
import { parseIgnoreFile } from "./ignore_file.ts";
import { unreadable } from "./walk.ts";

/** What a folder's ignore file, or the caller, leaves out of it. */
export interface IgnoreRules {
  /** What is left. */
  readonly filter: ContextFilter;
  /** Path of the ignore file in the folder; undefined if there is none. */
  readonly file: string | undefined;
}

/**
 * Finds the rules of a folder: `<Dockerfile>.dockerignore`, else
 * `.dockerignore`, else none.
 *
 * @param dockerfile Path of the Dockerfile in the folder.
 * @throws {ContextError} If the file can't be read, or a pattern is malformed.
 */
export async function findIgnoreRules(
  root: string,
  dockerfile: string,
): Promise<IgnoreRules> {
  for (const file of [`${dockerfile}.dockerignore`, ".dockerignore"]) {
    let bytes: Uint8Array;
    try {
      bytes = await Deno.readFile(`${root}/${file}`);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      throw unreadable(`${root}/${file}`, error);
    }
    return {
      file,
      filter: new ContextFilter({ exclude: parseIgnoreFile(bytes) }),
    };
  }
  return { file: undefined, filter: new ContextFilter() };
}

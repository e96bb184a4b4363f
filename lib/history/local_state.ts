// What buildx writes down of each build that it starts: the engine is not told
// where a local context lies.

import { withoutLogins } from "./without_keys.ts";

/** What buildx knows of a build of its own. */
export interface LocalState {
  /** The context: a folder, a URL, or `-`. */
  readonly context: string;
  /** The Dockerfile: a file, or `-`; empty if it did not say. */
  readonly dockerfile: string;
  /** The whole content of the file, for an export. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/**
 * Finds what buildx has written of a build, in `refs/BUILDER/NODE/REF` of its
 * folder (buildx, `localstate`). Refs are random, so the builder need not be
 * known.
 *
 * @returns Undefined if it has written nothing, or nothing that can be read.
 */
export async function readLocalState(
  folder: string,
  ref: string,
): Promise<LocalState | undefined> {
  if (!/^\w+$/.test(ref)) return undefined;
  try {
    for await (const builder of Deno.readDir(`${folder}/refs`)) {
      // Groups have a folder of this name beside those of the builders.
      if (!builder.isDirectory || builder.name === "__group__") continue;
      const path = `${folder}/refs/${builder.name}`;
      for await (const node of Deno.readDir(path)) {
        const state = await stateAt(`${path}/${node.name}/${ref}`);
        if (state !== undefined) return state;
      }
    }
  } catch (error) {
    if (!isUnreadable(error)) throw error;
  }
  return undefined;
}

async function stateAt(path: string): Promise<LocalState | undefined> {
  try {
    const raw = JSON.parse(withoutLogins(await Deno.readTextFile(path)));
    const text = (name: string) =>
      typeof raw?.[name] === "string" ? raw[name] as string : "";
    return {
      context: text("LocalPath"),
      dockerfile: text("DockerfilePath"),
      raw,
    };
  } catch (error) {
    if (error instanceof SyntaxError || isUnreadable(error)) return undefined;
    throw error;
  }
}

/** Whether a file is not there, or is not for this program. */
function isUnreadable(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotCapable;
}

// A folder as it goes where there is no session: which files are in the tar.

// @ts-types="../../std/hex.d.ts"
import { encodeHex } from "@std/encoding/hex";
import { ContextFilter } from "../../context/filter.ts";
import { parseIgnoreFile } from "../../context/ignore_file.ts";
import {
  findIgnoreRules,
  type IgnoreRules,
} from "../../context/ignore_rules.ts";
import type { TarContents } from "../../context/tar_stream.ts";
import type { MemoryFiles } from "../../context/memory_files.ts";

/** What is known of a folder that was looked at. */
export interface FolderParts {
  /** Its real path; undefined for none. */
  readonly root: string | undefined;
  /** Files that lie over it, or stand alone; undefined for none. */
  readonly memory: MemoryFiles | undefined;
  /** The Dockerfile's name; the one that an engine asks for. */
  readonly dockerfile: string;
  /** The Dockerfile's bytes, and those of an ignore file of its own, by name. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  /** Whether the Dockerfile lies in the folder, under its name. */
  readonly inside: boolean;
  /** Patterns in the place of the ignore files. */
  readonly ignore: readonly string[] | undefined;
}

/** A folder as it goes where there is no session. */
export interface FolderTar {
  /** Path of the Dockerfile in the tar. */
  readonly name: string;
  /** What is in the tar. */
  readonly contents: TarContents;
}

/**
 * Decides what is in the tar of a folder: what docker's own client puts there
 * without BuildKit. The Dockerfile and the ignore file go with it, ignored or
 * not, since the builder looks for them; a Dockerfile from elsewhere goes under
 * a name of its own, which the ignore file keeps out of the image where the
 * builder is the classic one.
 *
 * @throws {ContextError} If an ignore file can't be read, or a pattern is malformed.
 */
export async function folderTar(folder: FolderParts): Promise<FolderTar> {
  const { root, inside, memory, ignore, dockerfile: name } = folder;
  if (root === undefined && memory === undefined) {
    const files = new Map([[name, folder.files.get(name)!]]);
    const filter = new ContextFilter();
    return { name, contents: { root, filter, files } };
  }
  const { filter, file, bytes: rules } = await rulesOf(folder);
  // They have no say, and a builder that reads them must not think otherwise.
  const without = ignore === undefined
    ? []
    : [".dockerignore", `${name}.dockerignore`];
  if (inside) {
    const first = file === undefined ? [name] : [name, file];
    return { name, contents: { root, filter, memory, first, without } };
  }
  const bytes = folder.files.get(name)!;
  // Named by its content, so that the builder's cache knows the same one again.
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  const own = `.dockerfile.${encodeHex(digest).slice(0, 16)}`;
  const before = file === undefined
    ? ".dockerignore"
    : new TextDecoder().decode(rules);
  const files = new Map([
    [own, bytes],
    [".dockerignore", new TextEncoder().encode(`${before}\n${own}\n`)],
  ]);
  const contents = { root, filter, memory, files, without };
  return { name: own, contents };
}

/**
 * What is left out of a folder.
 *
 * @throws {ContextError} If an ignore file can't be read, or a pattern is malformed.
 */
export async function rulesOf(folder: FolderParts): Promise<IgnoreRules> {
  const { root, memory, ignore, inside, dockerfile: name } = folder;
  if (ignore === undefined && inside) {
    return await findIgnoreRules(root, name, memory);
  }
  const own = [...folder.files].find(([path]) =>
    path.endsWith(".dockerignore")
  );
  if (own === undefined) return await findIgnoreRules(root, name, memory);
  const filter = new ContextFilter({ exclude: parseIgnoreFile(own[1]) });
  return { filter, file: undefined, bytes: own[1] };
}

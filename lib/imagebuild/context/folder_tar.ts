// @ts-types="../../std/hex.d.ts"
import { encodeHex } from "@std/encoding/hex";
import { ContextFilter } from "../../context/filter.ts";
import { parseIgnoreFile } from "../../context/ignore_file.ts";
import {
  findIgnoreRules,
  type IgnoreRules,
} from "../../context/ignore_rules.ts";
import type { TarContents } from "../../context/tar_stream.ts";
import type { BuildFolder } from "./folder.ts";

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
 * @param ignore Patterns in the place of the ignore files.
 * @throws {ContextError} If an ignore file can't be read, or a pattern is malformed.
 */
export async function folderTar(
  folder: BuildFolder,
  ignore: readonly string[] | undefined,
): Promise<FolderTar> {
  const { inside, memory } = folder;
  const root = folder.root?.path;
  const { name } = folder.dockerfile;
  if (root === undefined && memory === undefined) {
    const files = new Map([[name, folder.files.get(name)!]]);
    const filter = new ContextFilter();
    return { name, contents: { root, filter, files } };
  }
  const { filter, file, bytes: rules } = await rulesOf(folder, ignore);
  const without = [...folder.without];
  // They have no say, and a builder that reads them must not think otherwise.
  if (ignore !== undefined) {
    without.push(".dockerignore", `${name}.dockerignore`);
  }
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
export async function rulesOf(
  folder: BuildFolder,
  ignore: readonly string[] | undefined,
): Promise<IgnoreRules> {
  const { memory } = folder;
  const root = folder.root?.path;
  const { name } = folder.dockerfile;
  if (ignore === undefined && folder.inside) {
    return await findIgnoreRules(root, name, memory);
  }
  const own = [...folder.files].find(([path]) =>
    path.endsWith(".dockerignore")
  );
  if (own === undefined) return await findIgnoreRules(root, name, memory);
  const filter = new ContextFilter({ exclude: parseIgnoreFile(own[1]) });
  return { filter, file: undefined, bytes: own[1] };
}

// Turns what a build is made from into a context that can be sent.

import { ContextFilter } from "../../context/filter.ts";
import { checkIgnoreFile } from "../../context/ignore_rules.ts";
import { findRoot } from "../../context/root.ts";
import { FolderLocal } from "../../fsutil/folder_local.ts";
import type { Local } from "../../fsutil/local.ts";
import { MemoryLocal } from "../../fsutil/memory_local.ts";
import { readDockerfile } from "./dockerfile.ts";
import { FolderOffer } from "./folder_offer.ts";
import type { Offer } from "./offer.ts";
import type { Source } from "./source.ts";

/**
 * Opens a source: finds its folder and reads its Dockerfile.
 *
 * @param dockerfile Path of the Dockerfile in a folder, if the option names it.
 * @param signal Stops the reading of a Dockerfile that comes as a stream; of
 * files, none is begun behind it.
 * @throws {ContextError} If a folder or its Dockerfile can't be read.
 * @throws {TypeError} If two Dockerfiles are named, or one outside of the
 * folder.
 */
export async function openOffer(
  source: Source,
  dockerfile?: string,
  signal?: AbortSignal,
): Promise<Offer> {
  if (source.kind !== "folder") {
    return {
      dockerfile: undefined,
      root: undefined,
      sharedKey: undefined,
      locals: undefined,
      tar: () =>
        Promise.resolve(source.kind === "tar" ? { body: source.stream } : {}),
      filter: () => Promise.resolve(new ContextFilter()),
      find: () => Promise.resolve(undefined),
    };
  }
  const root = source.path === undefined
    ? undefined
    : await findRoot(source.path);
  const memory = source.files &&
    await (await import("./memory_files.ts")).memoryFiles(source.files);
  const files = await readDockerfile(
    source,
    dockerfile,
    root?.path,
    memory,
    signal,
  );
  signal?.throwIfAborted();
  // The ignore file that comes with the Dockerfile takes its place.
  const rules = files.size === 1
    ? await checkIgnoreFile(root?.path, memory)
    : undefined;
  const locals = new Map<string, Local>([
    ["context", new FolderLocal(root?.path, memory, rules)],
    ["dockerfile", await MemoryLocal.of(files)],
  ]);
  return new FolderOffer(source, root, memory, files, locals);
}

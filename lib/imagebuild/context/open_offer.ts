// From what a build is made to what an engine is offered of it.

import { ContextFilter } from "../../context/filter.ts";
import { type MemoryFile, MemoryFiles } from "../../context/memory_files.ts";
import { findRoot } from "../../context/root.ts";
import { FolderLocal } from "../../fsutil/folder_local.ts";
import type { Local } from "../../fsutil/local.ts";
import { MemoryLocal } from "../../fsutil/memory_local.ts";
import { readDockerfile } from "./dockerfile.ts";
import { FolderOffer } from "./folder_offer.ts";
import type { GivenFile } from "./given_files.ts";
import type { Offer } from "./offer.ts";
import type { Source } from "./source.ts";

/**
 * Looks at what a build is made from.
 *
 * @param dockerfile Path of the Dockerfile in a folder, if it is named.
 * @param signal Gives up a Dockerfile that comes as a stream.
 * @throws {ContextError} If a folder or its Dockerfile can't be read.
 * @throws {TypeError} If two Dockerfiles are named, or one that is not inside.
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
  const memory = source.files && await memoryFiles(source.files);
  const files = await readDockerfile(
    source,
    dockerfile,
    root?.path,
    memory,
    signal,
  );
  const locals = new Map<string, Local>([
    ["context", new FolderLocal(root?.path, memory)],
    ["dockerfile", await MemoryLocal.of(files)],
  ]);
  return new FolderOffer(source, root, memory, files, locals);
}

/** Files in memory, their blobs read. */
async function memoryFiles(
  given: ReadonlyMap<string, GivenFile>,
): Promise<MemoryFiles> {
  const files = new Map<string, MemoryFile>();
  for (const [path, { content, mode, mtimeMs }] of given) {
    const bytes = content instanceof Blob
      ? new Uint8Array(await content.arrayBuffer())
      : content;
    files.set(path, { content: bytes, mode, mtimeMs });
  }
  return await MemoryFiles.of(files);
}

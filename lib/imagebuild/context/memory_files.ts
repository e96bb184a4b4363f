import { type MemoryFile, MemoryFiles } from "../../context/memory_files.ts";
import type { GivenFile } from "./given_files.ts";

/** Opens files that were given in memory: their blobs are read into bytes. */
export async function memoryFiles(
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
